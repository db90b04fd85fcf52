locals {
  a = 1 /* the rest
}
