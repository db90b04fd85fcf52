  a = [33, !a, a::b(each.key,"sx y",[for x in null : x.y if x>1])]
 longname={for k,v in {"b"=null, (c)=a::b()}: k=>v...}
 res  "x" {# c
     blk{# c
     }
 }
   h = <<-EOT
   text ${a}
  { x
  EOT
