# Applies the release, if it would do exactly what was reviewed in the pull request.
. "$ACTION/action/common.sh"

tell pr "$number"
if [ -z "$number" ]; then
  echo "::error title=Nothing was reviewed::The commit $GITHUB_SHA was merged from no pull request." >&2
  tell exit-code 7
  exit 7
fi
said=$(mktemp)
"$RELPLAN" apply "-reviewed-pr=$number" ${arguments[@]+"${arguments[@]}"} -- "$RELEASE" 2>&1 | tee "$said"
code=${PIPESTATUS[0]}
last=$(mktemp)
tail -n 60 "$said" > "$last"
{
  echo "### relplan apply, as reviewed in #$number: exit code $code"
  fence "$last"
  echo
  cat "$last"
  fence "$last"
  echo
} >> "$GITHUB_STEP_SUMMARY"
tell exit-code "$code"
rm -f "$said" "$last"
exit "$code"
