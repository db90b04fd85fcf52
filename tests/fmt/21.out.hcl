
res "x" { # c
  h        = <<-EOT
   text ${a}
  { x
  EOT
  longname = { for k, v in ["sx y", (null)] : k => v... } // d
  res "x" {                                               # c
    longname = -1
    m = {
    }
  }
  bb = var.x
  blk {
    c_d = (null) # c
    m = f(
      -1 ? null : { for k, v in [for x in "s${a.b["k"]}" : x.y if x > 1] : k => v... },
      "s"
    )
    h = <<-EOT
   text ${a}
  { x
  EOT
  }
}
res "x" "y" {
  // x
  bb = 49
  /* y */

  /* y */
}

h = <<-EOT
   text ${a}
  { x
  EOT
