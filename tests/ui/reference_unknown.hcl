variable "environment" {}

locals {
  region = "eu"
  a      = var.enviroment
  b      = local.regoin
  c      = git_tag.aap.name
  d      = data.git_ref.main.commit
  e      = module.shop.url
  f      = git_ref.head.commit
  g      = vars.environment
}

resource "git_tag" "app" {}

data "git_ref" "head" {}
