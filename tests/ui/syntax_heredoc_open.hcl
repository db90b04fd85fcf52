locals {
  a = <<EOT
text
  EOT here
}
