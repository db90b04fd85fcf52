c_d = a[0]
res "x" {
}
/* y */
blk {
  a  = [-1, "sx y", f(a...)] / null
  bb = { for k, v in 1 + a : k => v... }
}
a = [for x in {} : x.y if x > 1] # c
