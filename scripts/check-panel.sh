#!/usr/bin/env bash
# Holds the layers of the panel by reading its source; needs Node and nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
exec node web/scripts/check-source.mjs
