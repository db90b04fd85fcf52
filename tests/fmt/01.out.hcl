m = f(
  [88, each.key / [null, null], { for k, v in [for x in 82 : x.y if x > 1] : k => v... }],
  [for x in { a = -a.b, (c) : 17 } : x.y if x > 1]
)

c_d = null /* e */
