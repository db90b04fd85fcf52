locals {
  replicas  = 0
  share     = 100 / local.replicas
  remainder = 5 % (2 - 2)
  large     = 1e900 * 1e900 * 1e900
  log       = log(0, 10)
  digits    = parseint("12ab", 10)
}
