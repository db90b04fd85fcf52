check "empty" {}

moved {
  from = git_tag.a
  to   = exec_test.a
}

moved {
  from = "git_tag.a"
  to   = git_tag.b
}

moved {
  from = module.x
  to   = git_tag.b
}

moved {
  to = git_tag.b[0
}
