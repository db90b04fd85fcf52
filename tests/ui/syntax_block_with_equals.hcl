resource "git_tag" "app" = {
  name = "v1"
}
