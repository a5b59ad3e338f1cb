"""Which guards of keeping can be broken: locks, claims, sums, transactions?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from accord.db import requests
from accord.db.tx import Tx
from accord.ledger import store
from accord.ledger.decide import gate
from accord.ledger.model import Profile
from accord.simulation.mutants.breaking import patched


def no_lock() -> AbstractContextManager[None]:
    """M1: read, decide, write, with no lock in between."""

    def read_only(tx: Tx, keys: Sequence[str]) -> dict[str, Profile]:
        found = store.read(tx, keys)
        missing = [key for key, profile in found.items() if not profile.version]
        return found | store_lock(tx, missing)

    store_lock = store.lock
    return patched((store, "lock", read_only))


def claims_nothing() -> AbstractContextManager[None]:
    """M6: a request that was answered before is taken for a new one."""
    real = requests.claim

    def forgetful(tx: Tx, claims: Sequence[requests.Claim], **named: Any) -> Mapping[str, Any]:
        real(tx, claims, **named)
        return {one.id: requests.Claimed(one.id) for one in claims}

    return patched((requests, "claim", forgetful))


def drift() -> AbstractContextManager[None]:
    """M5, M18: now and then the packed sum forgets a draw that the rows have."""
    real, calls = gate.changed, [0]

    def forgetful(profile: Profile, **named: Any) -> Profile:
        calls[0] += 1
        if calls[0] % 7 == 0:
            named["takes"] = tuple(named.get("takes", ()))[1:]
        return real(profile, **named)

    return patched((gate, "changed", forgetful))
