"""What is left of everything that an option would take, after it is taken? Looked at in one snapshot; nothing is changed."""

from __future__ import annotations

from accord.db.engine import Database
from accord.kit.days import Day
from accord.ledger.decide.trial import Trial
from accord.ledger.model import Kind, kind_of_key
from accord.ledger.service.books import RollFirst, Treatment, unlocked
from accord.promise.decide.plan import apply
from accord.promise.model import Option
from accord.promise.service.in_force import in_force


def left_after(db: Database, option: Option) -> dict[tuple[str, Day], int]:
    """For each key and day that is drawn on: how much of it could still be promised to anybody then."""
    takes = [*option.takes, *[take for made in option.makes for take in made.takes]]
    with db.read() as tx:
        graph, rules, now = in_force(tx)
        treatment = Treatment(
            late_receipt_days=rules.rules.late_receipt_days, fence_days=rules.rules.fence_days
        )
        keys = {take.key for take in takes} | {made.key for made in option.makes}
        shares = {f"allocation:{one.id}" for key in keys for one in graph.allocations_on(key)}
        try:
            book = unlocked(tx, graph, keys | shares, treatment, now)
        except RollFirst:  # midnight has just passed: nothing is said rather than something of yesterday
            return {}
    trial = Trial(graph, book.profiles, book.clock.today, book.clock.default_today)
    apply(trial, option.makes, option.takes)
    return {
        (take.key, take.on): trial.atp(take.key, take.on)
        if kind_of_key(take.key) is Kind.node
        else trial.free(take.key, take.on)
        for take in takes
    }
