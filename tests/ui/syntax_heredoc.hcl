locals {
  a = <<"EOT"
    quoted
  EOT
  b = << EOT
}
