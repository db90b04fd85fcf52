resource "git_tag" "app" {
  lifecycle {
    prevent_destroy = true
  name = "v1"
}
