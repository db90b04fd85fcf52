variable "a" {
  descripton = "What it is for."
  sensitive  = "perhaps"
  secret     = true
  validation = true
  defaults {}
}

variable "count" {}

variable "b" {
  validation {
    condition = length(var.b) > 0
  }
}
