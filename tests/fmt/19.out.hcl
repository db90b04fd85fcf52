longname = []                                                                                                                 // d
bb       = [for x in f() : x.y if x > 1]                                                                                      # c
a        = { for k, v in - 1 : k => v... } ? [true, null] ? [] : "s" : [-1, f(a, null, -a.b), [for x in null : x.y if x > 1]] # c
