release "shop" {
  version          = "1.0.0"
  required_version = ">= 99.0, < 100.0"
}
