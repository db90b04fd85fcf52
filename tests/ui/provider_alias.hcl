provider "git" {
  alias = "mirror"
}

provider "exec" {
  alias = "not a name"
}

resource "git_tag" "a" {
  provider = git.miror
}

resource "git_tag" "b" {
  provider = git.other["x"]
}
