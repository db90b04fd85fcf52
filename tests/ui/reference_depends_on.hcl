resource "git_tag" "a" {
  depends_on = [git_tag.bb, module.none]

  lifecycle {
    replace_triggered_by = [local.x, exec_test.gone]
  }
}

resource "git_tag" "b" {}

locals {
  x = 1
}
