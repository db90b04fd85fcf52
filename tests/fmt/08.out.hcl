res "x" {
  blk { # c
    h = <<-EOT
   text ${a}
  { x
  EOT
  }
  /* y */
}
m = f(
  null ? { for k, v in null : k => v... } : "sx y" - 5 && [for x in [for x in 12 : x.y if x > 1] : x.y if x > 1],
  89
)

longname = { for k, v in 28 : k => v... }
