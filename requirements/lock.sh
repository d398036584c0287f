#!/bin/sh
# Locks requirements/*.in into *.txt with hashes, from PyPI whatever this machine's pip is set to.
set -eu
for name in uv base docs demo dev; do
    CUSTOM_COMPILE_COMMAND="make requirements" PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS='' .venv/bin/pip-compile --quiet \
        --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
        --output-file "requirements/$name.txt" "$@" "requirements/$name.in"
    echo "requirements/$name.txt" >&2
done
