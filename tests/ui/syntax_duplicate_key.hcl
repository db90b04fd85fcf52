locals {
  tags = {
    a   = 1
    "a" = 2
  }
  more = merge({ b = 1, b = 2 }, {})
  deep = true ? { c = 1, c = 2 } : {}
}
