# Everything that could send a secret back: reports, servers, failing commands, folders that are not there.
release "shop" {
  version = "1.0.0"
}

variable "token" {
  type      = string
  sensitive = true
}

provider "fake" {
  token = var.token
}

resource "exec_test" "junit" {
  command     = ["sh", "report.sh"]
  junit       = "report.xml"
  environment = { TOKEN = var.token }
}

resource "http_smoke_test" "echo" {
  base_url         = "http://SERVER"
  headers          = { authorization = "Basic ${base64encode("user:${var.token}")}", x-key = var.token }
  deadline_seconds = 1

  step {
    name = "ask"
    path = "/${urlencode(var.token)}"
    body = jsonencode({ key = var.token })
  }
}

resource "exec_test" "argument" {
  command = ["echo", var.token]
}

resource "exec_test" "missing" {
  command           = ["true"]
  working_directory = "no/${var.token}"
}

resource "exec_test" "stdin" {
  command = ["sh", "-c", "cat; exit 1"]
  stdin   = var.token
}

resource "exec_deployment" "killed" {
  version     = "1"
  deploy      = ["sh", "-c", "echo $TOKEN >&2; kill -SEGV $$"]
  environment = { TOKEN = var.token }
}
