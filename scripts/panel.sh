#!/usr/bin/env bash
# Runs npm scripts of the panel (`scripts/panel.sh build`, `check`, `test`), with its packages installed as they are locked.
# Where the machine's Node.js is too old, a newer one comes from the npm registry, for this alone.
set -euo pipefail
cd "$(dirname "$0")/../web"

oldest=20
newer=22

if ! command -v npm >/dev/null 2>&1; then
    echo "The panel needs Node.js and npm. On Debian, as root: apt-get install nodejs npm" >&2
    exit 1
fi

run() {
    # What is installed already, as it is locked, is not installed again.
    if ! cmp -s package-lock.json node_modules/.locked; then
        npm ci --silent --no-audit --no-fund
        cp package-lock.json node_modules/.locked
    fi
    local script
    for script in "$@"; do
        npm run --silent "$script"
    done
}

major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
if ((${major:-0} >= oldest)); then
    run "$@"
else
    export -f run
    npx --yes --package="node@$newer" --package=npm@11 -- bash -ceu 'run "$@"' panel "$@"
fi
