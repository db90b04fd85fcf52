variable "v" {
  tpye = string

  validation {
    condition = true
    message   = "x"
  }

  validaton {
  }
}

output "o" {
  value = 1

  preconditon {
  }
}

locals {
  a = 1

  b {
  }
}

moved {
  from = terraform_data.a
  to   = terraform_data.b
  form = terraform_data.c
}

removed {
  from = terraform_data.c

  lifecycle {
    destory = false
  }
}

check "c" {
  assert {
    condition     = true
    error_message = "x"
    eror          = 1
  }

  data "git_ref" "r" {
  }
}

resource "terraform_data" "r" {
  lifecycle {
    prevent_destory = true

    retry {
    }
  }

  retry {
    atempts = 2
  }

  timeouts {
    creat = "1m"
  }
}

data "git_ref" "d" {
  lifecycle {
    prevent_destroy = true
  }

  timeouts {
    create = "1m"
    delete = "1m"
  }
}
