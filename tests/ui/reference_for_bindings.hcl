locals {
  list = ["a"]
  good = [for name in local.list : upper(name)]
  bad  = [for name in local.list : upper(nme)]
  late = "${[for x in local.list : x]} ${x}"
  text = "%{ for line in local.list }${lin}%{ endfor }"
}
