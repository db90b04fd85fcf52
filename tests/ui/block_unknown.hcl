resorce "git_tag" "app" {
  name = "v1"
}

banana {}

name = "shop"
