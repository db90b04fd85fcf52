release "shop" {
  version = '1.2.0'
}

variable "env" {
  type = string
  default = "dev
}

resource "git_tag" "app" {
  name = "v${var.env}" "x"
  ref == "main"
}

output "tag" {
  value = git_tag.app.
}
