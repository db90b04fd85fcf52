longname = a // d
h        = <<-EOT
   text ${a}
  { x
  EOT
bb       = { for k, v in { for k, v in "s${a.b["k"]}" : k => v... } : k => v... } // d
a        = -1
m = f(
  75,
  a[1] - [] - [for x in 83 : x.y if x > 1]
)
