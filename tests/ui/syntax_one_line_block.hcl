variable "a" { type = string, default = "x" }
variable "b" { type = string
}
variable "c" {
  type = string }
