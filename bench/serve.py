"""The server process of the bench: the real server without a rate limit, at the desk or with a transaction a promise."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack, suppress

from accord.promise.service import tables
from accord.web.server import serving
from bench import slow_disk
from bench.callers import OneByOne


def main() -> int:
    """Serve until told to stop; the first line on standard output is the address."""
    parser = argparse.ArgumentParser()
    parser.add_argument("db")
    parser.add_argument("--one-by-one", action="store_true")
    parser.add_argument("--slow-disk", action="store_true", help="of a file; a server has its own")
    args = parser.parse_args()
    if args.one_by_one:
        tables.PromiseDesk = OneByOne  # type: ignore[misc,assignment]
    with ExitStack() as stack:
        stack.enter_context(suppress(KeyboardInterrupt))
        if args.slow_disk:
            stack.enter_context(slow_disk.sqlite())
        serving.serve(args.db, host="127.0.0.1", port=0, rate=0, started=lambda at: print(at, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
