"""Which tests see a line, and do they notice a mutant of it?

One process collects the tests and imports everything; whatever runs tests is a child forked from it: first the one that
notes which test runs which lines, then one for each mutant. So a mutant costs only the tests that see its line, the quick ones
first, and ends at the first that fails. Tests that draw examples draw the same few every time, and are not made to find the
smallest one; tests that take long even so, which look for what is rare, are left out.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import coverage
import msgspec
import pytest

from prove.mutation.mutants import Mutant
from prove.mutation.swap import swap_in

_MEMORY_MAX = 6 << 30  # bytes: a mutant may build without end
_EXAMPLES_MAX = 25  # of a property
_TEST_SECONDS_MAX = 8.0  # of one test
_KILLED, _BROKEN = 1, 3


class Seen(msgspec.Struct, frozen=True):
    """What is known of the tests without any mutant."""

    seconds: dict[str, float]  # by test, of those that pass
    lines: dict[str, dict[int, list[str]]]  # by file, then line: the tests that run it

    def of(self, file: Path, mutant: Mutant) -> list[str]:
        """The tests that see a mutant, the quickest first; a constant is seen by all that run anything of its module."""
        lines = self.lines.get(str(file), {})
        # Where a bracket opens and nothing else stands there, what runs is the next line.
        here = lines.get(mutant.line) or lines.get(mutant.line + 1, [])
        rows = lines.values() if mutant.is_constant else [here]
        return sorted({test for row in rows for test in row}, key=lambda test: (self.seconds[test], test))


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the tests made of a mutant."""

    what: str  # "killed", "survived", "timeout", "unseen" (no test runs the line)
    by: str = ""  # the test that failed
    tests: int = 0  # that were to be run
    seconds: float = 0.0


class _Failed(Exception):
    pass


class Trials:
    """A plugin that runs in place of the tests: it hands what it needs to `work`."""

    def __init__(self, work: Callable[[Trials], None]) -> None:
        self._work = work
        self._items: dict[str, pytest.Item] = {}
        self._failed = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        from hypothesis import Phase, settings  # not sooner: pytest wants to be the first to load it

        settings.register_profile(
            "mutation", settings.get_profile("accord"), phases=(Phase.explicit, Phase.generate), database=None,
            derandomize=True, report_multiple_bugs=False, print_blob=False,
        )  # fmt: skip
        settings.load_profile("mutation")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted(f"{session.testsfailed} errors during collection")
        self._items = {item.nodeid: item for item in session.items}
        for item in session.items:
            _draw_few(item)
        self._work(self)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self._failed:
            self._failed = report.nodeid

    # --- what `work` may ask for ---

    def see(self, files: Sequence[Path], beside: Path) -> Seen:
        """Run every test once and note what it runs; `beside` is a folder for what is noted."""
        said = beside / "seconds.json"
        found = beside / "lines.coverage"
        for old in (said, found):
            old.unlink(missing_ok=True)

        def child() -> int:
            watch = coverage.Coverage(
                data_file=str(found), include=[str(file) for file in files], config_file=False
            )
            watch.start()
            seconds, failed = {}, []
            for name in self._items:
                watch.switch_context(name)
                began, self._failed = time.perf_counter(), ""
                self._run(name, None)
                if self._failed:
                    failed.append(name)
                else:
                    seconds[name] = round(time.perf_counter() - began, 4)
            watch.stop()
            watch.save()
            said.write_text(json.dumps([seconds, failed]), encoding="utf-8")
            return 0

        how, _ = _in_child(child, seconds_max=3_600)
        if how != 0:
            raise RuntimeError(f"the tests could not be run without a mutant: {how}")
        seconds, failed = json.loads(said.read_text(encoding="utf-8"))
        for name in failed:
            print(f"Left out, for it fails without a mutant: {name}", file=sys.stderr)
        data = coverage.CoverageData(basename=str(found))
        data.read()
        lines = {
            file: {
                line: [name for name in names if seconds.get(name, _TEST_SECONDS_MAX) < _TEST_SECONDS_MAX]
                for line, names in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        return Seen(seconds=seconds, lines=lines)

    def try_one(self, mutant: Mutant, source: str, tests: Sequence[str], seconds: float) -> Verdict:
        """Whether one of the tests, which take so many seconds without it, fails with the mutant."""
        began = time.perf_counter()

        def child() -> int:
            swap_in(mutant, source)
            for place, name in enumerate(tests):
                self._run(name, tests[place + 1] if place + 1 < len(tests) else None)
                if self._failed:
                    os.write(_REPLY, self._failed.encode())
                    return _KILLED
            return 0

        how, by = _in_child(child, seconds_max=int(10 + 3 * seconds))
        what = {0: "survived", _KILLED: "killed", -signal.SIGALRM: "timeout", -signal.SIGXCPU: "timeout"}.get(
            how
        )
        if what is None:
            # Out of memory, a fault of the interpreter: nobody could overlook it; but a mutant that cannot be put in is our fault.
            if how == _BROKEN:
                raise RuntimeError(f"{mutant.id}: {by}")
            what = "killed"
        return Verdict(what=what, by=by, tests=len(tests), seconds=round(time.perf_counter() - began, 2))

    def _run(self, name: str, after: str | None) -> None:
        item = self._items[name]
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=self._items[after] if after else None)


_REPLY = 198  # the descriptor on which a child says which test failed


def _in_child(work: Callable[[], int], *, seconds_max: int) -> tuple[int, str]:
    """Run it in a child without output: what it returned (a signal as a negative number), and what it said."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = _BROKEN
        try:
            os.dup2(write, _REPLY)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nowhere, stream)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(10 * seconds_max)  # the machine may be busy with other things
            resource.setrlimit(resource.RLIMIT_CPU, (seconds_max, seconds_max + 5))
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_MAX, _MEMORY_MAX))
            code = work()
        except BaseException as error:  # noqa: BLE001 - the child ends here whatever it is
            os.write(_REPLY, f"{type(error).__name__}: {error}".encode()[:4_000])
        finally:
            os._exit(code)
    os.close(write)
    said = b""
    while part := os.read(read, 65_536):
        said += part
    os.close(read)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), said.decode(errors="replace")


def _draw_few(item: pytest.Item) -> None:
    """Let a property draw few examples; its own settings, which it keeps in this attribute, say otherwise."""
    from hypothesis import settings

    function = getattr(item, "obj", None)
    function = getattr(function, "__func__", function)
    own = getattr(function, "_hypothesis_internal_use_settings", None)
    if own is not None and own.max_examples > _EXAMPLES_MAX:
        function._hypothesis_internal_use_settings = settings(own, max_examples=_EXAMPLES_MAX)


def collect(paths: Sequence[str], work: Callable[[Trials], None], options: Sequence[str] = ()) -> None:
    """Collect the tests and do the work with them. Raises: RuntimeError when they cannot be collected."""
    arguments: list[Any] = [
        *paths,
        "-q",
        "-s",
        "--timeout=0",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        *options,
    ]
    code = pytest.main(arguments, plugins=[Trials(work)])
    if code != 0:
        raise RuntimeError(f"pytest ended with {code!r}")
