variable "a" {
  type    = number
  default = "many"
}

variable "b" {
  default = var.a
}

variable "c" {
  type    = map(list(number))
  default = { x = [1, true] }
}

variable "d" {
  nullable = false
  default  = null
}

variable "e" {
  default = upper("x")
}
