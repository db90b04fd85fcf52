# Plans the release into its pull request; with -no-exec, into the job's summary alone. Changes (2) are what a plan is for; anything worse fails the job.
. "$ACTION/action/common.sh"

# What nobody was asked about is no plan to be reviewed, and the token of such a job may not write.
publish=${number:+"-pr=$number"}
for argument in ${arguments[@]+"${arguments[@]}"}; do
  case $argument in -no-exec | --no-exec) publish= ;; esac
done

shown=$(mktemp)
"$RELPLAN" plan -format=markdown -detailed-exitcode ${publish:+"$publish"} ${arguments[@]+"${arguments[@]}"} -- "$RELEASE" > "$shown"
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
