# Release 1.1.0 of the quickstart's shop: what the release guide asks for, from the tag to the check of production.

release "shop" {
  version = "1.1.0"
}

variable "dev_url" {
  type        = string
  description = "Where the development environment answers"
}

variable "prod_url" {
  type        = string
  description = "Where production answers"
}

# A tag for the branch as it stands in the plan.
resource "git_tag" "app" {
  repository = "../app"
  name       = "v${release.version}"
  ref        = "release-1.1"
  message    = "Shop ${release.version}"
}

# A copy of the database that was restored once and compared, before anything is touched.
resource "sqlite_snapshot" "before" {
  database   = "../shop.sqlite"
  directory  = "../snapshots"
  verify     = "restore"
  depends_on = [git_tag.app]

  retain {
    count = 5
  }
}

resource "exec_deployment" "dev" {
  version    = release.version
  deploy     = ["../deploy.sh", "dev", release.version]
  observe    = ["../live.sh", "dev"]
  depends_on = [git_tag.app]
}

resource "http_smoke_test" "dev" {
  base_url         = var.dev_url
  deadline_seconds = 5
  depends_on       = [exec_deployment.dev]

  step {
    name        = "the service says which version it is"
    path        = "/version"
    expect_json = { "$.version" = release.version }
  }
}

# Production follows when development is well and the database is safe.
resource "exec_deployment" "prod" {
  version    = release.version
  deploy     = ["../deploy.sh", "prod", release.version]
  observe    = ["../live.sh", "prod"]
  depends_on = [http_smoke_test.dev, sqlite_snapshot.before]
}

# If production is not well, it is turned back to the last version that was.
resource "http_smoke_test" "prod" {
  base_url         = var.prod_url
  headers          = { accept = "application/json" }
  deadline_seconds = 3
  interval_seconds = 1
  depends_on       = [exec_deployment.prod]

  step {
    name = "the cart can be opened"
    path = "/cart"
    capture = {
      item = "$.items[0].id"
    }
  }

  lifecycle {
    on_failure = "rollback"
  }
}

output "commit" {
  value = git_tag.app.commit
}

output "snapshot" {
  value = sqlite_snapshot.before.manifest_sha256
}
