locals {
  a = true and false
  b = 1 & 2
  c = 1 = 2
  d = 5 +
  e = * 3
  f = 1 2
  g = x ? y
  h = not true
}
