resource "git_tag" "a" {
  name = each.key
  ref  = count.index

  lifecycle {
    precondition {
      condition     = self.name != ""
      error_message = "Empty."
    }
  }
}

resource "git_tag" "b" {
  for_each = { x = each.key }
  name     = count.index
}

output "version" {
  value = release.version
}
