locals {
  pattern  = regex("(", "a")
  no_match = regex("v\\d+", "release")
  json     = jsondecode("{\"a\": 1,}")
  csv      = csvdecode("a,b\n1\n")
  base64   = base64decode("hello!")
  date     = formatdate("YYYY-QQ", "2024-01-02T03:04:05Z")
  time     = timeadd("tomorrow", "1d")
  version  = semver_bump("1.2", "minor")
  format   = format("%s of %d", "one")
  verb     = format("%d", "many")
  file     = file("notes.md")
}
