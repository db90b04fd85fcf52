locals {
  a = var
  b = hello
  c = each.name
  d = data.git_ref
  e = release.verison
  f = path.here
  g = terraform.workspace
  h = module["x"]
  i = git_tag[0]
}
