#!/usr/bin/env bash
# Sees to a Chromium for the tests that use a real browser: the machine's own, else Debian's where this may install it.
# Where it cannot, it says so and ends well: those tests skip, loudly.
set -uo pipefail

say() { printf '%s\n' "$*" >&2; }

for name in "${ACCORD_TEST_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
        exit 0
    fi
done

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    say "There is no Chromium: the browser tests will be skipped. Install one, or name it in ACCORD_TEST_CHROMIUM."
    exit 0
fi

say "Installing Chromium for the browser tests"
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
if { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >"$log" 2>&1; then
    say "Ready: $(chromium --version 2>/dev/null)"
else
    say "Chromium could not be installed, so the browser tests will be skipped. The last lines of apt-get:"
    tail -n 5 "$log" >&2
fi
rm -f "$log"
