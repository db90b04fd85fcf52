  h = <<-EOT
   text ${a}
  { x
  EOT
     /* y */
   a   =(local.foo-bar)
   res  "x"{# c
h = <<-EOT
   text ${a}
  { x
  EOT
a   =null /* e */
   }
   c_d   =local.foo-bar /* e */
