locals {
  a = 'single'
  b = “curly”
  c = `back`
}
