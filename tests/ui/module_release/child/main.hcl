release "child" {
  version = "1.0.0"
}
