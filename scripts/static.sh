# To be sourced: how the binaries of a release are compiled.

# static_build DIRECTORY: sets `target` and exports what cargo has to know. With `--target "$target"` it compiles the
# same bytes wherever the sources of DIRECTORY lie, and on Linux for every libc, or none.
static_build() {
    target=$(rustc -vV | sed -n 's/^host: //p')
    # The paths of sources are in the binary, in messages of panics: they get one name.
    local flags=("--remap-path-prefix=$1=/divvy" "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo")
    case $target in
        # A static glibc does not tell getrandom of the system's call, and a container may lack /dev/urandom.
        *-linux-gnu) flags+=(-C target-feature=+crt-static --cfg 'getrandom_backend="linux_getrandom"') ;;
    esac
    local IFS=$'\x1f'
    CARGO_ENCODED_RUSTFLAGS=${flags[*]}
    DIVVY_COMMIT=$(git rev-parse --short=12 HEAD)
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
    export CARGO_ENCODED_RUSTFLAGS DIVVY_COMMIT SOURCE_DATE_EPOCH
}
