#!/usr/bin/env bash
# Gets divvy for a step of GitHub Actions: the archive of a release, checked against its checksum. A divvy
# on PATH is taken as it is.
set -euo pipefail

if command -v divvy >/dev/null; then
    echo "divvy: $(command -v divvy)"
    exit 0
fi
case "$(uname -m)" in
    x86_64) target=x86_64-unknown-linux-musl ;;
    aarch64 | arm64) target=aarch64-unknown-linux-musl ;;
    *) echo "::error::there is no archive of divvy for $(uname -m)"; exit 1 ;;
esac
place="${RUNNER_TEMP:?}/divvy"
mkdir -p "$place"
release=()
[ "$DIVVY_VERSION" = latest ] || release=("$DIVVY_VERSION")
gh release download "${release[@]}" --repo "${REPOSITORY:?}" --dir "$place" --clobber \
    --pattern "divvy-$target.tar.gz" --pattern "divvy-$target.tar.gz.sha256"
(cd "$place" && sha256sum --check --quiet "divvy-$target.tar.gz.sha256")
tar -xzf "$place/divvy-$target.tar.gz" -C "$place" --strip-components=1
echo "$place" >>"${GITHUB_PATH:?}"
