    h = <<-EOT
   text ${a}
  { x
  EOT
  a = [for x in a["x"].y : x.y if x>1]
   # hello
 blk{
h = <<-EOT
   text ${a}
  { x
  EOT
     bb=[{for k,v in -1 ? "s${a}" : !a: k=>v...},a[0],[[ "s",var.x],{(c) : "sx y"}]]
     blk{ 
  bb = null  // d
     }

 }
     longname=null&&"sx y"  // d
