res "x" { // d
  h  = <<-EOT
   text ${a}
  { x
  EOT
  bb = f(a...) ? null : [for x in 88 : x.y if x > 1]
  a  = (a::b(26, ["s${a}", -a.b], [-a.b, null, "s${a.b["k"]}"]))
}

h = <<-EOT
   text ${a}
  { x
  EOT

