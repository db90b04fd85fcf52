locals {
  a = [for x of [1] : x]
  b = [for k, v inside() : v]
  c = {for k, v in {} : v}
  d = [for : 1]
  e = {for x in [] : x => x if}
}
