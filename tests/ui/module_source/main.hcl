module "a" {
  source = "registry/module/x"
}

module "b" {
  source = "./nowhere"
}

module "c" {
}

module "d" {
  source  = "./empty"
  version = "1.0"
}

module "e" {
  source = var.where
}

module "f" {
  source = ["./x"]
  nested {}
}
