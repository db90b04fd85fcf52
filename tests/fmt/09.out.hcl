
longname = [6 + [-a.b, "s${a.b["k"]}"]] # c
res "x" {                               # c
  h  = <<-EOT
   text ${a}
  { x
  EOT
  bb = f(f(54 ? 3 : !a, { for k, v in local.foo-bar : k => v... }), null, a.b[*].c) // d
}
