"""How do the cumulative limits of decision rights get into the ledger? Stated as a whole, with the policy that has them."""

from __future__ import annotations

from collections.abc import Sequence

from accord.db.tx import Tx
from accord.kit.digest import canonical
from accord.kit.ids import new_id
from accord.ledger import store
from accord.ledger.model import LimitRecord
from accord.ledger.service import graphs
from accord.ledger.service.books import Treatment
from accord.ledger.service.news import change, record_cause


def state_limits(tx: Tx, limits: Sequence[LimitRecord], treatment: Treatment, *, actor: str) -> None:
    """State which limits there are; those that are not among them end.

    What was drawn on a limit beyond what it is now stays drawn, and nothing more can be. Raises: Moved when a key of such
    a limit changed its reach before it was locked; the caller starts its transaction again.
    """
    known = graphs.graph(tx).limits
    stated = {limit.id: limit for limit in limits}
    changed = [limit for id, limit in sorted(stated.items()) if known.get(id) != limit]
    ended = sorted(known.keys() - stated.keys())
    if not changed and not ended:
        return
    # First the version, which others that make a key of a limit hold on to, then the keys there are by now.
    graph = graphs.state_records(tx, changed, [("limit", id) for id in ended])
    keys = store.keys_of_limits(tx, [*(limit.id for limit in changed), *ended])
    if not keys:
        return
    cause = new_id("cau")
    told = change(tx, graph, keys, treatment, lambda _sheets, _clock: None, cause=cause)
    record_cause(tx, told, kind="LimitsStated", body=canonical(changed), actor=actor, news_id=cause)
