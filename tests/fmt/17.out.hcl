longname = f() # c
res "x" "y" {
  bb       = lower([for x in 95 : x.y if x > 1], 60, [for x in null : x.y if x > 1]) ? a[0] : f(a...) # c
  longname = lower(-a.b, { for k, v in 2 : k => v... } * "s${a.b["k"]}", 63 - 78)

}
c_d = 69 # c
