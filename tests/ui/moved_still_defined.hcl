resource "git_tag" "old" {}

resource "git_tag" "new" {}

resource "git_tag" "many" {
  for_each = { a = 1 }
}

moved {
  from = git_tag.old
  to   = git_tag.new
}

moved {
  from = git_tag.many[0]
  to   = git_tag.many["a"]
}

removed {
  from = git_tag.new
}
