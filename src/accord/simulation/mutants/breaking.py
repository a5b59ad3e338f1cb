"""How is a guard taken away? By a patch from here; no module of the product knows of it.

Where several guards stand behind each other, a mutant comes with the next ones taken away, too: behind the decision
stands the gate, behind the gate the database's CHECK, and behind everything the auditor and `accord verify`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest import mock

import msgspec

from accord.db.tx import Tx
from accord.kit.days import Day
from accord.ledger import store
from accord.ledger.decide import gate
from accord.ledger.decide.graph import Graph
from accord.ledger.model import Profile

Break = Callable[[], AbstractContextManager[None]]


@contextmanager
def patched(*patches: tuple[Any, str, Any]) -> Iterator[None]:
    """Inside, these attributes (owner, name, value) are others."""
    with ExitStack() as stack:
        for owner, name, value in patches:
            stack.enter_context(mock.patch.object(owner, name, value))
        yield


def together(*breaks: Break) -> Break:
    """Several guards are gone at once."""

    @contextmanager
    def all_of_them() -> Iterator[None]:
        with ExitStack() as stack:
            for one in breaks:
                stack.enter_context(one())
            yield

    return all_of_them


def nothing(*_args: Any, **_named: Any) -> None:
    """What a guard does that is gone."""
    return None


def no_gate() -> AbstractContextManager[None]:
    """The gate lets everything pass."""

    def summary_only(_before: Profile, _middle: Profile, after: Profile, graph: Graph, today: Day) -> int:
        return gate.lowest(after, graph, today)

    return patched((gate, "check", summary_only), (gate, "check_shares", nothing))


def blind_check() -> AbstractContextManager[None]:
    """The database is told that every shortfall may be: its CHECK, and the summary, are right and keep nobody from it."""
    real = store.write_keys

    def allowing(tx: Tx, rows: Sequence[tuple[Profile, int]]) -> None:
        real(
            tx,
            [
                (msgspec.structs.replace(profile, shortfall_max=max(profile.shortfall_max, -low)), low)
                for profile, low in rows
            ],
        )

    return patched((store, "write_keys", allowing))


def unguarded(*breaks: Break) -> Break:
    """These, with neither gate nor CHECK behind them."""
    return together(*breaks, no_gate, blind_check)
