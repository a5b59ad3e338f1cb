"""`python -m prove [PIECE ...]`: try what must not break, record it, write docs/reliability.md. Exit 1 when something broke."""

from __future__ import annotations

import argparse
import sys
import time

from prove import page, records
from prove.pieces import all_pieces
from prove.run import prove


def main(arguments: list[str] | None = None) -> int:
    """Run pieces and write what came of it."""
    parser = argparse.ArgumentParser(prog="python -m prove", description=__doc__)
    parser.add_argument("piece", nargs="*", help="ids, or beginnings of ids; all without one")
    parser.add_argument("--list", action="store_true", help="say which pieces there are")
    parser.add_argument("--size", choices=["test", "prove", "release"], default="prove", help="how often")
    parser.add_argument("--count", type=int, help="how often, in the piece's unit")
    parser.add_argument("--seed", type=int, default=1, help="the first seed of a piece that is begun")
    parser.add_argument("--again", action="store_true", help="begin anew, whatever was recorded")
    parser.add_argument("--hours", type=float, default=24.0, help="begin nothing new after this long")
    parser.add_argument("--dry", action="store_true", help="begin anew and record nothing")
    parser.add_argument("--page", action="store_true", help="only write the page from what is recorded")
    args = parser.parse_args(arguments)
    known = all_pieces()
    pieces = [p for p in known if not args.piece or any(p.id.startswith(name) for name in args.piece)]
    if args.piece and not pieces:
        parser.error(
            f"no piece is called {' or '.join(args.piece)}; known are {', '.join(p.id for p in known)}"
        )
    if args.list:
        for piece in pieces:
            print(f"{piece.id:16} {piece.sizes.prove:>9,} {piece.unit:12} {piece.claim}")
        return 0
    kept = records.load()

    def say(words: str) -> None:
        print(words, file=sys.stderr, flush=True)

    is_good = True
    if not args.page:
        is_good = prove(
            pieces,
            kept,
            count_of=lambda piece: args.count or getattr(piece.sizes, args.size),
            seed=args.seed,
            again=args.again or args.dry,
            until=time.monotonic() + args.hours * 3_600,
            say=say,
            keep=(lambda _id, _record: None) if args.dry else records.keep,
        )
    if not args.dry:
        page.write(known, records.load())
        print(f"Written: {page.FILE.relative_to(records.ROOT)}")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
