#!/usr/bin/env bash
# Writes requirements.lock and scripts/uv-bootstrap.lock anew from pyproject.toml: newest versions, all hashes, no index address.
set -euo pipefail
cd "$(dirname "$0")/.."

export UV_PYTHON_DOWNLOADS=never UV_CACHE_DIR="$PWD/.venv/.cache/uv"
uv=$(command -v uv || echo .venv/bin/uv)
options=(--quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate
    --no-header --upgrade)

# django-htmx is wanted for its copy of htmx alone, so its own dependencies are left out.
"$uv" pip compile "${options[@]}" --extra oidc --extra postgres --group dev --group build \
    --no-emit-package django --no-emit-package asgiref --no-emit-package sqlparse \
    --output-file requirements.lock pyproject.toml
echo uv | "$uv" pip compile "${options[@]}" --output-file scripts/uv-bootstrap.lock -

if grep -nE '://|--(extra-)?index|--find-links' requirements.lock scripts/uv-bootstrap.lock; then
    echo "A lock names an index: it must not." >&2
    exit 1
fi
