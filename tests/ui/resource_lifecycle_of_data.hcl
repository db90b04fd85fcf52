data "git_ref" "main" {
  lifecycle {
    prevent_destroy = true

    postcondition {
      condition = self.commit != ""
    }
  }
}
