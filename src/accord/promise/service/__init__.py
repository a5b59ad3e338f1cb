"""What happens when someone asks for a promise, in order?"""

from accord.promise.service.batch import ask, promise, promise_one
from accord.promise.service.groups import groups_of
from accord.promise.service.left import left_after
from accord.promise.service.openings import cancel_openings, record_openings
from accord.promise.service.reads import (
    Quote,
    approval,
    approvals,
    customers_in_use,
    decision,
    decisions_of_requests,
    promise_of,
    promise_with,
    promises,
    promises_named,
    promises_numbered,
    quote,
    quotes,
    why,
)
from accord.promise.service.repeats import is_repeat
from accord.promise.service.replays import Replay, replay, replay_all
from accord.promise.service.tables import PromiseDesk, desk
from accord.promise.service.tidying import prune, tidy
from accord.promise.service.trying import (
    Compared,
    Retrial,
    compare_policies,
    how_much,
    last_period,
    try_policy,
)
from accord.promise.service.verifying import Findings, verify
from accord.promise.service.whose import is_everybodys, out_of_reach, owner_of_decision

__all__ = [
    "Compared",
    "Findings",
    "PromiseDesk",
    "Quote",
    "Replay",
    "Retrial",
    "approval",
    "approvals",
    "ask",
    "cancel_openings",
    "compare_policies",
    "customers_in_use",
    "decision",
    "decisions_of_requests",
    "desk",
    "groups_of",
    "how_much",
    "is_everybodys",
    "is_repeat",
    "last_period",
    "left_after",
    "out_of_reach",
    "owner_of_decision",
    "promise",
    "promise_of",
    "promise_one",
    "promise_with",
    "promises",
    "promises_named",
    "promises_numbered",
    "prune",
    "quote",
    "quotes",
    "record_openings",
    "replay",
    "replay_all",
    "tidy",
    "try_policy",
    "verify",
    "why",
]
