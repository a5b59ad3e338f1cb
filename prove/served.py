"""What survives when the whole server is killed, again and again, with callers on the line?"""

from __future__ import annotations

import http.client
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import msgspec

from accord.kit.days import iso
from accord.kit.errors import AccordError
from accord.promise.model import Line, Verb
from accord.web.people import keys
from prove import company, grounds
from prove.calls import Caller, Reply
from prove.client import Answer, Asked, Client, Op, judge, send_all
from prove.model import Outcome, Piece, Say, Sizes
from prove.records import ROOT

CALLERS = 4
LIFE_SECONDS = (0.05, 0.8)  # from when it is ready until it is killed
WAIT_SECONDS_MAX = 60  # for a server to be ready, and for a caller to be answered
CYCLES_OF_CONTROL = 3


class Gone(Exception):
    """No whole answer came."""


# --- what is sent ---


def _lines(lines: tuple[Line, ...]) -> list[dict[str, str]]:
    return [
        {"item": one.item, "quantity": str(one.quantity), "requested_on": iso(one.requested_on)}
        for one in lines
    ]


def posted(op: Op) -> tuple[str, dict[str, object]]:
    """Path and body of an op."""
    if not isinstance(op, Asked):
        news = [
            {
                "type": "receipt_stated", "id": one.id, "item": one.item, "site": one.site, "kind": one.kind.value,
                "ref": one.ref, "quantity": str(one.quantity), "due_on": iso(one.due_on),
            }
            for one in op.news
        ]  # fmt: skip
        return "/v1/supply", {"news": news}
    request = op.request
    if request.promise is not None and request.verb is not Verb.amend:
        return f"/v1/promises/{request.promise}/:{request.verb.value}", {}
    body: dict[str, object] = {"lines": _lines(request.lines), "accept": request.accept}
    if request.promise is not None:
        return f"/v1/promises/{request.promise}/:amend", body
    return "/v1/promises", {**body, "verb": request.verb.value, "customer": request.customer}


def answer_in(op: Op, reply: Reply) -> Answer:
    """What was acknowledged. Raises: Gone when it was not."""
    if reply.status == 503:
        raise Gone
    said = msgspec.json.decode(reply.body)
    if reply.status not in (200, 201, 202, 409):
        raise AccordError(f"{op.id} was answered with {reply.status}: {reply.body[:300]!r}")
    said.pop("request_id", None)  # the only part that is of the call, not of the answer
    proof = b"%d " % reply.status + msgspec.json.encode(said, order="deterministic")
    is_done = reply.status != 409 and isinstance(op, Asked)
    return Answer(
        id=op.id, proof=proof, decision=said.get("id") or "", promise=said["promise"] if is_done else None
    )


# --- the server ---


class _Server:
    """The process, started and killed."""

    def __init__(self, url: str, *, without: str = "") -> None:
        self._url, self._without = url, without
        self._process: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self) -> float:
        """Start it; how many seconds until it was ready: until a request was answered."""
        began = time.monotonic()
        command: list[str | Path] = [Path(sys.executable).with_name("accord")]
        if self._without:
            command = [sys.executable, "-m", "prove.unguarded", self._without]
        self._process = subprocess.Popen(
            [*command, "serve", "--port", "0", "--rate", "0", "--db", self._url],
            cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env={**os.environ, "NO_COLOR": "1"},
        )  # fmt: skip
        assert self._process.stderr is not None
        line = self._process.stderr.readline()
        match = re.match(r"Serving (http://\S+)", line)
        if match is None:
            with self._process.stderr:
                said = line + self._process.stderr.read()
            raise AccordError(f"the server did not start again: {said}")
        # What it says later is of no interest, but must not fill the pipe.
        self._reader = threading.Thread(target=_read_to_the_end, args=(self._process.stderr,))
        self._reader.start()
        caller = Caller(match[1], "")
        status = caller.get("/v1/health").status
        caller.close()
        if status != 200:
            raise AccordError(f"the server is not healthy: {status}")
        self.address = match[1]
        return time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL to the process."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._reader.join()
            self._process = None


def _read_to_the_end(source: IO[str]) -> None:
    with source:
        source.read()


# --- the callers ---


