"""`python -m prove.mutation`: try a sample of mutants of the decide modules, write docs/mutation.md. Exit 1 when one survives unexplained."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from prove.mutation import records
from prove.mutation.sample import FOLDER, PARTS, sample, tried


def main(arguments: list[str] | None = None) -> int:
    """Try mutants; what was tried before, and has not changed since, is remembered."""
    parser = argparse.ArgumentParser(prog="python -m prove.mutation", description=__doc__)
    parser.add_argument("--count", type=int, default=1_500, help="how many mutants are drawn")
    parser.add_argument("--seed", type=int, default=1, help="by which seed")
    parser.add_argument(
        "--part", action="append", choices=PARTS, help="only of this part; may be given again"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where it is kept what was found")
    parser.add_argument("--no-tests", action="store_true", help="the control: run no test against them")
    parser.add_argument("--to", type=Path, help="write the result here and leave the page alone")
    args = parser.parse_args(arguments)
    parts = tuple(args.part or PARTS)

    def say(words: str) -> None:
        print(words, file=sys.stderr, flush=True)

    drawn, counts = sample(parts, args.seed, args.count)
    found = tried(drawn, parts, with_tests=not args.no_tests, folder=args.folder, say=say)
    result = records.result_of(found, counts, seed=args.seed)
    if args.to:
        args.to.write_bytes(msgspec.json.encode(result))
    elif parts == PARTS and not args.no_tests:
        records.write(result)
        say(f"Written: {records.PAGE.relative_to(records.ROOT)}")
    missing = [one for one in result.survivors if not one.why]
    for one in missing:
        say(f"survives: {one.id} (line {one.line})")
    say(
        f"{result.killed:,} of {result.tried:,} killed, {result.equivalent} of the rest change nothing that may be seen."
    )
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
