locals {
  rows  = range(1000)
  cubes = [for a in local.rows : [for b in local.rows : [for c in local.rows : 1 if false]]]
  pairs = setproduct(local.rows, local.rows)
  wide  = indent(1000000000, "a\nb")
}
