# One environment: a version deployed by the pipeline, and smoke tests of it.

variable "repository" { type = string }
variable "environment" { type = string }
variable "tag" { type = string }
variable "url" { type = string }

resource "github_workflow_deployment" "it" {
  repository  = var.repository
  workflow    = "deploy.yml"
  version     = release.version
  ref         = var.tag
  inputs      = { environment = var.environment, version = release.version }
  environment = var.environment
  version_url = "${var.url}/version"
}

resource "http_smoke_test" "it" {
  base_url   = var.url
  depends_on = [github_workflow_deployment.it]

  step {
    name                 = "version"
    path                 = "/version"
    expect_body_contains = release.version
  }

  lifecycle {
    on_failure = "rollback"
  }
}

output "run_url" {
  value      = github_workflow_deployment.it.run_url
  depends_on = [http_smoke_test.it]
}
