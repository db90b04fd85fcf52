locals {
  a = 1.
  b = 0x1f
  c = 12px
  d = 1e99999
  e = 1_000
}
