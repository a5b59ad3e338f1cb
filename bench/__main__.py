"""`python -m bench [promise|pages] [--json] [--quick] [--peers]`: measure, say what was found, write it down in docs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench import claims, promise, report, targets
from bench.measure import FULL, QUICK, TINY

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
PAGES = PAGE.with_name("performance-pages.md")
COUNTS = {"full": FULL, "quick": QUICK, "tiny": TINY}


def main(arguments: list[str] | None = None) -> int:
    """Run a suite; the last line with --json is one object."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("suite", nargs="?", choices=["promise", "pages"], default="promise")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON: the claims")
    parser.add_argument("--quick", action="store_true", help="shorter and fewer repetitions")
    parser.add_argument("--counts", choices=COUNTS, default="full", help="how much is measured")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=promise.SECTIONS,
        help="measure these sections alone; then a page is written only where --page names one",
    )
    parser.add_argument(
        "--peers", action="store_true", help="with the other systems; a full run has them anyway"
    )
    parser.add_argument("--page", type=Path, help="where to write the page; docs/performance.md by default")
    args = parser.parse_args(arguments)
    counts = QUICK if args.quick else COUNTS[args.counts]

    def say(words: str) -> None:
        print(words, file=sys.stderr, flush=True)

    if args.suite == "pages":
        return _pages(args, counts.name, say)
    wanted = frozenset(args.only or promise.SECTIONS)
    if not args.only and counts is not FULL and not args.peers:
        wanted -= {promise.PEERS}
    elif args.peers:
        wanted |= {promise.PEERS}
    found = promise.run(counts, say, wanted)
    page = args.page or (None if args.only else PAGE)
    if page is not None:
        page.write_text(report.page(found), encoding="utf-8")
    print(report.settings(found))
    print(report.table(found))
    print(f"It took {found.seconds:.0f} s.")
    if args.json:
        rows = [claims.row(claim) for claim in targets.of(found)]
        print(msgspec.json.encode({"rows": rows}).decode())
    return 0


def _pages(args: argparse.Namespace, size: str, say: Callable[[str], None]) -> int:
    # Only this suite needs a browser and what drives it.
    from bench.pages import run as pages

    found = pages.run({"full": pages.FULL, "quick": pages.QUICK, "tiny": pages.TINY}[size], say)
    (args.page or PAGES).write_text(pages.page(found), encoding="utf-8")
    claimed = list(pages.claims(found))
    missed = [one for one in claimed if one.met is False]
    for one in missed:
        print(
            f"missed: {one.words}: {one.measured.median:.3g} {one.unit}, {one.target}"
            if one.measured
            else one.words
        )
    print(f"{len(claimed) - len(missed)} of {len(claimed)} targets met. It took {found.seconds:.0f} s.")
    if args.json:
        print(msgspec.json.encode({"rows": [claims.row(one) for one in claimed]}).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
