release "shop" {
  version = "1.2.0"
}

variable "database_url" {
  type      = string
  sensitive = true
}

variable "key" {
  type = string
}

resource "postgres_snapshot" "before" {
  url           = var.database_url
  directory     = "snapshots"
  encrypt_to    = [var.key]
  identity_file = "backup.key"
  jobs          = 2
  verify        = "restore"

  assert {
    query  = "SELECT count(*) > 0 FROM orders"
    equals = "true"
  }

  retain {
    count = 2
  }
}

resource "exec_deployment" "production" {
  version    = release.version
  deploy     = ["sh", "-c", "echo $0 > live", release.version]
  observe    = ["cat", "live"]
  depends_on = [postgres_snapshot.before]
}
