#!/usr/bin/env bash
# Holds the architecture by reading the source: which words may stand in which folder. ARCHITECTURE.md says why.
# Prints one line per offence, FILE:LINE: RULE: TEXT, and fails if there was any.
set -euo pipefail
cd "$(dirname "$0")/.."

server=crates/server/src
offences=0

# Every file of the project, one a line, without what is built, downloaded or stored.
all_files() {
    find . \( -path ./target -o -path ./data -o -name .git -o -name node_modules -o -name dist \) -prune -o -type f -print |
        sed 's|^\./||' | sort
}
mapfile -t all < <(all_files)

# Those of `all` whose path matches the first expression and not the second.
select_files() { printf '%s\n' "${all[@]}" | grep -E -- "$1" | grep -vE -- "${2:-^$}" || true; }

report() { # RULE, with grep's FILE:LINE:TEXT on standard input
    local file line text
    while IFS=: read -r file line text; do
        echo "$file:$line: $1: ${text#"${text%%[![:space:]]*}"}" >&2
        offences=$((offences + 1))
    done
}

forbid() { # RULE EXPRESSION FILES EXCEPT: nowhere, comments included
    local files
    mapfile -t files < <(select_files "$3" "${4:-}")
    ((${#files[@]})) || return 0
    report "$1" < <(grep -InHE -- "$2" "${files[@]}")
}

forbid_in_code() { # the same, but comments may say it
    local files
    mapfile -t files < <(select_files "$3" "${4:-}")
    ((${#files[@]})) || return 0
    report "$1" < <(grep -InHE -- "$2" "${files[@]}" | grep -vE '^[^:]+:[0-9]+:[[:space:]]*//')
}

# What ships. Tests may break rows on purpose and read status codes.
product='^crates/[^/]+/src/.*\.rs$'
code='\.(rs|sql|sh|ts|tsx|js|css)$|^\.ci/run$|(^|/)Makefile$'

sql='\b(SELECT|INSERT (OR [A-Z]+ )?INTO|DELETE FROM|UPDATE [a-z_]+ SET|PRAGMA|SAVEPOINT|BEGIN IMMEDIATE)\b'
sql+='|\b(CREATE|ALTER|DROP) (UNIQUE )?(TABLE|INDEX|VIEW|TRIGGER|SCHEMA)\b'
forbid_in_code "SQL stands only in $server/store and migrations" "$sql" "$product" "^$server/store(/|\.rs$)"
forbid_in_code "sqlx and rusqlite are known only to $server/store" '\b(sqlx|rusqlite)::|\buse (sqlx|rusqlite)\b' "$product" "^$server/store(/|\.rs$)"
forbid_in_code "object_store is known only to $server/blobs" \
    '\bobject_store::|\buse object_store\b' "$product" "^$server/blobs(/|\.rs$)"
forbid_in_code "this layer knows no HTTP framework" '\baxum::|\buse axum\b' "^$server/(library|store|blobs|jobs|fetch)(/|\.rs$)"
forbid_in_code "only $server/fetch opens connections to addresses that a client names; cli is a client itself" \
    '\b(reqwest|tokio_rustls|webpki_roots|rustls_native_certs)::|\bhyper(_util)?::client\b|TcpStream::connect|\blookup_host\b|ToSocketAddrs' \
    "$product" "^$server/(fetch|cli)(/|\.rs$)"
forbid_in_code "fetch knows nothing of the library" '\bcrate::(app|blobs|http|jobs|library|store)\b' "^$server/fetch(/|\.rs$)"
forbid_in_code "status codes stand only in $server/http" '\bStatusCode::' '^crates/[^/]+/src/.*\.rs$' "^$server/http(/|\.rs$)"
forbid_in_code "domain is pure: no runtime, HTTP, SQL, files or processes" \
    '\b(tokio|axum|sqlx|object_store|hyper)::|\bstd::(fs|net|process)\b' '^crates/domain/src/.*\.rs$'
forbid_in_code "media knows no HTTP, SQL or object store" '\b(axum|sqlx|object_store)::' '^crates/media/src/.*\.rs$'

# The brackets keep these expressions from finding themselves.
forbid "no test is ignored: repair it or remove it" '#\[(cfg_attr\(.*)?ignor[e]\b' "$code"
forbid "finish it, or open an issue" '\b(TO[D]O|FIX[M]E)\b' "$code|\.(toml|md|ya?ml)$"
forbid "no path of one machine" '(^|[^A-Za-z0-9_.-])/(wor[k]|roo[t]|hom[e])/' '.' '(^|/)(Cargo\.lock|LICENSE)$'

while read -r lines file; do
    if [[ $file != total ]] && ((lines > 500)); then
        echo "$file:501: a file has at most 500 lines; this one has $lines" >&2
        offences=$((offences + 1))
    fi
done < <(select_files "$code" | tr '\n' '\0' | xargs -0 -r wc -l)

if ((offences)); then
    echo "check-layers: $offences offences" >&2
    exit 1
fi
