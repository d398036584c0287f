#!/bin/sh
# Makes .venv with the newest Python found that Syncwatch runs on.
set -eu
for candidate in python3.13 python3.12 python3.11 python3 python; do
    # A version manager's shim may exist for a version that is not there: ask, do not look.
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "Making a virtual environment in .venv with $("$candidate" --version) ..." >&2
        if "$candidate" -m venv .venv 2>.venv.log; then
            rm -f .venv.log
            exit 0
        fi
        rm -rf .venv
        echo "$candidate cannot make a virtual environment (see .venv.log). On Debian and Ubuntu: apt install python3-venv" >&2
        exit 1
    fi
done
echo "Syncwatch needs Python 3.11 or newer, and none was found. Install one, then run this again." >&2
exit 1
