h = <<-EOT
   text ${a}
  { x
  EOT
a = [for x in - 1 : x.y if x > 1] ? "sx y" ? local.foo-bar : "s${a.b["k"]}" : { (c) : a, a : -1 } ? !a : {} * "sx y" ? 12 : each.key

