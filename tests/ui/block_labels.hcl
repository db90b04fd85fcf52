resource "git_tag" {
  name = "v1"
}

variable {
  type = string
}

output "a" "b" {
  value = 1
}

locals "x" {}

resource "git tag" "1st" {}

output "${var.name}" {
  value = 1
}
