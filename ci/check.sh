#!/usr/bin/env bash
# Runs divvy check for a step of GitHub Actions: annotations, the step's summary, and two outputs. Ends as
# --fail-on says.
set -euo pipefail

work="${RUNNER_TEMP:?}/divvy-report"
mkdir -p "$work"
rm -f "$work"/report.*
# The flags are split at blanks, as a shell would split them; nothing in them is expanded.
set -f
# shellcheck disable=SC2206
flags=($INPUT_FLAGS)
set +f
code=0
divvy check --chdir "$INPUT_CHDIR" --fail-on "$INPUT_FAIL_ON" -o github \
    -o "markdown=$work/report.md" -o "json=$work/report.json" "${flags[@]}" || code=$?
if [ -f "$work/report.md" ]; then
    cat "$work/report.md" >>"${GITHUB_STEP_SUMMARY:?}"
fi
if [ -f "$work/report.json" ]; then
    # One field a line, and no text of the report can hold a bare quote.
    count() { grep -c "^ *\"outcome\": \"$1\",\?$" "$work/report.json" || true; }
    {
        echo "to-adopt=$(count adopted)"
        echo "needs-person=$(count needs_you)"
    } >>"${GITHUB_OUTPUT:?}"
fi
exit "$code"
