locals {
  path  = "C:\windows"
  hex   = "\x41"
  short = "\u12"
}
