"""Exactly once: whatever the network does to requests and replies, each is done once, and answered the same every time."""

from __future__ import annotations

import http.client
import random
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from queue import Empty, SimpleQueue
from typing import Any

import msgspec

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated, News
from accord.exceptions.service import supply_changed
from accord.kit.days import Day, iso, local_day
from accord.ledger.model import Item, Site
from accord.promise.service import verify
from accord.web.people import keys
from prove.calls import Caller, Reply
from prove.cutting import Heard, Network, bad_network
from prove.grounds import fresh, opened, serving, showing
from prove.model import Outcome, Piece, Say, Sizes

WORKERS = 16
TRIES_MAX = 60
_ITEMS = 40
_STOCK = 200  # of each: some of what is asked for is refused
_OTHER = 0.1  # of the keys come again with another body


class _Call(msgspec.Struct, frozen=True):
    """One request with its key."""

    key: str
    path: str
    body: dict[str, Any]


def _run(engine: str, count: int, seed: int, say: Say, without: str = "") -> Outcome:
    with ExitStack() as stack:
        url = stack.enter_context(fresh(engine))
        with opened(url) as db:
            today = _company(db)
            secret = keys.add(db, "shop", ["ask", "promise", "supply"]).secret
        several = 2 if engine == "postgresql" else 1
        servers = [stack.enter_context(serving(url, without=without)) for _ in range(several)]
        network = Network()
        shop = _Shop(servers, secret, today, network, seed)
        proxies = stack.enter_context(bad_network(servers * (3 - several), network, seed))
        shop.do_all(count, proxies)
        say(f"  done: {dict(network.fates)}")
        shop.repeat_all()
        failures = shop.failures
        with opened(url) as db:
            failures += _ledger(db, shop)
    repeats = sum(one.is_repeat for heard in network.heard.values() for one in heard)
    facts = {f"requests {fate}": number for fate, number in network.fates.items()}
    facts |= {"requests": len(network.heard), "promised": len(shop.promised), "repeats answered": repeats}
    return Outcome(count=count, failures=tuple(f"seed {seed}: {one}" for one in failures), facts=facts)


def _company(db: Database) -> Day:
    with db.read() as tx:
        now = tx.now()
    news: list[News] = [MasterStated(record=Site(id="Halden", name="Halden"))]
    for n in range(_ITEMS):
        news.append(MasterStated(record=Item(id=f"pump-{n}", name=f"Pump {n}")))
        news.append(Counted(item=f"pump-{n}", site="Halden", quantity=_STOCK, as_of=now))
    supply_changed(db, news, actor="erp", id="company")
    return local_day(now, "UTC")


