# A JUnit report with the secret in each of its texts.
printf '<testsuite name="%s"><testcase classname="a" name="%s"><failure message="%s">%s</failure></testcase></testsuite>' \
  "$TOKEN" "$TOKEN" "$TOKEN" "$TOKEN" > report.xml
exit 1
