# Plans the release into its pull request. Changes (2) are what a plan is for; anything worse fails the job.
. "$ACTION/action/common.sh"

number=$(pull_request)
shown=$(mktemp)
"$RELPLAN" plan -format=markdown -detailed-exitcode ${number:+"-pr=$number"} ${arguments[@]+"${arguments[@]}"} "$RELEASE" > "$shown"
code=$?
cat "$shown"
cat "$shown" >> "$GITHUB_STEP_SUMMARY"
tell exit-code "$code"
tell pr "$number"
tell digest "$(sed -n '1s/.* digest=\(sha256:[0-9a-f]*\).*/\1/p' "$shown")"
rm -f "$shown"
case $code in
  0 | 2) exit 0 ;;
  *) exit "$code" ;;
esac
