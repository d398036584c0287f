#!/bin/sh
# Installs one of the locked lists (base, demo, dev) into .venv.
set -eu
list="requirements/$1.txt"
log=".venv/install.log"
total=$(grep -c '^[a-z0-9].*==' "$list")
echo "Installing $total packages ($list); this happens once ..." >&2
started=$(date +%s)
if ! .venv/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes --only-binary :all: \
    -r "$list" >"$log" 2>&1; then
    if grep -qiE 'NameResolution|Temporary failure|ConnectionError|NewConnection|Network is unreachable|ConnectTimeout|No matching distribution' "$log" &&
        ! grep -q 'do not match the hashes' "$log"; then
        echo "The packages could not be fetched: is this machine connected, or behind a proxy (HTTPS_PROXY)? Details: $log" >&2
    else
        echo "Installing the packages failed: $(grep -m1 -iE '^ *ERROR' "$log" || tail -n 1 "$log") Details: $log" >&2
    fi
    exit 1
fi
echo "Installed in $(($(date +%s) - started)) s." >&2
