     m = f(
     {for k,v in "s${ a.b["k"] }": k=>v...} ? [for x in ("s${ a.b["k"] }") : x.y if x>1]:([for x in "s" : x.y if x>1]),
     f(a...)
     )
    bb = a::b([for x in 45:x.y if x>1],[[for x in null : x.y if x>1],"s${a}"?null:52])  // d
h = <<-EOT
   text ${a}
  { x
  EOT
     longname=null
