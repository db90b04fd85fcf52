# Made by `relplan init -from-blastoff` from the alias {{alias_comment}}: a hotfix of one repository at one commit.
#
#   relplan plan -var=repository=NAME -var=commit=SHA {{file}}

release {{product}} {
  version = {{version}}
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
  repository = "{{owner_text}}/${var.repository}"
  ref        = var.commit
}

resource "github_release" "hotfix" {
  repository     = data.github_ref.fix.repository
  tag            = "v${release.version}"
  ref            = data.github_ref.fix.commit
  generate_notes = true
}
