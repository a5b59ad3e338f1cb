"""What survives when the disk fails at any one I/O: an error, no space, or the power?

The store runs on a disk of ours (`disk.py`). Each point is one I/O of one act and one kind of fault. After it the client
repeats what was not acknowledged, then the power goes; the product's own SQLite opens what is left.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from accord.connect import service as connect
from accord.db import migrations
from accord.db.engine import Database, open_database
from accord.kit.days import iso
from accord.kit.errors import AccordError, Unavailable
from accord.promise.model import Line, Request, Verb
from accord.simulation.clock import Clock, simulated
from prove import apsw_driver, company
from prove.client import Answer, Asked, Client, Op, Told, judge, one
from prove.disk import Disk, Fault
from prove.model import Outcome, Piece, Say, Sizes

KINDS: tuple[Fault, ...] = ("error", "gone", "full", "power")
TRIES_MAX = 3  # an error of a moment is over at the second try
STRIDE = 7_919  # a prime: neighbouring points are tried far apart, so that a few are of many acts

CHECKPOINT = {"PRAGMA wal_autocheckpoint=4000": "PRAGMA wal_autocheckpoint=1"}
NOT_FULL = {"PRAGMA synchronous=FULL": "PRAGMA synchronous=NORMAL"}


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What is done while the disk fails."""

    name: str
    op: Op | None = None  # None: see do
    do: Callable[[Database], object] | None = None  # harmless to do again
    is_done: Callable[[Database], bool] = bool  # whether it need not be done again; it may do it
    is_new: bool = False  # on a database that does not exist yet
    instead: Mapping[str, str] = {}