class _Shop:
    """Callers who want something done and go on asking until they have heard the answer."""

    def __init__(self, servers: list[str], secret: str, today: Day, network: Network, seed: int) -> None:
        self._servers = servers
        self._secret = secret
        self._today = today
        self._network = network
        self._seed = seed
        self._calls: list[_Call] = []
        self._lock = threading.Lock()
        self.failures: list[str] = []
        self.promised: dict[str, dict[str, Any]] = {}  # promise -> the order that made it
        self.ended: set[str] = set()  # promises that were cancelled
        self.fulfilled: Counter[str] = Counter()  # by commitment
        self.receipts: dict[str, int] = {}

    def do_all(self, count: int, proxies: list[str]) -> None:
        """So many stories, at several at a time."""
        waiting: SimpleQueue[int] = SimpleQueue()
        for number in range(count):
            waiting.put(number)

        def work() -> None:
            while True:
                try:
                    number = waiting.get_nowait()
                except Empty:
                    return
                try:
                    self._live(f"s{number}", random.Random(f"{self._seed} {number}"), proxies)
                except Exception as error:  # noqa: BLE001 - a story that cannot be told to its end is a failure
                    self._wrong(f"story {number}: {type(error).__name__}: {error}")

        _all_at_once(work)

    def repeat_all(self) -> None:
        """Every request once more, in any order, through any process; some with another body."""
        chance = random.Random(f"again {self._seed}")
        waiting: SimpleQueue[_Call] = SimpleQueue()
        for call in chance.sample(self._calls, len(self._calls)):
            waiting.put(call)

        def work() -> None:
            with ExitStack() as stack:
                callers = [
                    stack.enter_context(closing(Caller(address, self._secret))) for address in self._servers
                ]
                while True:
                    try:
                        call = waiting.get_nowait()
                    except Empty:
                        return
                    with self._lock:
                        other, caller = chance.random() < _OTHER, chance.choice(callers)
                    try:
                        self._repeat(call, caller, otherwise=other and not call.path.endswith(":bulk"))
                    except (OSError, http.client.HTTPException) as error:
                        self._wrong(f"{call.key} came again and was not answered: {error!r}")

        _all_at_once(work)
        for key, heard in self._network.heard.items():
            self._judge(key, heard)

    def _repeat(self, call: _Call, caller: Caller, *, otherwise: bool) -> None:
        reply = caller.post(call.path, call.key, call.body)
        self._network.heard[call.key].append(Heard(reply.status, reply.body, reply.is_repeat))
        if not reply.is_repeat:
            self._wrong(f"{call.key} came again and was not said to be a repeat")
        if otherwise:
            self._otherwise(call, caller)

    def _otherwise(self, call: _Call, caller: Caller) -> None:
        body = {**call.body, "note": "other"}
        if "news" in body:
            body = {"news": [{**body["news"][0], "quantity": "77"}]}
        elif "quantity" in body:
            body = {**call.body, "quantity": str(int(call.body["quantity"]) + 1)}
        reply = caller.post(call.path, call.key, body)
        if reply.status != 422 or msgspec.json.decode(reply.body)["code"] != "request_changed":
            self._wrong(f"{call.key} with another body was answered with {reply.status} {reply.body[:200]!r}")

    def _judge(self, key: str, heard: Sequence[Heard]) -> None:
        if len({(one.status, one.body) for one in heard}) > 1:
            said = sorted({(one.status, one.body[:120]) for one in heard})
            self._wrong(f"{key} was answered in {len(said)} ways: {said[:3]}")
        firsts = sum(not one.is_repeat for one in heard)
        if firsts > 1:
            self._wrong(f"{firsts} answers to {key} were not said to be repeats")
        if any(one.status >= 500 for one in heard):
            self._wrong(f"{key} was answered with {max(one.status for one in heard)}")

    # --- what callers do ---

    def _live(self, name: str, chance: random.Random, proxies: list[str]) -> None:
        def say(key: str, path: str, body: dict[str, Any]) -> Any:
            return msgspec.json.decode(self._until_heard(_Call(key, path, body), chance, proxies).body)

        kind = chance.choices(
            ("commit", "hold", "cancel", "bulk", "receipt", "fulfil"), (60, 12, 8, 6, 6, 8)
        )[0]
        if kind == "receipt":
            quantity = chance.randint(1, 9)
            say(f"{name}-r", "/v1/supply", {"news": [self._receipt(name, chance, quantity)]})
            self.receipts[f"po-{name}"] = quantity
            return
        if kind == "bulk":
            orders = [{"id": f"{name}-{n}", **self._order(chance)} for n in range(3)]
            answer = say(f"{name}-b", "/v1/promises:bulk", {"orders": orders})
            for order, one in zip(orders, answer["items"], strict=True):
                self._took(one["decision"] or {}, order)
            return
        order = self._order(chance)
        made = say(f"{name}-1", "/v1/promises", {**order, "verb": "hold" if kind == "hold" else "commit"})
        if not self._took(made, order) or kind == "commit":
            return
        promise = made["promise"]
        if kind == "hold":
            say(f"{name}-2", f"/v1/promises/{promise}:commit", {})
        elif kind == "cancel":
            say(f"{name}-2", f"/v1/promises/{promise}:cancel", {})
            self.ended.add(promise)
        else:
            self._deliver(name, promise, chance, say)

    def _deliver(self, name: str, promise: str, chance: random.Random, say: Any) -> None:
        with closing(Caller(chance.choice(self._servers), self._secret)) as caller:
            found = msgspec.json.decode(caller.get(f"/v1/promises/{promise}").body)
        commitment = found["lines"][0]["commitments"][0]
        quantity = chance.randint(1, int(commitment["quantity"]))
        body = {"quantity": str(quantity), "at": "2026-01-02T00:00:00Z"}
        say(f"{name}-2", f"/v1/commitments/{commitment['id']}:fulfil", body)
        self.fulfilled[commitment["id"]] += quantity

    def _took(self, decision: dict[str, Any], order: dict[str, Any]) -> bool:
        promise = decision.get("promise")
        if promise is not None:
            self.promised[promise] = order
        return promise is not None

    def _order(self, chance: random.Random) -> dict[str, Any]:
        line = {
            "item": f"pump-{chance.randrange(_ITEMS)}",
            "quantity": str(chance.choice((1, 2, 3, 5, 8, 13, 400))),
            "requested_on": iso(self._today + chance.randint(2, 20)),
        }
        return {"lines": [line], "ref": f"SO {chance.randrange(10**6)}"}

    def _receipt(self, name: str, chance: random.Random, quantity: int) -> dict[str, Any]:
        return {
            "type": "receipt_stated", "item": f"pump-{chance.randrange(_ITEMS)}", "site": "Halden", "id": f"po-{name}",
            "kind": "purchase", "quantity": str(quantity), "due_on": iso(self._today + 30), "ref": name,
        }  # fmt: skip

    def _until_heard(self, call: _Call, chance: random.Random, proxies: list[str]) -> Reply:
        """Ask until there is a whole answer, now and then from two places at once."""
        with self._lock:
            self._calls.append(call)
        for _ in range(TRIES_MAX):
            beside = None
            if chance.random() < 0.15:
                beside = threading.Thread(target=self._try, args=(call, chance.choice(proxies)))
                beside.start()
            reply = self._try(call, chance.choice(proxies))
            if beside is not None:
                beside.join()
            if reply is not None:
                return reply
        raise RuntimeError(f"{call.key} was not answered in {TRIES_MAX} tries")

    def _try(self, call: _Call, proxy: str) -> Reply | None:
        caller = Caller(proxy, self._secret)
        try:
            return caller.post(call.path, call.key, call.body)
        except (OSError, http.client.HTTPException):
            return None
        finally:
            caller.close()

    def _wrong(self, words: str) -> None:
        with self._lock:
            self.failures.append(words)