class _Line:
    """One caller who calls wherever the server is, until told to stop."""

    def __init__(self, client: Client, server: _Server, secret: str) -> None:
        self.client, self._server, self._secret = client, server, secret
        self._caller: Caller | None = None
        self._at = ""
        self.wrong: list[str] = []
        self.cut = 0

    def call(self, op: Op) -> Answer:
        """Raises: Gone when no answer came."""
        try:
            if self._caller is None or self._at != self._server.address:
                self.close()
                self._at = self._server.address
                self._caller = Caller(self._at, self._secret, timeout=WAIT_SECONDS_MAX)
            path, body = posted(op)
            return answer_in(op, self._caller.post(path, op.id, body))
        except (OSError, http.client.HTTPException) as error:
            raise Gone from error

    def close(self) -> None:
        """Hang up."""
        if self._caller is not None:
            self._caller.close()

    def live(self, stop: threading.Event) -> None:
        """Call until told to stop, and then until everything is answered."""
        patience = 0.0
        while not self.wrong and (not stop.is_set() or self.client.is_waiting):
            try:
                self.client.heard(self.call(self.client.op()))
                patience = 0.0
            except Gone:
                self.cut += not patience
                patience = patience or time.monotonic() + WAIT_SECONDS_MAX
                if time.monotonic() > patience:
                    self.wrong.append(f"{self.client.op().id} was not answered in {WAIT_SECONDS_MAX} s")
                time.sleep(0.01)
            except AccordError as error:
                self.wrong.append(error.detail)


def _killed(url: str, kills: int, seed: int, say: Say, *, without: str = "") -> Outcome:
    """Kill the server so often, then judge."""
    chance = random.Random(seed)
    with grounds.opened(url) as db:
        today = company.begin(db)
        secret = keys.add(db, company.ACTOR, ["promise", "supply"]).secret
    server = _Server(url, without=without)
    lines = [
        _Line(Client(f"c{n}", random.Random(f"{seed} {n}"), today), server, secret) for n in range(CALLERS)
    ]
    stop = threading.Event()
    threads = [threading.Thread(target=line.live, args=(stop,)) for line in lines]
    wrong: list[str] = []
    ready = [server.start()]
    try:
        for thread in threads:
            thread.start()
        for _ in range(kills):
            if without:
                _wait_for_an_answer(lines)  # else nothing could be lost
            else:
                time.sleep(chance.uniform(*LIFE_SECONDS))
            server.kill()
            ready.append(server.start())
    except AccordError as error:
        wrong.append(error.detail)
        for line in lines:
            line.wrong.append("there is no server any more")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        try:
            if not wrong:
                wrong += [words for line in lines for words in line.wrong] or _judged(url, lines)
        finally:
            server.kill()
            for line in lines:
                line.close()
    acknowledged = sum(len(line.client.answered) for line in lines)
    say(
        f"  {len(ready) - 1} kills, {acknowledged:,} acknowledged, ready again in {max(ready):.2f} s at worst"
    )
    return Outcome(
        count=len(ready) - 1,
        failures=tuple(f"seed {seed}: {words}" for words in wrong[:20]),
        facts={
            "acknowledged": acknowledged,
            "calls cut": sum(line.cut for line in lines),
            "ready_ms_max": round(max(ready) * 1_000),
            "ready later than 2 s": sum(seconds > 2 for seconds in ready),
        },
    )


def _wait_for_an_answer(lines: list[_Line]) -> None:
    """Until somebody was answered anew, on a machine of whatever load."""
    had = sum(len(line.client.answered) for line in lines)
    gives_up_at = time.monotonic() + WAIT_SECONDS_MAX
    while sum(len(line.client.answered) for line in lines) == had and time.monotonic() < gives_up_at:
        time.sleep(0.002)


def _judged(url: str, lines: Iterable[_Line]) -> list[str]:
    lines = list(lines)

    with grounds.opened(url) as db:
        return judge(db, [line.client for line in lines], again=send_all(lines[0].call))


def _piece(engine: str) -> Piece:
    def run(count: int, seed: int, say: Say) -> Outcome:
        with grounds.fresh(engine.lower()) as url:
            return _killed(url, count, seed, say)

    def control(seed: int, say: Say) -> Outcome:
        with grounds.fresh(engine.lower()) as url:
            return _killed(url, CYCLES_OF_CONTROL, seed, say, without="commit")

    return Piece(
        id=f"R5-server-{engine.lower()}",
        claim=f"On {engine} what `accord serve` answered survives kill -9 of the server, once, and it is soon back.",
        fault=(
            "Four callers hold, commit, harden, renew, amend, release, cancel and tell supply news over HTTP. The server process gets "
            "SIGKILL 50 to 800 ms after it was ready and is started again; callers repeat what was not answered with the same "
            "keys. How long it takes from the start of the process to the first answer is a fact, the worst of all."
        ),
        unit="kills",
        sizes=Sizes(test=2, prove=20, release=500),
        chunk=20,
        run=run,
        control=control,
        control_words="Answers go out before the transaction commits.",
        is_slow=True,
    )


PIECES = (_piece("SQLite"), _piece("PostgreSQL"))