class Point(msgspec.Struct, frozen=True):
    """One place to fail."""

    act: Act
    kind: Fault
    at: int


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything begins: a database with promises, its log not yet merged."""

    folder: Path
    client: Client
    acts: tuple[Act, ...]
    now: int  # the simulated moment
    seed: int

    def set_up(self, folder: Path, act: Act) -> str:
        """A fresh copy; its URL."""
        if not act.is_new:
            for file in ("accord.db", "accord.db-wal"):
                shutil.copy(self.folder / file, folder / file)
        return f"sqlite:///{folder / 'accord.db'}"


def set_stage(folder: Path, seed: int) -> Stage:
    clock = Clock()
    with simulated(clock, seed):
        db = open_database(f"sqlite:///{folder / 'first.db'}")
        migrations.upgrade(db)
        today = company.begin(db)
        client = Client("c", random.Random(seed), today)

        def line(item: str, quantity: int, days: int) -> Line:
            return Line(item=item, quantity=quantity, requested_on=today + days)

        def ask(id: str, verb: Verb, *lines: Line, promise: str | None = None) -> Asked:
            customer = "ann" if promise is None else None
            return Asked(
                Request(id=id, verb=verb, lines=lines, promise=promise, customer=customer, accept="best")
            )

        def ready(op: Op) -> str:
            return client.sends(op, one(db, op)).promise or ""

        two = (line("s0", 3, 2), line(company.MOVED, 2, 4))
        db.scrub()  # the log begins here: opening reads all of it
        held = ready(ask("h", Verb.hold, *two))
        kept = ready(ask("k", Verb.commit, line("s1", 390, 3), line("s2", 5, 6)))
        for suffix in ("", "-wal"):
            shutil.copy(folder / f"first.db{suffix}", folder / f"accord.db{suffix}")
        db.close()
    news = tuple(company.receipt(f"po-{n}", item, 10 + n, today + 3) for n, item in enumerate(company.ITEMS))
    cut = tuple(company.receipt(f"bulk-{n}", company.ITEMS[n % 6], n + 1, today + n) for n in range(40))
    made = ask("commit", Verb.commit, *two, line(company.MADE, 405, 9))
    table = folder / "receipts.csv"
    rows = [f"r-{n},{company.ITEMS[n % 6]},{company.EAST},{n + 1},{iso(today + n + 1)}" for n in range(60)]
    table.write_text("id,item,site,quantity,due_on\n" + "\n".join(rows) + "\n")

    def bring_in(db: Database) -> bool:
        return connect.import_files(db, [table], actor=company.ACTOR).changed

    acts = (
        Act(name="hold", op=ask("hold", Verb.hold, *two)),
        Act(name="commit", op=made),
        Act(name="commit with checkpoint", op=made, instead=CHECKPOINT),
        Act(name="commit of a hold", op=ask("harden", Verb.commit, promise=held)),
        Act(name="amend", op=ask("amend", Verb.amend, line("s2", 50, 5), line("s0", 1, 1), promise=kept)),
        Act(name="release", op=ask("release", Verb.release, promise=held)),
        Act(name="cancel", op=ask("cancel", Verb.cancel, promise=kept)),
        Act(name="supply news", op=Told("news", news)),
        Act(name="supply news with checkpoint", op=Told("bulk", cut), instead=CHECKPOINT),
        Act(name="import", do=bring_in, is_done=lambda db: not bring_in(db)),
        Act(name="migration", do=migrations.upgrade, is_done=_is_newest, is_new=True),
        Act(
            name="migration with checkpoint",
            do=migrations.upgrade,
            is_done=_is_newest,
            is_new=True,
            instead=CHECKPOINT,
        ),
    )
    return Stage(folder=folder, client=client, acts=acts, now=clock.now, seed=seed)


def _done(act: Act, db: Database) -> Answer:
    if act.op is not None:
        return one(db, act.op)
    assert act.do is not None
    act.do(db)
    return Answer(id=act.name, proof=b"")


def _is_newest(db: Database) -> bool:
    return migrations.current(db) == migrations.head()


def points(stage: Stage) -> list[Point]:
    """Every I/O of every act with every fault that can befall it, counted without any."""
    found: list[Point] = []
    for act in stage.acts:
        disk, answer, wrong = _on_disk(stage, act, None, 0)
        if answer is None:
            raise RuntimeError(f"{act.name} cannot be done at all: {wrong}")
        for kind in KINDS:
            # After the last I/O the power can still go.
            most = disk.writes if kind == "full" else disk.count + (kind == "power")
            found += [Point(act, kind, at) for at in range(1, most + 1)]
    return found


def _on_disk(
    stage: Stage, act: Act, kind: Fault | None, at: int, *, chance: random.Random | None = None,
    instead: Mapping[str, str] = {}, folder: Path | None = None,
) -> tuple[Disk, Answer | None, list[str]]:  # fmt: skip
    """Do an act on the disk, then cut the power and leave what survives; without a folder nothing is left."""
    if folder is None:
        with TemporaryDirectory(dir=_ram()) as other:
            return _on_disk(stage, act, kind, at, folder=Path(other))
    disk, wrong = Disk(), list[str]()
    url = stage.set_up(folder, act)
    if kind is not None:
        disk.arm(kind, at)
    answer: Answer | None = None
    with apsw_driver.on(disk, {**act.instead, **instead}), simulated(Clock(stage.now), stage.seed + 1):
        db: Database | None = None
        for _try in range(TRIES_MAX):
            try:
                db = db or open_database(url)
                answer = _done(act, db)
            except AccordError as error:
                if not isinstance(error, Unavailable):
                    wrong.append(f"answered with {error.status}: {type(error).__name__}: {error.detail}")
                if disk.is_off or not disk.has_struck:
                    break
                disk.mend()
            else:
                break
        else:
            wrong.append(f"not answered in {TRIES_MAX} tries after the disk was well again")
        disk.cut()
        if db is not None:
            db.close()
    if chance is not None:
        disk.survive(chance)
    return disk, answer, wrong


def _ram() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _try(stage: Stage, point: Point, seed: int, instead: Mapping[str, str] = {}) -> tuple[list[str], bool]:
    """What went wrong at one point, and whether it was acknowledged."""
    act = point.act
    chance = random.Random(f"{seed} {act.name} {point.kind} {point.at}")
    with TemporaryDirectory(dir=_ram()) as name:
        folder = Path(name)
        _, answer, wrong = _on_disk(
            stage, act, point.kind, point.at, chance=chance, instead=instead, folder=folder
        )
        with simulated(Clock(stage.now + 60_000_000), stage.seed + 2):
            try:
                wrong += _after(stage, act, answer, f"sqlite:///{folder / 'accord.db'}")
            except AccordError as error:
                wrong.append(f"what is left cannot be used: {type(error).__name__}: {error.detail}")
    at = f"seed {seed}, {act.name}, {point.kind} at I/O {point.at}"
    return [f"{at}: {words}" for words in wrong], answer is not None


def _after(stage: Stage, act: Act, answer: Answer | None, url: str) -> list[str]:
    """What is wrong with what is left: the driver is the product's own."""
    db = open_database(url)
    try:
        wrong = []
        if answer is not None and act.op is None and not act.is_done(db):
            wrong.append("was done and is not there")
        if act.is_new:
            migrations.upgrade(db)
        client = Client("nobody", random.Random(0), 0) if act.is_new else stage.client.copy()
        if act.op is not None:
            # What was not acknowledged is repeated; what was must be there already.
            client.sends(act.op, answer if answer is not None else one(db, act.op))
        else:
            _done(act, db)
            if not act.is_done(db):
                wrong.append("cannot be done any more")
        return wrong + judge(db, [client])
    finally:
        db.close()


