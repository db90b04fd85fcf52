resource "git_tag" "app" {
  timeouts {
    create = "10 minutes"
    delete = "5m"
    reed   = "1s"
  }

  retry {
    attempts  = 0
    min_delay = "1h"
    max_delay = "1m"
    jitter    = true
  }
}

resource "git_tag" "b" {
  retry {
    attempts  = var.tries
    min_delay = 5
  }

  timeouts = "1h"
}

variable "tries" {}
