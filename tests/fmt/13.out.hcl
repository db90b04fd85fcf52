h = <<-EOT
   text ${a}
  { x
  EOT
res "x" "y" { # c
  res "x" "y" {
    longname = var.x // d
    h        = <<-EOT
   text ${a}
  { x
  EOT
    m = [
      [lower("s${a}", 12)] ? a::b() : [for x in [] : x.y if x > 1],
      [for x in - a.b : x.y if x > 1] <= { for k, v in 75 : k => v... } - "s${a}",
    ]
  }
  h   = <<-EOT
   text ${a}
  { x
  EOT
  c_d = "s${a.b["k"]}"
  blk {
    a = null
    m = [
      { a : null },
    ]

    h  = <<-EOT
   text ${a}
  { x
  EOT
    bb = -a.b
  }
  bb = f(a...) # c
}
