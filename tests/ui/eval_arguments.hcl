variable "tags" {
  default = ["v1", null]
}

locals {
  missing  = substr("release", 1)
  too_many = upper("a", "b")
  none     = join()
  wrong    = upper(["a"])
  null     = upper(null)
  element  = join(", ", var.tags)
  several  = replace(["a"], null, {})
  expanded = max("1, 2"...)
  nested   = sum([1, "two"])
}
