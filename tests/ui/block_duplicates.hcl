variable "env" {}

resource "git_tag" "app" {}

locals {
  a = 1
}

variable "env" {}

resource "git_tag" "app" {}

locals {
  a = 2
}

output "x" {
  value = 1
}

output "x" {
  value = 2
}

provider "git" {}

provider "git" {}

data "git_ref" "app" {}

data "git_ref" "app" {}
