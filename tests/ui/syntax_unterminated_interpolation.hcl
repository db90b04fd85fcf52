locals {
  name = "v${release.version"
  next = 1
}
