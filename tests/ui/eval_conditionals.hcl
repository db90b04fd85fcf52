variable "replicas" {
  default = 2
}

locals {
  number  = var.replicas ? "many" : "none"
  types   = var.replicas > 1 ? ["a"] : "a"
  shapes  = var.replicas > 1 ? { a = 1, b = [] } : {}
  nothing = null ? 1 : 2
}
