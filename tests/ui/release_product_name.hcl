release "../etc" {
  version = "1.0.0"
}
