variable "x" {}

output "y" {
  value = 1 +
}
