import {
  to = git_tag.app
  id = "v1"
}

resource "git_tag" "app" {}
