moved {
  from = git_tag.b
  to   = git_tag.b
}

moved {
  to = git_tag.b
}

removed {
  from = git_tag.c["x"]

  lifecycle {
    destroy = "later"
  }
}

removed {
  from = git_tag
}
