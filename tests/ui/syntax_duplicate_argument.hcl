locals {
  region = "eu"
  name   = "x"
  region = "us"
}
