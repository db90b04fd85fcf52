variable "token" {
  default   = "hunter2"
  sensitive = true
}

locals {
  sum    = var.token + 1
  number = tonumber(var.token)
  key    = { a = 1 }[var.token]
  loop   = [for part in [var.token] : part.name]
  parsed = semver_parse("v${var.token}")
}
