# Plans the release into its pull request; with -no-exec, into the job's summary alone. Changes (2) are what a plan is for; anything worse fails the job.
. "$ACTION/action/common.sh"

# Where neither the input nor the event names a pull request, the commit may: that it cannot be found out is no reason not to plan.
if [ -z "$number" ] && number=$(merged_as "$GITHUB_SHA"); then
  is_number "$number" || number=
elif [ -z "$number" ]; then
  echo "::warning title=Pull request unknown::The pull request of the commit $GITHUB_SHA could not be looked up. The plan stands in the summary alone." >&2
fi

# What nobody was asked about is no plan to be reviewed, and the token of such a job may not write.
publish=()
[ -z "$number" ] || publish=("-pr=$number")
# The token of a job for somebody's fork may only read. Whoever gave the number wants the plan to be there.
[ -z "$number" ] || [ -n "$PULL_REQUEST" ] || publish+=(-pr-optional)
for argument in ${arguments[@]+"${arguments[@]}"}; do
  case $argument in -no-exec | --no-exec) publish=() ;; esac
done

shown=$(mktemp)
"$RELPLAN" plan -format=markdown -detailed-exitcode ${publish[@]+"${publish[@]}"} ${arguments[@]+"${arguments[@]}"} -- "$RELEASE" > "$shown"
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
