locals {
  a = "%{ if true }yes"
  b = "no%{ endif }"
  c = "%{ for x in [] }${x}%{ endif }"
  d = "100%{ done }"
}
