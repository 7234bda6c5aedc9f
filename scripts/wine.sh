# To be sourced after need.sh: wine, with what this project's programs need of it.

# need_wine DIRECTORY: gets wine, and makes its prefix there.
need_wine() {
    need wine wine wine64
    need /usr/bin/x86_64-w64-mingw32-gcc-posix gcc-mingw-w64-x86-64-posix
    export WINEPREFIX=$1/prefix WINEDEBUG=-all WINEARCH=win64
    local system=$WINEPREFIX/drive_c/windows/system32
    if [ ! -f "$system/bcryptprimitives.dll" ]; then
        printf '%s\n' "$(basename "$0"): setting wine up" >&2
        # Neither Mono nor Gecko is needed, and both would be asked for in a window.
        WINEDLLOVERRIDES="mscoree,mshtml=" wineboot --init >"$1/wineboot.log" 2>&1
        wineserver --wait
        # Rust and Go take their random numbers from a library that this wine lacks.
        x86_64-w64-mingw32-gcc-posix -O2 -s -shared -o "$system/bcryptprimitives.dll" scripts/windows/random.c -ladvapi32
    fi
}
