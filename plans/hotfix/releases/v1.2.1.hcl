# A hotfix of one repository at one commit. The other repositories of the topic are not touched:
#
#   relplan plan -var=repository=cart -var=commit=3f2a1c9 releases/v1.2.1.hcl

release "shop" {
  version = "1.2.1"
}

variable "owner" {
  default = "acme"
}

variable "repository" {
  description = "The repository that is mended, without its owner."
  type        = string
}

variable "commit" {
  description = "The commit to release: its first digits will do."
  type        = string
}

data "github_ref" "fix" {
  repository = "${var.owner}/${var.repository}"
  ref        = var.commit
}

resource "github_release" "hotfix" {
  repository = data.github_ref.fix.repository
  tag        = "v${release.version}"
  ref        = data.github_ref.fix.commit
  notes      = "Hotfix: ${data.github_ref.fix.title}"
}
