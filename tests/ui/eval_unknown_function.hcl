locals {
  misspelt = uper("a")
  nearly   = jsonencod({ a = upcase("x") })
  other    = frobnicate(1, 2)
}
