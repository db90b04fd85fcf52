release "shop" {
  verison          = "1.0.0"
  required_version = "latest"

  required_providers {
    git = "1.0"
  }

  backend {
    path = "x"
  }
}
