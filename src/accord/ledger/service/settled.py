"""What does a key hold once what is over by time is given back? For those who only look: nothing is written."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.ledger import store
from accord.ledger.decide import gate
from accord.ledger.model import Draw, Profile, Supply


def settled(tx: Tx, profiles: Mapping[str, Profile], now: Instant) -> dict[str, Profile]:
    """These profiles without what was held until a moment that has come, as the gate would find them; nothing is written."""
    due = sorted(k for k, p in profiles.items() if p.next_expiry_at is not None and p.next_expiry_at <= now)
    found = dict(profiles)
    if not due:
        return found
    gives: dict[str, list[Draw]] = {}
    drops: dict[str, list[Supply]] = {}
    for draw in store.expiring(tx, due, now):
        gives.setdefault(draw.key, []).append(draw)
    for supply in store.expiring_supplies(tx, due, now):
        drops.setdefault(supply.key, []).append(supply)
    for key in due:
        left = gate.changed(found[key], gives=gives.get(key, ()), drops=drops.get(key, ()))
        found[key] = msgspec.structs.replace(left, version=found[key].version)
    return found
