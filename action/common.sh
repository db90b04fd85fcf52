# What `plan.sh` and `apply.sh` of the action share. Reads RELPLAN, RELEASE, ARGUMENTS and PULL_REQUEST.
set -uo pipefail

refuse() { # refuse TITLE MESSAGE: neither has anything in it that came from outside
  echo "::error title=$1::$2" >&2
  exit 3
}

# A file name that begins with a dash would be an option, such as -out=FILE.
case $RELEASE in
  -*) refuse "Invalid input" "The input file must not begin with a dash; write ./ before it." ;;
  *$'\n'*) refuse "Invalid input" "The input file must be one line." ;;
esac

arguments=()
while IFS= read -r line; do
  [ -z "$line" ] || arguments+=("$line")
done <<< "$ARGUMENTS"

# The pull request: given, of the event, or the one that the commit was merged from.
pull_request() {
  if [ -n "$PULL_REQUEST" ]; then
    printf '%s\n' "$PULL_REQUEST"
    return
  fi
  local number
  number=$(jq -r '.pull_request.number // empty' "$GITHUB_EVENT_PATH")
  if [ -n "$number" ]; then
    printf '%s\n' "$number"
    return
  fi
  # The token is read from the standard input: everybody on the machine can read arguments.
  curl --fail --silent --show-error \
    --header @- \
    --header "Accept: application/vnd.github+json" \
    --header "X-GitHub-Api-Version: 2022-11-28" \
    "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/commits/$GITHUB_SHA/pulls" <<< "Authorization: Bearer $GH_TOKEN" |
    jq -r '[.[] | select(.merged_at != null)][0].number // empty'
}

# A number goes into options, outputs and the summary: it is one, or nothing.
number=$(pull_request)
case $number in
  *[!0-9]*) refuse "Invalid input" "The input pr must be the number of a pull request." ;;
esac

tell() { # tell NAME VALUE: a line break in a value would begin another output
  case $2 in
    *$'\n'* | *$'\r'*) refuse "Invalid output" "The output $1 has more than one line." ;;
  esac
  printf '%s=%s\n' "$1" "$2" >> "$GITHUB_OUTPUT"
}

fence() { # fence FILE: a fence that is longer than every run of backticks in the file
  local longest
  longest=$(grep -o '`*' "$1" | awk '{ if (length($0) > most) most = length($0) } END { print most + 1 }')
  [ "$longest" -ge 3 ] || longest=3
  printf '%*s' "$longest" '' | tr ' ' '`'
}
