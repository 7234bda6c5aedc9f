# To be sourced: gets what a script needs and says so, or says in one line what is missing.

# need PROGRAM PACKAGE…: the program has to be there; Debian's packages bring it where apt-get may install.
need() {
    local program=$1
    shift
    if command -v "$program" >/dev/null || [ -e "$program" ]; then return 0; fi
    local script
    script=$(basename "$0")
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        printf '%s\n' "$script: installing $* (for $program)" >&2
        if { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; } \
            >"${TMPDIR:-/tmp}/divvy-apt.log" 2>&1; then
            return 0
        fi
        tail -3 "${TMPDIR:-/tmp}/divvy-apt.log" >&2
    fi
    printf '%s\n' "$script: $program is needed and not here; on Debian or Ubuntu: sudo apt-get install $*" >&2
    return 1
}

# need_rust: what compiles divvy.
need_rust() {
    if ! command -v cargo >/dev/null; then
        printf '%s\n' "$(basename "$0"): Rust is needed and not here (see rust-version in Cargo.toml): https://rustup.rs" >&2
        return 1
    fi
    need cc gcc libc6-dev
}

# The directory that cargo builds into, as it says itself.
target_directory() {
    cargo metadata --format-version 1 --no-deps --offline 2>/dev/null \
        | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}
