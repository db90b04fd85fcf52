module "shop" {
  source = "./shop"
  nmae   = "x"
  extra  = 1

  providers = {
    git = git.mirror
  }
}

output "url" {
  value = "${module.shop.ulr} ${module.shop.nothing}"
}
