#!/usr/bin/env bash
# Builds dist/ from a clean tree, installs the wheel into an empty venv and starts it. Publishes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(.venv/bin/hatchling version)
fail() { printf '%s\n' "$*" >&2; exit 1; }

[ -z "$(git status --porcelain)" ] || fail "The tree is not clean: commit or remove what 'git status' names."
grep -q "^## $version" CHANGELOG.md || fail "CHANGELOG.md has no section '## $version': rename Unreleased first."

rm -rf dist
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) .venv/bin/hatchling build

trial=$(mktemp -d)
trap 'rm -rf "$trial"' EXIT
.venv/bin/python -m venv "$trial/venv"
UV_PYTHON_DOWNLOADS=never
export UV_PYTHON_DOWNLOADS
uv=$(command -v uv || echo .venv/bin/uv)
# The lock has everything the wheel needs and the tools besides; the wheel itself comes without its dependencies.
"$uv" pip install --quiet --python "$trial/venv/bin/python" --no-deps --require-hashes -r requirements.lock
"$uv" pip install --quiet --python "$trial/venv/bin/python" --no-deps dist/*.whl
(cd "$trial" && venv/bin/accord --version | grep -F "$version") || fail "The installed wheel does not say version $version."

(cd dist && sha256sum -- *)
