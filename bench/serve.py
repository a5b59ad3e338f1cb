"""The server process of the bench: the real server without a rate limit, at the desk or with a transaction a promise."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress

from accord.promise.service import tables
from accord.web import server
from bench.callers import OneByOne


def main() -> int:
    """Serve until told to stop; the first line on standard output is the address."""
    parser = argparse.ArgumentParser()
    parser.add_argument("db")
    parser.add_argument("--one-by-one", action="store_true")
    args = parser.parse_args()
    if args.one_by_one:
        tables.PromiseDesk = OneByOne  # type: ignore[misc,assignment]
    with suppress(KeyboardInterrupt):
        server.serve(args.db, host="127.0.0.1", port=0, rate=0, started=lambda at: print(at, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
