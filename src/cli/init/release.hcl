# Made by `relplan init -from-blastoff` from the alias {{alias_comment}}.
#
#   relplan plan {{file}}     shows what releasing will do; read it, and let others read it
#   relplan apply {{file}}    does it, and goes on where it was cut

release {{product}} {
  version = {{version}}
}

data "github_repositories" "all" {
  owner  = {{owner}}
  topics = [{{topic}}]
}

# Holds the release until every pull request since the last one is merged, reviewed and green.
resource "github_pull_requests" "merged" {
  repositories = data.github_repositories.all.full_names
  allow_none   = true
}

data "github_merged_pull_requests" "all" {
  repositories = data.github_repositories.all.full_names
}

resource "release_notes" "all" {
  changes    = data.github_merged_pull_requests.all.pull_requests
  depends_on = [github_pull_requests.merged]
}

resource "github_release" "all" {
  for_each   = data.github_repositories.all.full_names
  repository = each.key
  tag        = "v${release.version}"
  notes      = lookup(release_notes.all.by_repository, each.key, "No changes in this repository.")
  prerelease = {{prerelease}}
  depends_on = [github_pull_requests.merged]
}

output "notes" {
  value = release_notes.all.markdown
}
