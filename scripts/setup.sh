#!/usr/bin/env bash
# Makes this machine able to build and run Reelshelf (`run`), or to test it too (`test`).
# Installs what is missing with apt where it may, and otherwise says exactly what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-run}
case $purpose in
    run | test) ;;
    *) echo "usage: scripts/setup.sh [run|test]" >&2 && exit 2 ;;
esac

nextest_version=0.9.143
PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin

packages=() # Debian's names
reasons=()  # the same, for people
problems=() # what only the user can put right

has() { command -v "$1" >/dev/null 2>&1; }
has_c() { has gcc && echo '#include <stdlib.h>' | gcc -E - >/dev/null 2>&1; }
has_node() { has node && has npm; }
has_media_tools() { has ffmpeg && has ffprobe; }
has_certificates() {
    [[ -n ${SSL_CERT_FILE:-} || -e /etc/ssl/certs/ca-certificates.crt || \
        -e /etc/pki/tls/certs/ca-bundle.crt || -e /etc/ssl/cert.pem ]]
}
has_postgres() { [[ -n ${TEST_POSTGRES_URL:-} ]] || scripts/in-world.sh --find-postgres >/dev/null 2>&1; }

need() { # REASON PACKAGES TEST...
    local reason=$1 names
    read -ra names <<<"$2"
    shift 2
    if ! "$@"; then
        packages+=("${names[@]}")
        reasons+=("$reason")
    fi
}

find_missing_packages() {
    packages=() reasons=()
    need "gcc and the C library's headers: SQLite and the cryptography are compiled from C" "gcc libc6-dev" has_c
    need "make: every command of this project" make has make
    need "curl: the session in the README" curl has curl
    need "certificates of the public authorities: S3 and crates over HTTPS" ca-certificates has_certificates
    need "Node.js and npm: the panel is built with them" "nodejs npm" has_node
    [[ $purpose == test ]] || return 0
    need "a PostgreSQL 15 server or later (initdb, pg_ctl, postgres): half of the tests run on it" postgresql has_postgres
    need "ffmpeg and ffprobe: the tests make and inspect real media" ffmpeg has_media_tools
}

# Sets `as_root` to what must stand before a command to run it as root; false if nothing does.
may_install() {
    [[ -e /etc/debian_version ]] && has apt-get || return 1
    as_root=()
    [[ $(id -u) == 0 ]] && return 0
    has sudo || return 1
    as_root=(sudo)
    # Without a terminal nobody can type the password.
    [[ -t 0 ]] || sudo -n true 2>/dev/null
}

install_packages() {
    echo "setup: installing ${packages[*]}"
    "${as_root[@]}" apt-get -q update || echo "setup: apt-get update failed; trying with the lists there are" >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "${packages[@]}"
    hash -r
    find_missing_packages
}

check_rust() {
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    if ! has cargo || ! found=$(rustc --version 2>/dev/null | cut -d ' ' -f 2) || [[ -z $found ]]; then
        problems+=("Rust $wanted or later: install rustup as https://rustup.rs describes, then open a new shell")
        return
    fi
    if [[ $(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1) != "$wanted" ]]; then
        problems+=("Rust $wanted or later (here is $found): rustup update stable")
    fi
    [[ $purpose == test ]] || return 0
    cargo fmt --version >/dev/null 2>&1 || problems+=("rustfmt: rustup component add rustfmt")
    cargo clippy --version >/dev/null 2>&1 || problems+=("clippy: rustup component add clippy")
}

report_and_fail() {
    echo "setup: this machine still lacks:" >&2
    local line
    for line in "${reasons[@]}" "${problems[@]}"; do
        echo "  - $line" >&2
    done
    if ((${#packages[@]})); then
        echo "On Debian, as root: apt-get install ${packages[*]}" >&2
        echo "Elsewhere, install what provides the same. Then repeat the command." >&2
    fi
    exit 1
}

find_missing_packages
if ((${#packages[@]})) && may_install; then
    install_packages || true
fi
check_rust
((${#packages[@]} + ${#problems[@]} == 0)) || report_and_fail

if [[ $purpose == test ]] && ! has cargo-nextest; then
    echo "setup: building cargo-nextest $nextest_version, once; this takes some minutes"
    env -u CARGO_TARGET_DIR cargo install cargo-nextest --version "$nextest_version" --locked
fi
