  blk{ 

  }
 h = <<-EOT
   text ${a}
  { x
  EOT
     a   =[for x in a::b(("s${ a.b["k"] }")):x.y if x>1]

  m = f(
  42,
  [for x in "s${a}"?f():a:x.y if x>1]
  )
