"""How do orders promised elsewhere before go-live become promises here? Recorded, never refused."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from accord.db.tx import Tx
from accord.kit.days import Day, Instant
from accord.ledger.model import Commitment, State
from accord.ledger.service import graphs
from accord.promise import store
from accord.promise.decide.reply import half_up
from accord.promise.model import Promise, PromiseLine


def record_openings(
    tx: Tx,
    openings: Sequence[tuple[Commitment, str | None, str, Day, int | None]],
    *,
    actor: str,
    request: str,
    now: Instant,
) -> None:
    """Write the promise of each opening commitment: (commitment, customer, order number, requested day, price)."""
    items = graphs.graph(tx).items if openings else {}
    store.put_promises(
        tx,
        [
            Promise(
                id=commitment.promise,
                state=commitment.state,
                customer=customer,
                actor=actor,
                ref=ref,
                request=request,
                decision="",
                lines=(
                    PromiseLine(
                        line=0,
                        item=commitment.item,
                        quantity=commitment.quantity,
                        requested_on=requested_on,
                        first_promised_on=commitment.deliver_on,
                        promised_on=commitment.deliver_on,
                        price_minor=price_minor,
                        site=commitment.site,
                        commitments=(commitment.id,),
                    ),
                ),
                made_at=now,
                changed_at=now,
                value_minor=None
                if price_minor is None
                else half_up(commitment.quantity * price_minor, items[commitment.item].scale),
            )
            for commitment, customer, ref, requested_on, price_minor in openings
        ],
    )


def cancel_openings(tx: Tx, promises: Sequence[str], *, now: Instant) -> None:
    """Write down that these are promised no more, their import having been undone."""
    found = store.promises(tx, sorted(promises))
    store.put_promises(
        tx,
        [
            msgspec.structs.replace(one, state=State.cancelled, version=one.version + 1, changed_at=now)
            for one in found.values()
        ],
    )
