"""What happens when the policy trusts unproven supply more, or less? Receipts are counted anew, and what rests on them is judged."""

from __future__ import annotations

from accord.db.tx import Tx
from accord.kit.digest import canonical
from accord.kit.ids import new_id
from accord.ledger import store
from accord.ledger.service import graphs
from accord.ledger.service.books import Treatment
from accord.ledger.service.news import change, record_cause


def state_treatment(tx: Tx, treatment: Treatment, *, actor: str) -> None:
    """Count receipts that are planned or overdue as the policy says from now on; who is uncovered by that has an exception.

    Raises: Moved when their reach changed before they were locked; the caller starts its transaction again.
    """
    keys = store.keys_of_unproven(tx)
    if not keys:
        return
    cause = new_id("cau")
    told = change(tx, graphs.graph(tx), keys, treatment, lambda _sheets, _clock: None, cause=cause)
    if told.versions:
        record_cause(tx, told, kind="RulesStated", body=canonical(treatment), actor=actor, news_id=cause)
