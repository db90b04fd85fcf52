variable "services" {
  default = [{ name = "api", port = 80 }, { name = "web", port = 80 }]
}

locals {
  by_port    = { for service in var.services : service.port => service.name }
  of_text    = [for letter in "abc" : letter]
  of_null    = [for x in null : x]
  no_key     = { for service in var.services : null => service }
  bad_key    = { for service in var.services : service => 1 }
  bad_filter = [for service in var.services : service if service.name]
  bad_part   = [for service in var.services : service.prot]
}
