"""Decision rights: no sequence of requests gets more than they give, and nobody approves his own."""

from __future__ import annotations

from collections.abc import Callable
from unittest import mock

from accord.policy import decide as policy
from accord.promise.decide import approval
from prove.model import Outcome, Piece, Say, Sizes
from prove.rights import life, race

_CONTROL = 1_500


def _of(role: str) -> Callable[[int, int, Say], Outcome]:
    def run(count: int, seed: int, say: Say) -> Outcome:
        return life.run(role, count, seed, say)

    return run


def _unguarded(role: str) -> Callable[[int, Say], Outcome]:
    """Each guard by itself; where one of them is not missed, the control has seen nothing."""

    def control(seed: int, say: Say) -> Outcome:
        found = [one(role, seed, say) for one in (_undrawn, _own)]
        failures = tuple(words for one in found for words in one.failures)
        return Outcome(
            count=sum(one.count for one in found),
            failures=failures if all(one.failures for one in found) else (),
        )

    return control


def _undrawn(role: str, seed: int, say: Say) -> Outcome:
    real = policy.judge_in

    def without_takes(*given: object, **named: object) -> object:
        ruling, _takes = real(*given, **named)  # type: ignore[arg-type]
        return ruling, ()

    with mock.patch.object(policy, "judge_in", without_takes):
        return life.run(role, _CONTROL, seed, say, failures_max=1)


def _own(role: str, seed: int, say: Say) -> Outcome:
    with mock.patch.object(approval, "person_of", side_effect=lambda _rights, _id: object()):
        return life.run(role, _CONTROL, seed, say, failures_max=1)


def _piece(role: str, *, is_slow: bool = False) -> Piece:
    return Piece(
        id=f"S3-rights-{role}",
        claim=f"Whatever a{'n' if role[0] in 'aeiou' else ''} {role} tries, no cumulative limit is exceeded, nothing that needs "
        "another's word is promised without it, and nobody gives it to himself.",
        fault="Sequences of splitting into requests and lines, amending up in steps, editing after approval was asked, approving "
        "one's own by other keys and roles, two approving at once, hold then commit, cancel and again, expiry, midnights, another "
        "edition of the rights in between; the requests of many sequences share transactions.",
        unit="sequences",
        sizes=Sizes(test=150, prove=200_000, release=2_000_000),
        chunk=5_000,
        run=_of(role),
        control=_unguarded(role),
        control_words="What is allowed draws nothing on its cumulative limits; and, by itself, who approves is not compared with who asked.",
        is_slow=is_slow,
        not_covered="Two at the same limit at once: that is S3-rights-race.",
    )


RACE = Piece(
    id="S3-rights-race",
    claim="Two who decide at once share what is left of a limit, and one approval is given once.",
    fault="Two connections to one PostgreSQL commit, hold, amend, harden or approve for one customer at different nodes, so that only "
    "the limit is shared; each is stopped after it has decided until the other has, or cannot.",
    unit="rounds",
    sizes=Sizes(test=25, prove=5_000, release=100_000),
    chunk=500,
    run=race.run,
    control=race.unlocked,
    control_words="The limit is no key that is locked; what was promised before is added up instead.",
    is_slow=True,
)

PIECES = (_piece("seller"), _piece("agent", is_slow=True), _piece("manager", is_slow=True), RACE)
