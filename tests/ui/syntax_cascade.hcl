resource "git_tag" "app {
  name = "v1"
  lifecycle {
    prevent_destroy = true
  }
}

locals {
  broken = (1 + 2
}

output "fine" {
  value = 1
}
