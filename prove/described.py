"""Does the API answer as its description says, to whatever schemathesis makes of it, whoever asks?

All phases of schemathesis: the bounds of every parameter, random requests, and sequences that follow ids from one answer into the
next. The application is called in this process, on a company of its own, as each role with a session, with each scope of a key, and as
nobody. What can be told of every answer is told: no fault, no status, content type or body that the description does not have, nothing
without a key that needs one.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import mock

import schemathesis
import structlog
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from tests.company import tell

from accord.db.engine import Database
from accord.kit.errors import AccordError
from accord.ledger import api as ledger_api
from accord.policy import service as policy
from accord.promise import service as promises
from accord.web.access import authority
from accord.web.people import accounts, keys, sessions
from accord.web.server.app import Accord, on
from prove.grounds import fresh, opened
from prove.model import Outcome, Piece, Say, Sizes

CALLERS = (
    *(f"a {role}" for role in authority.ROLES),
    *(f"a key for {scope}" for scope in keys.SCOPES),
    "nobody",
)
_WHOLE = 5_000  # from so many cases on, the bounds of every parameter are tried, too: some 2,500 cases
_BOUNDS = 2_500
_FAILURES_MAX = 20

_CHECKS: dict[str, Any] = {
    # What a quantity, a day or a name may be is said in words: a request that fits the description may well mean nothing.
    "positive_data_acceptance": {"enabled": False},
    "negative_data_rejection": {"expected-statuses": ["400", "401", "403", "404", "405", "409", "413", "415", "422", "429"]},
}  # fmt: skip
# A key that is made up beside a good session is sometimes none at all ("Authorization:" and nothing), and then the session counts.
_BY_COOKIE = frozenset(f"a {role}" for role in authority.ROLES)
# Whole numbers as text and 0 or 1 for no or yes are taken, though the description says otherwise: nothing else is meant by them.
_MEANT = "Incorrect type"


class Tried(NamedTuple):
    """What one round came to."""

    count: int
    failures: list[str]
    statuses: Counter[str]


@contextmanager
def _company() -> Iterator[tuple[Database, Accord, dict[str, dict[str, str]]]]:
    """A small company with what each caller sends along."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        with fresh("sqlite") as url, opened(url) as db:
            tell(db)
            sent: dict[str, dict[str, str]] = {"nobody": {}}
            for role in authority.ROLES:
                account = accounts.add(db, f"The {role}", [role], by="prove")
                cookie = f"__Host-accord={sessions.begin(db, account.id, device='prove')}"
                sent[f"a {role}"] = {"Cookie": cookie, "Origin": "https://testserver"}
            for scope in keys.SCOPES:
                sent[f"a key for {scope}"] = {
                    "Authorization": f"Bearer {keys.add(db, scope, [scope]).secret}"
                }
            yield db, on(db, rate=0), sent
            promises.desk(db).close()
    finally:
        structlog.reset_defaults()


def _tried(app: Accord, caller: str, headers: dict[str, str], *, seed: int, each: int, bounds: bool) -> Tried:
    """One round of all phases as one caller; `each`: so many random requests of every operation."""
    given = {
        "seed": seed,
        "base-url": "https://testserver",
        "headers": headers,
        "continue-on-failure": True,
        "generation": {"max-examples": each, "database": "none"},
        "phases": {"coverage": {"enabled": bounds}},
        "checks": _CHECKS if caller not in _BY_COOKIE else _CHECKS | {"ignored_auth": {"enabled": False}},
    }
    schema = schemathesis.openapi.from_asgi(
        "/v1/openapi.json", app, config=SchemathesisConfig.from_dict(given)
    )
    count, failures, statuses = 0, [], Counter[str]()
    for event in engine.from_schema(schema).execute():
        if isinstance(event, FatalError | NonFatalError):
            failures.append(f"{caller}, seed {seed}: {event}"[:600])
        if not isinstance(event, ScenarioFinished):
            continue
        count += len(event.recorder.cases)
        for one in event.recorder.interactions.values():
            if one.response is not None:
                statuses[f"answered_{one.response.status_code}"] += 1
        for case_id, checks in event.recorder.checks.items():
            case = event.recorder.cases[case_id].value
            for check in checks:
                if check.failure_info is not None and _MEANT not in check.failure_info.failure.message:
                    words = check.failure_info.failure.message.replace("\n", " ")[:300]
                    failures.append(
                        f"{caller}, seed {seed}: {check.name}: {words}: {case.as_curl_command()[:400]}"
                    )
    return Tried(count, failures, statuses)


