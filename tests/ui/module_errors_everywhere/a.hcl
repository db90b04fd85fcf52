variable "x" {
  type = strin
}

module "child" {
  source = "./child"
}
