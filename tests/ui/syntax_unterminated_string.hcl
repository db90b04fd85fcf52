resource "git_tag" "app" {
  name = "v1.2.0
  ref  = "main"
}

output "tag" {
  value = git_tag.app.name
}
