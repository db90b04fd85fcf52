locals {
  config = { a = 1 }
  value  = try(local.config.b, local.config["c"], tonumber("x"))
  check  = can(local.config.a, local.config.b)
  empty  = try()
}
