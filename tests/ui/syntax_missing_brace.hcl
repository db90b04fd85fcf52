resource "git_tag" "app" {
  name = "v1"
  lifecycle {
    prevent_destroy = true

output "tag" {
  value = git_tag.app.name
}
