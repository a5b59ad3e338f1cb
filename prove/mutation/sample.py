"""Which mutants are tried, in which order, and what has been found out about them already?

The order is that of a hash of seed and mutant, so that a change of the code moves only the mutants that it touches and a run
goes on where it was stopped. What was found is kept in a folder of its own beside the code and belongs to no commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import msgspec

from prove.mutation.mutants import Mutant, mutants_of
from prove.mutation.trial import Seen, Trials, Verdict, collect

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "src" / "accord"
FOLDER = ROOT / ".mutation"

PARTS = ("exceptions", "kit", "ledger", "policy", "promise")
_KIT = ("calendars", "days")  # what decide leans on
_ORACLE = "oracle"  # judges ledger and promise by brute force
_OPTIONS = (
    "-m",
    "not slow and not database",
)  # a rule that only a story through a database sees is not well seen


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A mutant and what came of it."""

    mutant: Mutant
    verdict: Verdict
    tests: str  # the digest of the tests it was tried with


def files(parts: Iterable[str] = PARTS) -> dict[str, Path]:
    """The modules that are mutated, by name."""
    found: list[Path] = []
    for part in parts:
        folder = SOURCE / part
        if part == "kit":
            found += [folder / f"{name}.py" for name in _KIT]
        else:
            found += sorted([*folder.glob("decide.py"), *folder.glob("decide/**/*.py")])
    return {_name(file): file for file in found}


@cache
def sources(parts: tuple[str, ...] = PARTS) -> dict[str, str]:
    """What the modules say, read once: who works on the code meanwhile changes no mutant."""
    return {name: file.read_text(encoding="utf-8") for name, file in files(parts).items()}


@cache
def _every(parts: tuple[str, ...]) -> dict[str, list[Mutant]]:
    return {name: mutants_of(name, source) for name, source in sources(parts).items()}


def sample(parts: tuple[str, ...], seed: int, count: int) -> tuple[list[Mutant], dict[str, int]]:
    """So many mutants by lot, and how many each module has."""
    every = _every(parts)
    drawn = sorted((one for rows in every.values() for one in rows), key=lambda one: _lot(seed, one))
    return drawn[:count], {name: len(rows) for name, rows in every.items() if rows}


def tried(
    mutants: list[Mutant],
    parts: tuple[str, ...],
    *,
    with_tests: bool = True,
    folder: Path = FOLDER,
    say=print,
) -> list[Tried]:
    """Try them, or remember what was found when neither their module nor, where one survived, the tests have changed."""
    folder.mkdir(exist_ok=True)
    kept = folder / "verdicts.jsonl"
    paths = [f"tests/{part}" for part in (*parts, *([_ORACLE] if {"ledger", "promise"} & {*parts} else []))]
    tests = _digest([*SOURCE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")])
    sources()  # before anything else: they must be what is imported
    by_name = files()
    known = _known(kept, tests) if with_tests else {}
    before = {one.id: known.get((one.id, one.state)) for one in mutants}
    found = [one for one in before.values() if one is not None]
    left = [one for one in mutants if before[one.id] is None]
    if not left:
        return found

    def work(trials: Trials) -> None:
        seen = (
            _seen(trials, folder, f"{tests} {' '.join(paths)}", list(by_name.values()), say)
            if with_tests
            else Seen({}, {})
        )
        for place, mutant in enumerate(left, 1):
            file = by_name[mutant.module]
            names = seen.of(file, mutant)
            if names or not with_tests:
                seconds = sum(seen.seconds[name] for name in names)
                verdict = trials.try_one(mutant, sources()[mutant.module], names, seconds)
            else:
                verdict = Verdict(what="unseen")
            one = Tried(mutant=mutant, verdict=verdict, tests=tests)
            found.append(one)
            if with_tests:
                with kept.open("ab") as to:
                    to.write(msgspec.json.encode(one) + b"\n")
            if verdict.what in ("survived", "unseen"):
                say(f"{verdict.what}: {mutant.module}:{mutant.line} {mutant.id} ({verdict.tests} tests)")
            if place % 25 == 0:
                say(
                    f"{place} of {len(left)} tried, {sum(t.verdict.what in ('survived', 'unseen') for t in found)} survive"
                )

    collect(paths, work, _OPTIONS)
    return found


def _seen(trials: Trials, folder: Path, state: str, every: list[Path], say: Callable[[str], None]) -> Seen:
    kept, of = folder / "seen.json", folder / "seen.of"
    if kept.exists() and of.exists() and of.read_text() == state:
        return msgspec.json.decode(kept.read_bytes(), type=Seen)
    say("Each test is run once, to see which lines it runs.")
    seen = trials.see(every, folder)
    kept.write_bytes(msgspec.json.encode(seen))
    of.write_text(state)
    say(f"{len(seen.seconds)} tests take {sum(seen.seconds.values()):.0f} s")
    return seen


def _known(kept: Path, tests: str) -> dict[tuple[str, str], Tried]:
    """What was found about mutants of the code as it is; a survivor must be tried again with other tests."""
    if not kept.exists():
        return {}
    known: dict[tuple[str, str], Tried] = {}
    for line in kept.read_bytes().splitlines():
        one = msgspec.json.decode(line, type=Tried)
        if one.verdict.what in ("killed", "timeout") or one.tests == tests:
            known[one.mutant.id, one.mutant.state] = one
    return known


def _name(file: Path) -> str:
    return ".".join(file.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")


def _lot(seed: int, mutant: Mutant) -> str:
    return hashlib.sha256(f"{seed} {mutant.id}".encode()).hexdigest()


def _digest(all_files: list[Path]) -> str:
    total = hashlib.sha256()
    for file in sorted(all_files):
        total.update(file.read_bytes())
    return total.hexdigest()[:16]
