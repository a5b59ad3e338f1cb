"""Replay: what was decided is decided again, after all that happened since, and comes out the same to the byte."""

from __future__ import annotations

import time
from collections import Counter

from accord.db.engine import Database, open_database
from accord.promise.service import replay_all
from prove.grounds import ENGINES, fresh, showing
from prove.model import Outcome, Piece, Say, Sizes
from prove.stories import story

STORY = 500  # decisions of one story


def _run(count: int, seed: int, say: Say, *, changed: str = "") -> Outcome:
    """So many decisions, half of them on each engine; `changed` is a statement that changes what was there."""
    failures: list[str] = []
    facts: Counter[str] = Counter()
    tried = 0
    for number, engine in enumerate(ENGINES):
        wanted = count // 2 if number else count - count // 2
        while wanted > 0:
            most = min(STORY, wanted)
            with fresh(engine) as url:
                _live(url, f"{seed} {engine} {tried}", most, facts, changed)
                db = open_database(url)
                try:
                    failures += _replayed(db, engine, facts)
                finally:
                    db.close()
            wanted -= most
            tried += most
            say(f"  {engine}: {most} decisions, {len(failures)} not the same")
    if count >= STORY and not facts["approvals given or declined"]:
        failures.append("nothing was approved or declined, so nothing is shown of it")
    return Outcome(count=tried, failures=tuple(f"seed {seed}, {one}" for one in failures), facts=dict(facts))


def _live(url: str, seed: str, most: int, facts: Counter[str], changed: str) -> None:
    db = open_database(url)
    try:
        with story(db, abs(hash_of(seed))) as told:
            number = 0
            while number % 10 or _decisions(db) < most:
                told.step()
                number += 1
        facts["things that happened"] += number
        facts["of these changes of rules, rights, prices and costs"] += sum(
            told.counts[name] for name in ("price", "cost", "rules", "rights", "edition")
        )
        facts["approvals given or declined"] += sum(
            told.counts[f"{verb} {verdict}"]
            for verb in ("approve", "decline")
            for verdict in ("yes", "yes_but", "done")
        )
        if changed:
            with db.write() as tx:
                tx.execute(changed)
    finally:
        db.close()


def hash_of(words: str) -> int:
    """A seed from words, the same in every process."""
    return int.from_bytes(words.encode(), "big") % (1 << 61)


def _decisions(db: Database) -> int:
    with db.read() as tx:
        return int(tx.rows("SELECT count(*) FROM decision")[0][0])


def _replayed(db: Database, engine: str, facts: Counter[str]) -> list[str]:
    began = time.perf_counter()
    again = replay_all(db)
    facts["replayed"] += len(again)
    facts[f"milliseconds replaying, {engine}"] += round((time.perf_counter() - began) * 1_000)
    return [f"{engine}: {one.decision}: {one.difference}" for one in again if not one.same]


def _overwritten(seed: int, say: Say) -> Outcome:
    changed = "UPDATE ledger_supply SET quantity = quantity + 10 WHERE kind = 'on_hand'"
    return showing(_run(60, seed, say, changed=changed), "at byte")


PIECES = (
    Piece(
        id="R15-replay",
        claim="Stored decisions are decided again byte for byte on both stores, whatever happened since.",
        fault="Between and after the decisions receipts slip, stock is counted, days pass, rules, rights, editions, prices and costs change, approvals are given, promises are amended and cancelled; the database is then opened anew.",
        unit="decisions",
        sizes=Sizes(test=80, prove=10_000, release=100_000),
        chunk=1_000,
        run=_run,
        control=_overwritten,
        control_words="Rows of the ledger are overwritten instead of being ended and followed by new ones.",
    ),
)
