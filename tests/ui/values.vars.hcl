env      = "prod
count    = var.x
password = "hunter2"
list     = [1, "a", upper("x")]
block {
}
