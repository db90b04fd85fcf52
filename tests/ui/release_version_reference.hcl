release "shop" {
  version = "${local.major}.0.0"
}

locals {
  major = 1
}
