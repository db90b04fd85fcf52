output "z" {
  vale = 1
}
