  m = {
  }
  res "x" "y"{# c
     res  "x" {
     bb=("s${a}"-  [for x in 86:x.y if x>1])
     a=a[0]
     }
c_d = [null, [ a::b()]]# c
  }
   /* y */
 bb = {for k,v in [ [for x in "s${ a.b["k"] }" : x.y if x>1], {}]: k=>v...}
