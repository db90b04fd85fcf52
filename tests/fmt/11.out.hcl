res "x" {
  res "x" {            # c
    longname = "s${a}" // d
  }
}
m = f(
  { for k, v in [] : k => v... } / "sx y",
  f({ for k, v in [null] : k => v... }, { for k, v in lower() : k => v... })
)
