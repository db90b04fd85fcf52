bb = null # c
res "x" { // d
  m = f(
    { for k, v in [for x in f(a...) : x.y if x > 1] : k => v... },
    [for x in [for x in [null, each.key] : x.y if x > 1] : x.y if x > 1]
  )
  longname = [[!a, a["x"].y, [for x in var.x : x.y if x > 1]]] # c

}
