variable "name" {}

output "url" {
  value = var.name
}

resource "git_tag" "app" {
  provider = git.other
}
