variable "name" {
  default = "shop"
}

locals {
  joined    = var.name + "-api"
  compared  = var.name > "a"
  negated   = !var.name
  anded     = true && length(var.name)
  of_null   = 1 + null
  two_wrong = [1] * {}
}
