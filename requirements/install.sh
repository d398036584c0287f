#!/bin/sh
# Installs one of the locked lists (base, docs, demo, dev) into .venv: by uv, which takes a tenth of the time, or
# by pip where uv cannot do it (no wheel for this machine, a way to the packages that only pip is configured for).
set -eu
list="requirements/$1.txt"
log=".venv/install.log"
python=.venv/bin/python
total=$(grep -c '^[a-z0-9].*==' "$list")

by_pip() {
    "$python" -m pip install --disable-pip-version-check --no-input --require-hashes --only-binary :all: -r "$1"
}

by_uv() {
    by_pip requirements/uv.txt || return
    index=${PIP_INDEX_URL:-$("$python" -m pip config get global.index-url 2>/dev/null || true)}
    if [ -n "$index" ]; then export UV_DEFAULT_INDEX="$index"; fi
    # What runs is compiled now, once: services may not write into the installation, and where Python is told to
    # leave no bytecode behind every start would compile all of it anew. Tests leave theirs behind.
    if [ "$1" != dev ]; then export UV_COMPILE_BYTECODE=1; fi
    .venv/bin/uv pip install --no-progress --python "$python" --require-hashes --only-binary :all: -r "requirements/$1.txt"
}

echo "Installing $total packages ($list); this happens once ..." >&2
started=$(date +%s)
if ! by_uv "$1" >"$log" 2>&1 && ! by_pip "$list" >>"$log" 2>&1; then
    if grep -qiE 'NameResolution|Temporary failure|ConnectionError|NewConnection|Network is unreachable|ConnectTimeout|No matching distribution' "$log" &&
        ! grep -q 'do not match the hashes' "$log"; then
        echo "The packages could not be fetched: is this machine connected, or behind a proxy (HTTPS_PROXY, and PIP_CERT where it shows certificates of its own)? Details: $log" >&2
    else
        echo "Installing the packages failed: $(grep -m1 -iE '^ *ERROR' "$log" || tail -n 1 "$log") Details: $log" >&2
    fi
    exit 1
fi
echo "Installed in $(($(date +%s) - started)) s." >&2
