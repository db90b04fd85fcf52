release "shop" {
  version = "1.0.0"
  backend = "s3"

  backend "s3" {
    bucket = "state"
    key    = var.nothing
  }

  backend "local" {
    path = "x"
  }

  cloud {
    organization = "acme"
  }
}
