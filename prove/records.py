"""What was tried so far, and what came of it: docs/reliability.json, from which docs/reliability.md is written."""

from __future__ import annotations

import fcntl
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from prove.model import Outcome

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docs" / "reliability.json"


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """What happened without the guard."""

    seed: int
    count: int  # tried until it went wrong
    failures: int
    first: str  # the first of them, in words


class Record(msgspec.Struct, kw_only=True):
    """What was tried of one piece."""

    commit: str  # of the code that the first go tried
    until: str = ""  # of the code that the last one tried, where it was other code by then
    on: str  # the UTC day of the last go
    machine: str
    seed: int  # the first
    next_seed: int  # one more than the last: each go has a seed of its own
    count: int = 0
    failures: list[str] = []
    facts: dict[str, int] = {}
    seconds: float = 0.0
    control: Control | None = None

    def add(self, outcome: Outcome, seconds: float) -> None:
        """Take in one more go."""
        self.count += outcome.count
        self.failures = [*self.failures, *outcome.failures]
        for name, number in outcome.facts.items():
            before = self.facts.get(name, 0)
            self.facts[name] = max(before, number) if name.endswith("_max") else before + number
        self.seconds = round(self.seconds + seconds, 1)
        self.next_seed += 1
        if self.until or not _is_same_code(self.commit):
            self.until = _commit()
        self.on = f"{datetime.now(UTC):%Y-%m-%d}"


def load(file: Path = FILE) -> dict[str, Record]:
    """What is recorded, by the piece's id."""
    if not file.exists():
        return {}
    return msgspec.json.decode(file.read_bytes(), type=dict[str, Record])


def keep(id: str, record: Record, file: Path = FILE) -> None:
    """Record one piece in one step, so that one who stops it loses nothing; others may be running other pieces."""
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        records = {**load(file), id: record}
        body = msgspec.json.format(msgspec.json.encode(dict(sorted(records.items()))), indent=1)
        beside = file.with_suffix(".new")
        beside.write_bytes(body + b"\n")
        beside.replace(file)


def begun(seed: int) -> Record:
    """A record of the code as it is, with nothing tried yet."""
    return Record(commit=_commit(), on="", machine=_machine(), seed=seed, next_seed=seed)


def _commit() -> str:
    """The commit of the code that is tried, marked where it was changed since; the record itself always is."""
    commit = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs")
    return f"{commit}, changed" if commit and changed else commit or "unknown"


def _is_same_code(commit: str) -> bool:
    """Whether nothing outside docs is other than in a commit; nobody knows where there is no history."""
    known = commit.partition(",")[0]
    words = ["git", "diff", "--quiet", known, "--", ".", ":!docs"]
    return subprocess.run(words, cwd=ROOT, capture_output=True).returncode != 1


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
