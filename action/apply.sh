# Applies the release, if it would do exactly what was reviewed in the pull request.
. "$ACTION/action/common.sh"

# Just after a merge GitHub may not know yet what it merged: an empty answer is asked for again.
if [ -z "$number" ]; then
  for pause in "${PAUSES[@]}" ''; do
    if ! number=$(merged_as "$GITHUB_SHA"); then
      tell exit-code 1
      refuse "Look-up failed" "The pull request that the commit $GITHUB_SHA was merged from could not be looked up, so nothing was done. Run the job again, or give the input pr." 1
    fi
    [ -z "$number" ] && [ -n "$pause" ] || break
    sleep "$pause"
  done
fi
case $number in
  *$'\n'*)
    tell exit-code 7
    refuse "Several pull requests" "The commit $GITHUB_SHA was merged from several pull requests: ${number//$'\n'/, }. Nothing was done. Give the input pr." 7
    ;;
  '')
    tell pr ""
    tell exit-code 7
    refuse "Nothing was reviewed" "The commit $GITHUB_SHA was merged from no pull request into this branch." 7
    ;;
esac
is_number "$number" || refuse "Look-up failed" "GitHub gave no number of a pull request." 1
tell pr "$number"
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
