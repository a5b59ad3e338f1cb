"""Imports: killed at any moment nothing is half done, and however many rows come in nobody waits long for a promise."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from unittest import mock

import msgspec

from accord.connect import service
from accord.connect.model import Report, Translation
from accord.connect.service import switch
from accord.db.engine import Database
from accord.exceptions import service as exceptions
from accord.kit.errors import AccordError
from accord.policy import service as policy
from accord.promise import service as promises
from accord.promise.model import Decision, Line, Request, Verb
from prove.grounds import fresh, opened
from prove.model import Outcome, Piece, Say, Sizes

CHECK_SECONDS_MAX, COMMIT_SECONDS_MAX, WAIT_SECONDS_MAX = 20.0, 60.0, 5.0
ROWS_KILLED = 200  # of the import that is killed: it lasts some tenths of a second
KILLS_OF_CONTROL = 25


def company(folder: Path, rows: int, seed: int) -> None:
    """Files with about so many rows: items, stock, receipts, customers, orders promised elsewhere, orders that wait."""
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    today = datetime.now(UTC).date()
    sites = ("oslo", "lyon", "bonn", "ulm", "york")
    items = [f"I{n:06}" for n in range(max(2, rows // 10))]
    nodes = [(item, site) for item in items for site in chance.sample(sites, 3)]
    customers = [f"C{n:05}" for n in range(max(1, rows // 20))]

    def day() -> date:
        return today + timedelta(days=chance.randrange(3, 90))

    def write(name: str, header: str, lines: list[tuple[object, ...]]) -> None:
        text = "".join(f"{','.join(map(str, line))}\n" for line in lines)
        (folder / f"{name}.csv").write_text(f"{header}\n{text}")

    write("sites", "id", [(site,) for site in sites])
    write(
        "items", "id,name,cost", [(item, f"Item {item}", f"{chance.randrange(1, 999)}.50") for item in items]
    )
    write("on_hand", "item,site,quantity", [(*node, chance.randrange(100, 500)) for node in nodes])
    receipts = [(f"PO{n}", *chance.choice(nodes), chance.randrange(1, 300), day()) for n in range(rows // 5)]
    write("receipts", "id,item,site,quantity,due_on", list(receipts))
    write("customers", "id,name", [(one, f"Customer {one}") for one in customers])
    promised = [
        (f"OLD{n}", *chance.choice(nodes), chance.randrange(1, 60), day(), chance.choice(customers))
        for n in range(rows // 10)
    ]
    write(
        "commitments",
        "ref,item,site,quantity,requested_on,promised_on,customer",
        [(ref, item, site, quantity, on, on, who) for ref, item, site, quantity, on, who in promised],
    )
    left = max(
        1, rows - len(sites) - len(items) - len(nodes) - len(receipts) - len(customers) - len(promised)
    )
    write(
        "orders",
        "id,item,quantity,requested_on,customer",
        [
            (f"SO{n}", chance.choice(items), chance.randrange(1, 60), day(), chance.choice(customers))
            for n in range(left)
        ],
    )


# --- killed --------------------------------------------------------------------------------------------


def killed(count: int, seed: int, say: Say) -> Outcome:
    """Kill an import so many times, each at a moment drawn from its whole length, then let it come to its end."""
    failures: list[str] = []
    facts = {"before_the_switch": 0, "after_the_switch": 0, "went_on": 0}
    chance = random.Random(seed)
    done = 0
    while done < count and not failures:
        with tempfile.TemporaryDirectory() as name, fresh("sqlite") as url:
            folder = Path(name)
            company(folder, ROWS_KILLED, seed + done)
            empty = _in_force(url)
            whole, seconds = _whole(folder)
            kills = 0
            while done < count:
                pid = os.fork()
                if pid == 0:
                    _child(url, folder)
                time.sleep(chance.uniform(0, seconds * 1.2))
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                kills += 1
                done += 1
                found = _in_force(url)
                if found not in (empty, whole):
                    failures.append(f"seed {seed}, kill {done}: half of the import came in")
                    break
                if found == whole:
                    facts["after_the_switch"] += 1
                    break
                facts["before_the_switch"] += 1
            facts["went_on"] += kills > 1
            failures += _finished(url, folder, whole, f"seed {seed}, kill {done}")
            say(f"{done:,} kills, {len(failures)} failures")
    return Outcome(count=done, failures=tuple(failures), facts=facts)


def _child(url: str, folder: Path) -> None:
    """What is killed; it never comes back from here."""
    try:
        with opened(url) as db:
            service.import_files(db, [folder], actor="prove")
    finally:
        os._exit(0)


def _whole(folder: Path) -> tuple[str, float]:
    """What is in force after an import that nobody killed, and how long it takes."""
    with fresh("sqlite") as url:
        began = time.monotonic()
        with opened(url) as db:
            service.import_files(db, [folder], actor="prove")
        took = time.monotonic() - began
        return _in_force(url), took


def _finished(url: str, folder: Path, whole: str, where: str) -> list[str]:
    with opened(url) as db:
        service.import_files(db, [folder], actor="prove")
        again = service.import_files(db, [folder], actor="prove")
        found = promises.verify(db).findings
    if _in_force(url) != whole:
        return [f"{where}: started again, it came to something else"]
    if again.changed:
        return [f"{where}: the same once more changed something"]
    return [f"{where}: verify finds {finding.what} at {finding.key}" for finding in found[:3]]


_IN_FORCE = (
    "SELECT kind, id, body FROM ledger_record WHERE version_to IS NULL",
    "SELECT kind, id, body FROM policy_record WHERE version_to IS NULL AND kind <> 'rules'",
    "SELECT key, id, quantity, on_day, ref FROM ledger_supply WHERE version_to IS NULL",
    "SELECT key, quantity, on_day FROM ledger_draw WHERE version_to IS NULL",
    "SELECT item, site, quantity, ship_on, state FROM ledger_commitment WHERE version_to IS NULL",
    "SELECT ref, customer, state FROM promise WHERE in_force",
    "SELECT source, id, state FROM open_line",
    "SELECT state FROM import_run WHERE state = 'done'",
)


def _in_force(url: str) -> str:
    """A digest of what the import brought, without the ids and moments that differ from run to run."""
    seen = sha256()
    with opened(url) as db, db.read() as tx:
        for sql in _IN_FORCE:
            for row in sorted(map(repr, tx.rows(sql))):
                seen.update(row.encode())
            seen.update(b"--")
    return seen.hexdigest()


def _in_parts(db: Database, run: str, translation: object, *, actor: str, **_more: object) -> Report:
    """Letting in as it must not be: one transaction for the news, others for policy and the rest."""
    assert isinstance(translation, Translation)
    with db.read() as tx:
        report, draft = switch.drafted(tx, translation)
    exceptions.supply_changed(db, draft.news, actor=actor, id=run)
    time.sleep(0.1)
    policy.put(db, list(draft.policy), actor=actor, id=run)
    time.sleep(0.1)
    rest = report, msgspec.structs.replace(draft, news=(), policy=())
    with mock.patch.object(switch, "drafted", return_value=rest):
        return _LET_IN(db, run, translation, actor=actor)


_LET_IN = switch.let_in


def killed_control(seed: int, say: Say) -> Outcome:
    """The same where news, policy and open lines come in by a transaction each."""
    with mock.patch.object(switch, "let_in", _in_parts):
        return killed(KILLS_OF_CONTROL, seed, say)


# --- how long ------------------------------------------------------------------------------------------


def waits(count: int, seed: int, say: Say, *, hold_seconds: float = 0.0) -> Outcome:
    """Bring in so many rows while another process promises one request after the other."""
    failures: list[str] = []
    with tempfile.TemporaryDirectory() as name, fresh("sqlite") as url:
        first, folder = Path(name) / "first", Path(name) / "all"
        company(first, 100, seed)
        company(folder, count, seed + 1)
        with opened(url) as db:
            service.import_files(db, [first], actor="prove")
        pid, hear = _promiser(url)
        try:
            with opened(url) as db, _held(hold_seconds):
                dry = _timed(lambda: service.import_files(db, [folder], dry_run=True, actor="prove"))
                began = time.monotonic()
                marks: dict[str, float] = {}

                def mark(phase: str, _done: int, _total: int, _problems: int) -> None:
                    marks.setdefault(phase, time.monotonic() - began)

                service.import_files(db, [folder], actor="prove", on_progress=mark)
                took = time.monotonic() - began
        finally:
            os.kill(pid, signal.SIGTERM)
            made, longest, error = hear()
            os.waitpid(pid, 0)
        with opened(url) as db:
            failures += [f"verify finds {one.what} at {one.key}" for one in promises.verify(db).findings[:3]]
    check = marks.get("stage", took)
    say(
        f"{count:,} rows: checked in {check:.1f} s, all in {took:.1f} s, dry run {dry:.1f} s; {made:,} promises beside it, the longest {longest:.2f} s"
    )
    for what, seconds, most in (
        ("checking", check, CHECK_SECONDS_MAX),
        ("the import", took - check, COMMIT_SECONDS_MAX),
        ("a promise beside it", longest, WAIT_SECONDS_MAX),
    ):
        if seconds > most:
            failures.append(f"{count:,} rows: {what} took {seconds:.1f} s, {most:.0f} at most")
    if error:
        failures.append(f"a promise beside it was answered with {error}")
    return Outcome(
        count=count,
        failures=tuple(failures),
        facts={
            "check_ms_max": int(check * 1_000),
            "commit_ms_max": int((took - check) * 1_000),
            "dry_run_ms_max": int(dry * 1_000),
            "longest_promise_ms_max": int(longest * 1_000),
            "promises": made,
        },
    )


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _held(seconds: float) -> mock._patch[object]:
    """The switch, taking that much longer before it commits."""
    real = switch._work

    def longer(*args: object) -> object:
        made = real(*args)  # type: ignore[arg-type]
        time.sleep(seconds)
        return made

    return mock.patch.object(switch, "_work", longer)


def _promiser(url: str) -> tuple[int, Callable[[], tuple[int, float, str]]]:
    """A process that promises one request after the other until it is told to stop; then how many, the longest, what failed."""
    here, there = os.pipe()
    pid = os.fork()
    if pid:
        os.close(there)

        def hear() -> tuple[int, float, str]:
            with os.fdopen(here, "rb") as pipe:
                return msgspec.json.decode(pipe.read(), type=tuple[int, float, str])

        return pid, hear
    os.close(here)
    is_over: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: is_over.append(1))
    made, longest, error = 0, 0.0, ""
    try:
        with opened(url) as db:
            on = datetime.now(UTC).date().toordinal() + 20
            while not is_over:
                line = Line(item="I000000", quantity=1, requested_on=on)
                began = time.monotonic()
                (answer,) = promises.promise(
                    db, [Request(id=f"beside {made}", verb=Verb.commit, lines=(line,))], actor="prove"
                )
                longest = max(longest, time.monotonic() - began)
                if not isinstance(answer, Decision):
                    error = f"{answer.code}: {answer.detail[:100]}"
                made += 1
                time.sleep(0.02)
    except AccordError as wrong:
        error = f"{wrong.code}: {wrong.detail[:100]}"
    finally:
        os.write(there, msgspec.json.encode((made, longest, error)))
        os.close(there)
        os._exit(0)


def waits_control(seed: int, say: Say) -> Outcome:
    """The same with a switch that holds the ledger longer than anybody may wait."""
    return waits(300, seed, say, hold_seconds=WAIT_SECONDS_MAX + 0.5)


PIECES = (
    Piece(
        id="X6-killed",
        claim="An import that is killed has come in wholly or not at all, and started again it comes to the same.",
        fault="`kill -9` of the process that imports, at moments drawn from its whole length.",
        unit="kills",
        sizes=Sizes(test=8, prove=500, release=5_000),
        chunk=50,
        run=killed,
        control=killed_control,
        control_words="News, policy and open lines come in by a transaction each.",
        is_slow=True,
    ),
    Piece(
        id="X6-waits",
        claim="100,000 rows are checked in 20 s and come in within 60 s, and no promise waits over 5 s for them.",
        fault="Another process promises one request after the other on the same SQLite file meanwhile.",
        unit="rows",
        sizes=Sizes(test=2_000, prove=100_000, release=300_000),
        chunk=100_000,
        run=waits,
        control=waits_control,
        control_words="The switch holds the ledger for half a second longer than anybody may wait.",
        is_slow=True,
        not_covered="Times are those of the machine it runs on, which should have nothing else to do.",
    ),
)
