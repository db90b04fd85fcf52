locals {
  mixed  = tolist([1, true])
  object = tomap({ a = 1, b = ["x"] })
  single = toset("a")
  truth  = tobool("yes")
  number = tonumber("1,5")
  text   = tostring(["a"])
  empty  = coalesce(null, "")
  size   = length(5)
}