def _sweep(count: int, seed: int, say: Say) -> Outcome:
    failures: list[str] = []
    facts = {f"{kind}s": 0 for kind in KINDS} | {"acknowledged": 0}
    with TemporaryDirectory(dir=_ram()) as name:
        # The stage is the same for every seed, so that each point is the same point; the seed is for what is torn.
        stage = set_stage(Path(name), 1)
        there = points(stage)
        for number in range(count):
            point = there[(seed * CHUNK + number) * STRIDE % len(there)]
            wrong, was_acknowledged = _try(stage, point, seed)
            failures += wrong[:3]
            facts[f"{point.kind}s"] += 1
            facts["acknowledged"] += was_acknowledged
            if number % 100 == 99:
                say(f"  {number + 1} of {count}; there are {len(there):,} points; {len(failures)} failures")
            if len(failures) > 20:
                break
    return Outcome(count=count, failures=tuple(failures), facts={**facts, "points_there_max": len(there)})


def _control(seed: int, say: Say) -> Outcome:
    """The same, with a log that is not synced at each commit."""
    failures: list[str] = []
    tried = 0
    with TemporaryDirectory(dir=_ram()) as name:
        stage = set_stage(Path(name), 1)
        acts = [act for act in stage.acts if not act.instead]
        for number in range(CONTROL_POINTS):
            point = Point(acts[number % len(acts)], "power", _AFTER_ALL)
            wrong, _ = _try(stage, point, seed + number, NOT_FULL)
            failures += wrong[:1]
            tried += 1
    say(f"  {len(failures)} of {tried} lost with synchronous=NORMAL")
    return Outcome(count=tried, failures=tuple(failures))


CHUNK = 500
CONTROL_POINTS = 18
_AFTER_ALL = 1_000_000  # an I/O that never comes: the power goes at the end

PIECES = (
    Piece(
        id="R6-sqlite",
        claim=(
            "Nothing acknowledged is lost, nothing is done by half and no file is damaged, at whichever I/O the disk fails."
        ),
        fault=(
            "Hold, commit, commit of a hold, amend, release, cancel, supply news, import and migration, some with a "
            "checkpoint, opening included: at each I/O an error of a moment and one that stays, at each write a full disk, at each I/O and after the last a power "
            "failure in which each write since the last sync is kept, lost or torn by sectors of 512 bytes. After an error the client "
            "asks again and then the power goes, too. The product's own SQLite opens what is left."
            f" The faults happen to {apsw_driver.versions}."
        ),
        unit="points",
        sizes=Sizes(test=40, prove=12_000, release=100_000),
        chunk=CHUNK,
        run=_sweep,
        control=_control,
        control_words="The log is not synced at each commit (PRAGMA synchronous=NORMAL), and the power goes after the answer.",
        not_covered=(
            "Only the write-ahead log, since Accord refuses to work without one. A disk that says it has synced and has not. "
            "The log's index, which is in memory."
        ),
    ),
)
