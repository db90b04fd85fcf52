release "shop" {
  version = "1.0.0"
}

variable "token" {
  type      = string
  sensitive = true
}

resource "fake_record" "note" {
  value = { text = "token is ${var.token}", (var.token) = 1 }
  echo  = var.token
}

resource "exec_deployment" "prod" {
  version     = "1"
  deploy      = ["sh", "-c", "echo deploying with $TOKEN; printf %s $TOKEN | base64; printf %s $TOKEN | od -An -tx1 | tr -d ' \n'"]
  environment = { TOKEN = var.token }
  depends_on  = [fake_record.note]
}

resource "exec_test" "failing" {
  command     = ["sh", "-c", "echo wrong: $TOKEN >&2; exit 1"]
  environment = { TOKEN = var.token }
  depends_on  = [exec_deployment.prod]
}

resource "http_smoke_test" "refused" {
  base_url = "http://127.0.0.1:1"
  deadline_seconds = 1
  headers  = { authorization = "Bearer ${var.token}" }

  step {
    name = "ask"
    path = "/?key=${var.token}"
    body = var.token
  }
}

resource "fake_deployment" "refusing" {
  version = "1"
  fail    = "no access"
  echo    = var.token
}

output "token" {
  value     = var.token
  sensitive = true
}
