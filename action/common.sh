# What `plan.sh` and `apply.sh` of the action share. Reads RELPLAN, RELEASE, ARGUMENTS and PULL_REQUEST.
set -uo pipefail

refuse() { # refuse TITLE MESSAGE [EXIT_CODE]: neither has anything in it that came from outside
  echo "::error title=$1::$2" >&2
  exit "${3:-3}"
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

is_number() { # is_number TEXT: nothing else may go into options, outputs and the summary
  case $1 in
    '' | *[!0-9]*) return 1 ;;
  esac
}

# The pull request that is given, or that the event is about.
named_pull_request() {
  if [ -n "$PULL_REQUEST" ]; then
    printf '%s\n' "$PULL_REQUEST"
  else
    jq -r '.pull_request.number // empty' "$GITHUB_EVENT_PATH"
  fi
}

# Prints what GitHub answers on a path. A server that fails, and a limit, are asked again: PAUSES are the seconds between. What is
# wrong for good ends at once. The token is read from the standard input: everybody on the machine can read arguments.
PAUSES=(1 2 4 8 16)
answer_of() { # answer_of PATH
  local body headers status pause
  body=$(mktemp)
  headers=$(mktemp)
  for pause in "${PAUSES[@]}" ''; do
    status=$(curl --silent --show-error --max-time 30 --output "$body" --dump-header "$headers" --write-out '%{http_code}' \
      --header @- \
      --header "Accept: application/vnd.github+json" \
      --header "X-GitHub-Api-Version: 2022-11-28" \
      "$GITHUB_API_URL/$1" <<< "${GH_TOKEN:+Authorization: Bearer $GH_TOKEN}")
    case $status in
      200) cat "$body"; rm -f "$body" "$headers"; return 0 ;;
      000 | 5?? | 429) ;;
      # GitHub refuses with 403, too, whoever asks too much:
      # https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
      403) grep -qiE '^(retry-after:|x-ratelimit-remaining: *0[^0-9]*$)' "$headers" || grep -qi 'rate limit' "$body" || break ;;
      *) break ;;
    esac
    [ -n "$pause" ] || break
    wait_for "$headers" "$pause"
  done
  rm -f "$body" "$headers"
  echo "GitHub answered ${status/#000/nothing}." >&2
  return 1
}

wait_for() { # wait_for HEADERS SECONDS: longer where GitHub says so, but not for ever
  local told
  told=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]\{1,4\}\)[^0-9]*$/\1/p' "$1" | tail -n 1)
  [ "${told:-0}" -gt "$2" ] || told=$2
  [ "$told" -le 60 ] || told=60
  sleep "$told"
}

# The branch that was pushed to; of an event without one, the default branch.
branch() {
  case ${GITHUB_REF-} in
    refs/heads/*) printf '%s\n' "${GITHUB_REF#refs/heads/}"; return ;;
  esac
  jq -er '.repository.default_branch // empty' "$GITHUB_EVENT_PATH" ||
    answer_of "repos/$GITHUB_REPOSITORY" | jq -er '.default_branch'
}

# The pull requests that were merged into the branch as the commit, one a line. Others may hold the commit, too: one that was
# stacked on it, or one into another branch.
merged_as() { # merged_as COMMIT
  local into pulls
  into=$(branch) || return 1
  pulls=$(answer_of "repos/$GITHUB_REPOSITORY/commits/$1/pulls?per_page=100") || return 1
  jq -r --arg commit "$1" --arg into "$into" \
    '.[] | select(.merged_at != null and .merge_commit_sha == $commit and .base.ref == $into) | .number' <<< "$pulls"
}

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

number=$(named_pull_request)
[ -z "$number" ] || is_number "$number" || refuse "Invalid input" "The input pr must be the number of a pull request."
