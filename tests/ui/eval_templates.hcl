locals {
  names   = ["a", "b"]
  list    = "deploy ${local.names}"
  nothing = "deploy ${null} and ${{ a = 1 }}"
  branch  = "%{ if local.names }yes%{ endif }"
  rounds  = <<-EOT
    %{ for name in 5 }
    ${name}
    %{ endfor }
  EOT
}
