variable "a" {
  type = strng
}

variable "b" {
  type = list(string, number)
}

variable "c" {
  type = object({ name = optional(string, 1, 2), port = optional(number, "x") })
}

variable "d" {
  type = "string"
}

variable "e" {
  type = lst(string)
}

variable "f" {
  type = tuple(string)
}

variable "g" {
  type = optional(string)
}

variable "h" {
  type = [string]
}
