resource "git_tag" "app" {
  count    = 2
  for_each = { a = 1 }
  provider = "git.mirror"

  depends_on = ["git_tag.other", git_tag, 1]

  lifecycle {
    prevent_destory = true
    ignore_changes  = ["name"]
    on_failure      = "rolback"
    when            = "never"
  }

  lifecycle {
    create_before_destroy = "maybe"
  }

  provisioner "local-exec" {
    command = "echo"
  }
}

resource "var" "x" {}
