  /* y */
 res  "x"{
    res  "x" {  // d

    }
 // x
 }
h = <<-EOT
   text ${a}
  { x
  EOT
 res "x" "y"{
 a = f((34/"sx y"),[f(16),each.key?null:"sx y",62?-1:"s${a}"])
   res "x" "y" {
     bb=a::b(each.key,("sx y"),-a.b)# c
   }
    h = <<-EOT
   text ${a}
  { x
  EOT
     bb="s" /* e */
 }
