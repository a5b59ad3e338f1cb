"""What survives when the process that promises is killed, again and again, at any moment?"""

from __future__ import annotations

import math
import random
import time

from prove import company, grounds
from prove.client import Client, judge
from prove.model import Outcome, Piece, Say, Sizes
from prove.worker import Nursery, Start, Worker

CLIENTS = 5
KILLS_OF_CONTROL = 12
LIFE_SECONDS = (0.02, 0.25)  # how long a worker lives from when it is ready
INFANCY = 0.15  # how often it does not live to be ready
REFUSED_MAX = 50  # answers in a row that say "not now", after which it will never be now
PATIENCE_SECONDS = 60  # a call that takes longer is stuck


class _Killer:
    """Clients that call a worker, and the hand that kills it."""

    def __init__(self, nursery: Nursery, start: Start, clients: list[Client], chance: random.Random) -> None:
        self.nursery, self.start, self.clients, self.chance = nursery, start, clients, chance
        self.kills = 0
        self.calls_cut = 0
        self.wrong: list[str] = []
        self._worker: Worker | None = None
        self._ends_at = math.inf
        self._is_killing = True
        self._refused = 0

    def live(self, kills: int) -> None:
        """Go on until so many were killed; then let everybody have an answer."""
        while self.kills < kills and not self.wrong:
            self._call(self.chance.sample(self.clients, self.chance.randint(1, len(self.clients))))
        self._is_killing, self._ends_at = False, math.inf
        while any(client.is_waiting for client in self.clients) and not self.wrong:
            self._call([client for client in self.clients if client.is_waiting])
        if self._worker is not None:
            self._worker.close()

    def _call(self, clients: list[Client]) -> None:
        worker = self._worker or self._born()
        if worker is None:
            return
        waiting = {client.op().id: client for client in clients}
        worker.send([client.op() for client in clients])
        gives_up_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            said = worker.hear(until=min(self._ends_at, gives_up_at))
            if said is None:
                if time.monotonic() > gives_up_at:
                    self.wrong.append(f"no answer within {PATIENCE_SECONDS} s to {sorted(waiting)}")
                self.calls_cut += bool(waiting)
                self._died()
                return
            if said.answer is not None:
                waiting.pop(said.answer.id).heard(said.answer)
                self._refused = 0
                if self.start.without and self.chance.random() < 0.1:
                    worker.kill()  # the control is to be found on a machine of whatever speed
            elif said.error:
                self._refused += 1
                if said.status != 503 or self._refused > REFUSED_MAX:
                    self.wrong.append(f"{sorted(waiting)}: answered with {said.status}: {said.error}")
            else:
                return

    def _born(self) -> Worker | None:
        """A new worker; None when it was killed before it was ready."""
        worker = self._worker = self.nursery.worker(self.start)
        is_infant = self._is_killing and self.chance.random() < INFANCY
        self._ends_at = time.monotonic() + (self.chance.uniform(0, 0.03) if is_infant else PATIENCE_SECONDS)
        said = worker.hear(until=self._ends_at)
        if said is None:
            self._died()
            return None
        if said.error:
            self.wrong.append(f"a new process could not begin: {said.status}: {said.error}")
            return None
        if not self._is_killing:
            self._ends_at = math.inf
        elif not is_infant:
            self._ends_at = time.monotonic() + self.chance.uniform(*LIFE_SECONDS)
        return worker

    def _died(self) -> None:
        assert self._worker is not None
        if not self._worker.was_killed:
            self.wrong.append("a process ended by itself; its words are above")
        self._worker.close()
        self._worker = None
        self.kills += 1


def _killed(url: str, kills: int, seed: int, say: Say, *, without: str = "") -> Outcome:
    """Kill so often on an empty database, then judge."""
    chance = random.Random(seed)
    with grounds.opened(url) as db:
        today = company.begin(db)
    clients = [Client(f"c{n}", random.Random(f"{seed} {n}"), today) for n in range(CLIENTS)]
    with Nursery() as nursery:
        killer = _Killer(nursery, Start(url=url, without=without), clients, chance)
        killer.live(kills)
    say(f"  {killer.kills} kills, {sum(len(c.answered) for c in clients):,} acknowledged")
    wrong = killer.wrong
    if not wrong:
        with grounds.opened(url) as db:
            wrong = judge(db, clients)
    return Outcome(
        count=killer.kills,
        failures=tuple(f"seed {seed}: {words}" for words in wrong[:20]),
        facts={"acknowledged": sum(len(c.answered) for c in clients), "calls cut": killer.calls_cut},
    )


def _piece(engine: str) -> Piece:
    def run(count: int, seed: int, say: Say) -> Outcome:
        with grounds.fresh(engine.lower()) as url:
            return _killed(url, count, seed, say)

    def control(seed: int, say: Say) -> Outcome:
        with grounds.fresh(engine.lower()) as url:
            return _killed(url, KILLS_OF_CONTROL, seed, say, without="commit")

    return Piece(
        id=f"R5-engine-{engine.lower()}",
        claim=f"On {engine} a promise that was acknowledged survives kill -9 of the process that made it, once.",
        fault=(
            "A process with the real store and services answers five clients: hold, commit, harden, renew, amend, release, "
            "cancel, supply news. It gets SIGKILL after 0 to 250 ms and is started again on the same database; clients "
            "repeat what was not answered with the same ids. At the end each acknowledged answer is asked for again, "
            "and verify and the auditor read the ledger."
        ),
        unit="kills",
        sizes=Sizes(test=8, prove=1_000, release=10_000),
        chunk=100,
        run=run,
        control=control,
        control_words="Answers go out before the transaction commits.",
        is_slow=engine == "PostgreSQL",
    )


PIECES = (_piece("SQLite"), _piece("PostgreSQL"))
