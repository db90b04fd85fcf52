locals {
  a = { 1, 2 }
  b = { x => 1 }
  c = { x = 1 y = 2 }
  d = { x = }
}
