   longname={for k,v in each.key?"s${ a.b["k"] }" ? null:-a.b : {for k,v in true: k=>v...}: k=>v...}

     a = ({for k,v in "s"?true : "sx y": k=>v...}) /* e */
