  res  "x" { # c
 blk {
     h = <<-EOT
   text ${a}
  { x
  EOT
m = f(
null,
{for k,v in a.b[*].c: k=>v...}
)
 }
// x
  }
    a   =f() *local.foo-bar  // d
   c_d="s"
