release "shop" {
  version = "1.0.0"
}

module "child" {
  source = "./child"
}
