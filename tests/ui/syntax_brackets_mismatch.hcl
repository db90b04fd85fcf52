locals {
  list = [1, 2, 3
  call = upper("a"]
}
