locals {
  a = [1 2]
  b = [1,, 2]
  c = [for x in [1]]
  d = {for k, v in {} : k = v}
}
