locals {
  a = 1 +
    2
  b = true
    ? 1 : 2
}