def run(count: int, seed: int, say: Say) -> Outcome:
    """So many cases, spread over all callers; which of them has the bounds tried goes round with the seed."""
    left, failures, facts = count, [], Counter[str]()
    with _company() as (db, app, sent):
        rounds = 0
        while left > 0 and len(failures) < _FAILURES_MAX:
            caller = CALLERS[(seed + rounds) % len(CALLERS)]
            bounds = not rounds and count >= _WHOLE
            each = max(1, (count - (_BOUNDS if count >= _WHOLE else 0)) // (len(CALLERS) * 45))
            tried = _tried(app, caller, sent[caller], seed=seed + rounds, each=each, bounds=bounds)
            say(f"  {caller}: {tried.count} cases")
            left, rounds = left - tried.count, rounds + 1
            failures += tried.failures
            facts.update(tried.statuses)
        failures += [f"seed {seed}: after it, the ledger: {one}" for one in promises.verify(db).findings]
    return Outcome(count=count, failures=tuple(failures[:_FAILURES_MAX]), facts=dict(facts))


# --- control: three faults of a route, each of which must be noticed ---


class _Teapot(AccordError):
    """A status that no route says it may answer with."""

    status = 418


def _fault(*_: Any) -> Any:
    raise ZeroDivisionError


def _undocumented(*_: Any) -> Any:
    raise _Teapot("planted")


def _of_another_type(**named: Any) -> Any:
    return real_site(**(named | {"zone": 7}))


real_site = ledger_api.SiteOut
PLANTED = (
    ("not_a_server_error", "/v1/items", ledger_api, "ItemPage", _fault),
    ("status_code_conformance", "/v1/customers", policy, "book", _undocumented),
    ("response_schema_conformance", "/v1/sites", ledger_api, "SiteOut", _of_another_type),
)


def control(seed: int, say: Say) -> Outcome:
    """Each fault by itself; where one of them is not noticed, the control has seen nothing."""
    found, count = [], 0
    with _company() as (_db, app, sent):
        caller = "a key for admin"
        for check, path, module, name, planted in PLANTED:
            with mock.patch.object(module, name, planted):
                tried = _tried(app, caller, sent[caller], seed=seed, each=2, bounds=False)
            count += tried.count
            noticed = [one for one in tried.failures if check in one and path in one]
            if not noticed:
                return Outcome(count=count)
            found.append(noticed[0])
    return Outcome(count=count, failures=tuple(found))


PIECES = (
    Piece(
        id="S5-schema",
        claim="The API answers as its description says: no fault, no status, content type or body that is not in it.",
        fault="schemathesis makes requests of the description: the bounds of every parameter, random and malformed ones, sequences that"
        " follow ids from one answer into the next; as each role with a session, with each scope of a key, and as nobody.",
        unit="cases",
        sizes=Sizes(test=1_200, prove=5_000, release=50_000),
        chunk=5_000,
        run=run,
        control=control,
        control_words="A route has a fault, answers with an undocumented status, or with a body of another type; each must be noticed.",
        is_slow=True,
        not_covered="That what fits the description is also accepted: what a quantity, a day or a name may be is said in words."
        " Numbers as text, and 0 or 1 for no or yes, are taken. Pages for people are no part of the description.",
    ),
)
