# What `plan.sh` and `apply.sh` of the action share. Reads RELPLAN, ARGUMENTS and PULL_REQUEST.
set -uo pipefail

arguments=()
while IFS= read -r line; do
  [ -z "$line" ] || arguments+=("$line")
done <<< "$ARGUMENTS"

# The pull request: given, of the event, or the one that the commit was merged from.
pull_request() {
  if [ -n "$PULL_REQUEST" ]; then
    echo "$PULL_REQUEST"
    return
  fi
  local number
  number=$(jq -r '.pull_request.number // empty' "$GITHUB_EVENT_PATH")
  if [ -n "$number" ]; then
    echo "$number"
    return
  fi
  curl --fail --silent --show-error \
    --header "Authorization: Bearer $GH_TOKEN" \
    --header "Accept: application/vnd.github+json" \
    --header "X-GitHub-Api-Version: 2022-11-28" \
    "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/commits/$GITHUB_SHA/pulls" |
    jq -r '[.[] | select(.merged_at != null)][0].number // empty'
}

tell() { # tell NAME VALUE
  echo "$1=$2" >> "$GITHUB_OUTPUT"
}
