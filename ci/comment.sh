#!/usr/bin/env bash
# Keeps one comment of divvy per directory on a pull request up to date, by the marker in its first line.
set -euo pipefail

report="${RUNNER_TEMP:?}/divvy-report/report.md"
[ -f "$report" ] || exit 0
marker="<!-- divvy check $(printf '%s' "$INPUT_CHDIR" | sha256sum | cut -c1-16) -->"
comments="repos/${GITHUB_REPOSITORY:?}/issues/${PULL_REQUEST:?}/comments"
body="$RUNNER_TEMP/divvy-report/comment.md"
{ echo "$marker"; cat "$report"; } >"$body"
mine=$(gh api --paginate "$comments" --jq ".[] | select(.body | startswith(\"$marker\")) | .id" | head -n 1)
if [ -n "$mine" ]; then
    gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$mine" -F "body=@$body"
else
    gh api --silent --method POST "$comments" -F "body=@$body"
fi