def _all_at_once(work: Any) -> None:
    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _ledger(db: Database, shop: _Shop) -> list[str]:
    """What the ledger says against what callers heard: nothing more, nothing less."""
    with db.read() as tx:
        # All promises with their state, and what each commitment in force promises and has delivered.
        promises = dict(tx.rows("SELECT id, state FROM promise WHERE in_force"))
        commitments = tx.rows("SELECT id, promise, quantity, fulfilled FROM ledger_commitment WHERE version_to IS NULL")  # fmt: skip
        # Requests that were decided more than once.
        twice = tx.rows("SELECT request_id, count(*) FROM decision GROUP BY request_id HAVING count(*) > 1")
        receipts = dict(tx.rows("SELECT id, sum(quantity) FROM ledger_supply WHERE version_to IS NULL AND kind = 'purchase' GROUP BY id"))  # fmt: skip
    found = [f"{id} was decided {count} times" for id, count in twice]
    found += [f"{id} was answered and is lost" for id in sorted(shop.promised.keys() - promises.keys())]
    found += [
        f"{id} is promised and nobody was told" for id in sorted(promises.keys() - shop.promised.keys())
    ]
    found += [f"{id} was cancelled and is {promises[id]}" for id in shop.ended if promises[id] != "cancelled"]
    held: Counter[str] = Counter()
    delivered: Counter[str] = Counter()
    for id, promise, quantity, fulfilled in commitments:
        held[promise] += quantity
        delivered[id] += fulfilled
    for promise, order in shop.promised.items():
        wanted = int(order["lines"][0]["quantity"])
        if promise not in shop.ended and held[promise] != wanted:
            found.append(f"{promise} is for {wanted} and holds {held[promise]}")
    found += [
        f"{id} had {quantity} delivered and says {delivered[id]}"
        for id, quantity in shop.fulfilled.items()
        if delivered[id] != quantity
    ]
    if receipts != shop.receipts:
        found.append(f"receipts differ: {sorted(set(receipts.items()) ^ set(shop.receipts.items()))[:5]}")
    return found + [f"{one.key}: {one.what}: {one.detail}" for one in verify(db).findings]


def _two(count: int, seed: int, say: Say) -> Outcome:
    return _run("postgresql", count, seed, say)


def _file(count: int, seed: int, say: Say) -> Outcome:
    return _run("sqlite", count, seed, say)


def _two_unclaimed(seed: int, say: Say) -> Outcome:
    return showing(_run("postgresql", 30, seed, say, "claim"), "was decided")


def _file_unclaimed(seed: int, say: Say) -> Outcome:
    return showing(_run("sqlite", 30, seed, say, "claim"), "was decided")


_FAULT = (
    "A proxy loses requests, cuts them, closes the connection while the server works, swallows or cuts replies and sends requests "
    "twice; callers repeat until they have heard the answer, also from two places at once, and all is repeated at the end in any "
    "order, some of it with another body."
)
_CONTROL = "Request ids are not claimed in the transaction of what they do."

PIECES = (
    Piece(
        id="R4-processes",
        claim="Each request is done once and answered with the same bytes every time, whichever of two servers on PostgreSQL is asked; the same id with another body is refused.",
        fault=_FAULT,
        unit="commits",
        sizes=Sizes(test=60, prove=10_000, release=200_000),
        chunk=1_000,
        run=_two,
        control=_two_unclaimed,
        control_words=_CONTROL,
        is_slow=True,
    ),
    Piece(
        id="R4-file",
        claim="The same holds for the server of a file.",
        fault=_FAULT,
        unit="commits",
        sizes=Sizes(test=60, prove=10_000, release=200_000),
        chunk=1_000,
        run=_file,
        control=_file_unclaimed,
        control_words=_CONTROL,
    ),
)
