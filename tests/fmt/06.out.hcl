c_d = [for x in { a = -a.b } ? "s${a.b["k"]}" <= null : ("s${a.b["k"]}") : x.y if x > 1] /* e */
res "x" "y" {
  h = <<-EOT
   text ${a}
  { x
  EOT
}
// x
longname = a.b[*].c
