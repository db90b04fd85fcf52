output "a" {
  description = "No value."
}

output "b" {
  value = 1
  depends_on = "git_tag.app"
}

output "c" {
  value       = 1
  description = local.text
}

locals {
  text = "x"
}
