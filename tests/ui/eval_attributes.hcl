variable "regions" {
  default = {
    eu = { host = "eu.example.com", port = 443 }
    us = { host = "us.example.com", port = 8443 }
  }
}

locals {
  misspelt  = var.regions.eu.hots
  missing   = var.regions["asia"]
  of_a_list = values(var.regions).host
  of_a_text = var.regions.eu.host.name
  of_null   = one([]).name
}
