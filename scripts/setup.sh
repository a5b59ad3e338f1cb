#!/usr/bin/env bash
# Makes .venv hold exactly what requirements.lock names, and Accord itself, editable. Installs nothing outside .venv.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

# The newest interpreter is not sought: the one called python3 is used when it is new enough.
find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    say "Accord needs Python 3.11 or newer and found none. Install one, or name it: make setup PYTHON=/path/to/python3"
    exit 1
}

make_venv() {
    local python=$1 version
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    # Asked before anything is made: a venv without pip would be a half-made one.
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        say "This Python ($python, $version) cannot make a virtual environment with pip in it."
        say "On Debian and Ubuntu install the package python3-venv (or python$version-venv), then run this again:"
        say "    apt-get install python3-venv"
        exit 1
    fi
    say "Making .venv with Python $version"
    if ! "$python" -m venv .venv; then
        rm -rf .venv
        say "'$python -m venv' failed. On Debian and Ubuntu install the package python3-venv, then run this again:"
        say "    apt-get install python3-venv"
        exit 1
    fi
}

# A .venv whose interpreter or pip is gone (moved, or broken off half-way) is made anew.
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    rm -rf .venv
    make_venv "$python"
fi

# uv: the one at hand, else its pinned wheel into .venv.
export UV_PYTHON_DOWNLOADS=never UV_CACHE_DIR="$PWD/.venv/.cache/uv" UV_NO_PROGRESS=1
export PIP_DISABLE_PIP_VERSION_CHECK=1
# A company's own authority is in the machine's store of certificates, where pip looks and uv does only when told.
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"
fi
uv=$(command -v uv || true)
if [ -z "$uv" ]; then
    uv=.venv/bin/uv
    if ! grep -q "^uv==$("$uv" --version 2>/dev/null | cut -d' ' -f2) " scripts/uv-bootstrap.lock; then
        say "Fetching uv into .venv"
        .venv/bin/python -m pip install --quiet --no-cache-dir --no-deps --require-hashes -r scripts/uv-bootstrap.lock
    fi
fi

say "Installing what requirements.lock names"
# --no-deps: the lock is whole, and what it leaves out on purpose stays out.
"$uv" pip install --quiet --python .venv/bin/python --compile-bytecode --no-deps --require-hashes -r requirements.lock
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
say "Ready: .venv/bin/accord"
