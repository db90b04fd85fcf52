release "shop" {
  version = "1.2.0"
}

variable "exclude" {
  type    = list(string)
  default = []
}

data "github_repositories" "shop" {
  owner   = "acme"
  topics  = ["shop"]
  exclude = var.exclude
}

resource "github_pull_requests" "merged" {
  repositories = data.github_repositories.shop.full_names
}

resource "github_release" "shop" {
  for_each       = data.github_repositories.shop.full_names
  repository     = each.key
  tag            = "v${release.version}"
  generate_notes = true
  depends_on     = [github_pull_requests.merged]
}
