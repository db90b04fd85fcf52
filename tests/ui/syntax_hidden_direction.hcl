resource "git_tag" "app" {
  # approved ‮ yb ton
  name = "v1"
}
