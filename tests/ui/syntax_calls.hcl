locals {
  a = upper("a" "b")
  b = upper(,)
  c = upper("a"
}
