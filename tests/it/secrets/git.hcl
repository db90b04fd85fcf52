release "git" {
  version = "1.0.0"
}

variable "token" {
  type      = string
  sensitive = true
}

resource "git_tag" "it" {
  repository = "http://user:${var.token}@127.0.0.1:9/x.git"
  name       = "v1"
  ref        = "main"
}
