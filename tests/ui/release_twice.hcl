release "shop" {
  version = "1.0.0"
}

release "shop" {
  version = "1.1.0"
}
