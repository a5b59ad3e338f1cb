"""The mutation score as a piece of proof: each go draws other mutants, and every survivor must be explained."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from prove.model import Outcome, Piece, Say, Sizes
from prove.mutation.records import Result
from prove.mutation.sample import FOLDER, ROOT

_FEW = 30  # fewer are drawn from one part alone, so that the tests of the others need not be run to see what they run


def _run(count: int, seed: int, say: Say) -> Outcome:
    result = _result(count, seed, say)
    return Outcome(
        count=result.tried,
        failures=tuple(one.id for one in result.survivors if not one.why),
        facts={"killed": result.killed, "survived, explained": result.equivalent},
    )


def _control(seed: int, say: Say) -> Outcome:
    result = _result(20, seed, say, "--no-tests")
    return Outcome(count=result.tried, failures=tuple(one.id for one in result.survivors))


def _result(count: int, seed: int, say: Say, *options: str) -> Result:
    # In a process of its own: what it runs is pytest, and pytest may be what runs this.
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / "result.json"
        few = count < _FEW
        where = [
            "--folder",
            folder if few or options else str(FOLDER),
            *(["--part", "policy"] if few else []),
        ]
        asked = ["--count", str(count), "--seed", str(seed), "--to", str(to), *where, *options]
        done = subprocess.run(
            [sys.executable, "-m", "prove.mutation", *asked], cwd=ROOT, capture_output=True, text=True
        )
        if not to.exists():
            raise RuntimeError(f"the mutants could not be tried:\n{done.stdout}\n{done.stderr}")
        say(done.stderr.strip().splitlines()[-1])
        return msgspec.json.decode(to.read_bytes(), type=Result)


PIECES = (
    Piece(
        id="R24-mutation",
        claim="A test notices when a rule of a decide module is another.",
        fault="One comparison, sum, condition, constant, return or statement of a decide module is changed, and the tests that run its line are run.",
        unit="mutants",
        sizes=Sizes(test=8, prove=1_500, release=7_000),
        chunk=300,
        run=_run,
        control=_control,
        control_words="No test is run.",
        is_slow=True,
        not_covered="Mutants of defaults of arguments, of record types and of words in faults; two changes at once.",
    ),
)
