res "x" "y" {
  # hello
  longname = { for k, v in null : k => v... } ? f(a...) : { (c) = "sx y" } ? !a ? null : null ? !a <= null : var.x ? -1 : -1 : { for k, v in 90 : k => v... }
  c_d      = ((67)) # c
  bb       = []     # c
}
