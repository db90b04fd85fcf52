# The company's release, as its guide tells it: docs/github.md goes through it step by step.

release "shop" {
  version = "1.2.0"
}

variable "owner" {
  description = "The organisation on GitHub."
  default     = "acme"
}

variable "environments" {
  description = "Where each environment answers."
  type        = map(string)
  default     = { dev = "https://dev.shop.example", production = "https://shop.example" }
}

variable "database_url" {
  description = "Production's database: RELPLAN_VAR_database_url, a secret of the pipeline."
  type        = string
  sensitive   = true
}

variable "backups" {
  description = "The bucket of the snapshots, the public key of those who may read them, and the file of one private key."
  type        = object({ bucket = string, key = string, identity_file = string })
}

# 1. Pull requests merged and reviewed, release notes read.

data "github_repositories" "shop" {
  owner  = var.owner
  topics = ["shop"]
}

resource "github_pull_requests" "merged" {
  repositories = data.github_repositories.shop.full_names
  approvals    = 1
}

data "github_merged_pull_requests" "shop" {
  repositories = data.github_repositories.shop.full_names
}

resource "release_notes" "shop" {
  changes         = data.github_merged_pull_requests.shop.pull_requests
  exclude_authors = ["dependabot", "renovate"]
  depends_on      = [github_pull_requests.merged]
}

# 2. One tag and release in every repository of the topic, each with its own notes; archived ones are left out.

resource "github_release" "shop" {
  for_each   = data.github_repositories.shop.full_names
  repository = each.key
  tag        = "v${release.version}"
  message    = "Shop ${release.version}"
  notes      = lookup(release_notes.shop.by_repository, each.key, "No changes in this repository.")
  depends_on = [github_pull_requests.merged]
}

# 3. Production's database: encrypted, in a bucket, restored once and compared before production is touched.

resource "postgres_snapshot" "production" {
  url           = var.database_url
  bucket        = var.backups.bucket
  encrypt_to    = [var.backups.key]
  identity_file = var.backups.identity_file
  verify        = "restore"
  depends_on    = [github_pull_requests.merged]

  retain {
    count   = 10
    monthly = 12
  }
}

# 4 and 5. Dev: deployed through the pipeline, and tested.

module "dev" {
  source      = "../modules/environment"
  repository  = "${var.owner}/shop"
  environment = "dev"
  tag         = github_release.shop["${var.owner}/shop"].tag
  url         = var.environments["dev"]
}

# 6 and 7. Production: only what was tested in dev, watched, and turned back when its tests fail.

module "production" {
  source      = "../modules/environment"
  repository  = "${var.owner}/shop"
  environment = "production"
  tag         = github_release.shop["${var.owner}/shop"].tag
  url         = var.environments["production"]
  depends_on  = [module.dev, postgres_snapshot.production]
}

resource "github_commit_status" "live" {
  for_each    = github_release.shop
  repository  = each.value.repository
  commit      = each.value.commit
  context     = "release"
  description = "Live in production as ${release.version}"
  target_url  = module.production.run_url
}

# Afterwards.

resource "github_issue" "retrospective" {
  repository = "${var.owner}/shop"
  title      = "Retrospective of ${release.version}"
  labels     = ["retrospective"]
  body       = <<-EOT
    ${data.github_merged_pull_requests.shop.total} pull requests by ${join(", ", data.github_merged_pull_requests.shop.authors)}.

    - Snapshot: ${postgres_snapshot.production.snapshot}, restored and compared in ${postgres_snapshot.production.verified_ms} ms
    - Dev: ${module.dev.run_url}
    - Production: ${module.production.run_url}

    What went well, what did not, and what do we change in ${release.name}'s next release?
  EOT
}

resource "github_issue" "documentation" {
  repository = "${var.owner}/shop"
  title      = "Documentation of ${release.version}"
  labels     = ["documentation"]
  body       = release_notes.shop.markdown
  depends_on = [module.production]
}
