"""A whole table of rights, as a company would write it: role, tier, quantity, days, margin, expediting, fence and value, line by line."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.kit.days import Day
from accord.kit.errors import InputError
from accord.ledger.model import limit_of
from accord.policy import words
from accord.policy.decide import Act, exceeded, judge
from accord.policy.model import (
    ANY,
    Actor,
    Amount,
    Answer,
    Counted,
    CumulativeLimit,
    Figures,
    Period,
    Right,
    Rights,
    Subject,
    Verb,
)

TODAY: Day = date(2027, 3, 12).toordinal()
FILE = """
[[right]]
id = "hold"
role = "seller"
verb = "hold"
quantity_max = 500
hold_max = "48h"
then = "allow"

[[right]]
id = "top"
role = "seller"
tier = "A"
verbs = ["commit", "amend"]
quantity_max = 500
value_max = "10000.00"
days_late_max = 7
days_ahead_max = 180
margin_bp_min = 1000
expedite_max = "400.00"
then = "allow"

[[right]]
id = "others"
role = "seller"
tiers = ["B", "C", ""]
verbs = ["commit", "amend"]
quantity_max = 200
value_max = "4000.00"
days_late_max = 0
days_ahead_max = 90
margin_bp_min = 2000
then = "allow"

[[right]]
id = "never"
role = "seller"
tier = "C"
verb = "commit"
then = "deny"

[[right]]
id = "end"
role = "seller"
verbs = ["release", "cancel"]
then = "allow"

[[right]]
id = "soon"
role = "seller"
quantity_max = 100
inside_fence = true
then = "ask planner"

[[right]]
id = "more"
role = "seller"
below_floor = true
borrow = true
then = "ask manager"

[[right]]
id = "manager"
role = "manager"
value_max = "50000.00"
margin_bp_min = 0
below_floor = true
then = "allow"

[[right]]
id = "manager-more"
role = "manager"
below_floor = true
borrow = true
then = "ask director"

[[right]]
id = "planner"
role = "planner"
inside_fence = true
then = "allow"

[[right]]
id = "director"
role = "director"
below_floor = true
borrow = true
then = "allow"

[[limit]]
id = "week"
role = "seller"
of = "value"
over = "customer"
period = "week"
most = "12000.00"
then = "ask manager"

[[limit]]
id = "rush"
role = "seller"
of = "expedite"
over = "actor"
period = "month"
most = "1000.00"
then = "deny"

[[actor]]
id = "sam"
role = "seller"
[[actor]]
id = "mia"
role = "manager"
[[actor]]
id = "pia"
role = "planner"
[[actor]]
id = "dan"
role = "director"
"""
RIGHTS = words.read(FILE, currency="EUR").rights


def said(act: str) -> str:
    """ "sam commit A 500 at 10000.00 margin 10.00, 7 late" and so on, in words; what comes out: "allow by top"."""
    who, verb, tier, quantity, *more = act.replace(",", "").split()
    figures = {"quantity": int(quantity), "value": 100_00}
    flags = {"inside_fence": False, "borrow": False, "below_floor": False}
    used = {"week": 0, "rush": 0}
    margin_bp, expedite = 5_000, 0
    rest = iter(more)
    for word in rest:
        if word in flags:
            flags[word] = True
        elif word == "expedite":
            expedite = round(float(next(rest)) * 100)
        elif word == "margin":
            margin_bp = round(float(next(rest)) * 100)
        elif word in used:
            used[word] = round(float(next(rest)) * 100)
        else:
            figures[word] = int(float(next(rest)) * 100) if word == "value" else int(next(rest))
    value = figures["value"]
    made = Figures(
        amounts=(Amount(item="X", quantity=figures["quantity"], value_minor=value, expedite_minor=expedite),),
        days_late=figures.get("late", 0),
        days_ahead=figures.get("ahead", 0),
        price_minor=value,
        cost_minor=value - value * margin_bp // 10_000,
        hold_seconds=figures.get("hours", 0) * 3_600,
        **flags,
    )
    given = Act(
        actor=who,
        verb=Verb(verb),
        tier="" if tier == "-" else tier,
        customer="C",
        today=TODAY,
        currency="EUR",
        figures=made,
    )
    most = {limit.id: limit.most for limit in RIGHTS.limits}
    ruling, _ = judge(RIGHTS, given, lambda key, _on: most[limit_of(key)] - used[limit_of(key)])
    ask = f" {ruling.ask}" if ruling.ask else ""
    return f"{ruling.answer.value}{ask} by {ruling.by or 'no right'}"


@pytest.mark.parametrize(
    ("act", "answer"),
    [
        ("sam hold A 500 hours 48", "allow by hold"),
        ("sam hold A 501 hours 48", "ask manager by more"),
        ("sam hold A 500 hours 49", "ask manager by more"),
        ("sam hold - 500 hours 1", "allow by hold"),
        ("sam commit A 500 value 10000", "allow by top"),
        ("sam commit A 501", "ask manager by more"),
        ("sam commit A 500 value 10000.01", "ask manager by more"),
        ("sam commit A 1 late 7", "allow by top"),
        ("sam commit A 101 late 8", "ask manager by more"),
        ("sam commit A 1 ahead 180", "allow by top"),
        ("sam commit A 101 ahead 181", "ask manager by more"),
        ("sam commit A 1 margin 10", "allow by top"),
        ("sam commit A 101 margin 9.99", "ask manager by more"),
        ("sam commit A 1 expedite 400", "allow by top"),
        ("sam commit A 101 expedite 400.01", "ask manager by more"),
        ("sam commit A 100 inside_fence", "ask planner by soon"),
        ("sam commit A 101 inside_fence", "deny by no right"),  # nobody named covers it
        ("sam commit A 1 late 8", "ask planner by soon"),  # the first row that covers it, whatever it was meant for
        ("sam commit A 101 below_floor", "ask manager by more"),
        ("sam commit A 101 below_floor margin -1", "ask director by more"),  # the manager may not
        ("sam commit A 101 borrow", "ask director by more"),
        ("sam commit B 200 value 4000 margin 20 ahead 90", "allow by others"),
        ("sam commit B 201", "ask manager by more"),
        ("sam commit B 150 value 4000.01", "ask manager by more"),
        ("sam commit B 150 late 1", "ask manager by more"),
        ("sam commit B 150 margin 19.99", "ask manager by more"),
        ("sam commit B 150 expedite 400.01", "allow by others"),  # that row has no such limit
        ("sam commit - 200", "allow by others"),
        ("sam commit C 200", "allow by others"),
        ("sam commit C 201", "deny by never"),
        ("sam amend C 201", "ask manager by more"),  # the no is about commits
        ("sam cancel C 9999 value 999999", "allow by end"),
        ("sam release - 1", "allow by end"),
        ("mia commit C 9999 value 50000", "allow by manager"),
        ("mia commit - 1 value 50000.01", "ask director by manager-more"),
        ("mia commit - 1 below_floor", "ask manager by manager"),  # another one
        ("mia commit - 1 inside_fence", "deny by no right"),
        ("pia commit - 1 inside_fence", "allow by planner"),
        ("pia commit - 1 borrow", "deny by no right"),
        ("dan commit - 1 borrow", "ask director by director"),
        ("dan commit - 9999 value 999999 late 99", "allow by director"),
        ("zoe commit - 1", "deny by no right"),
        ("sam commit A 100 value 2000 week 10000", "allow by top"),
        ("sam commit A 100 value 2000 week 10000.01", "ask manager by week"),
        ("sam hold A 100 value 2000 hours 1 week 10001", "ask manager by week"),
        ("sam commit A 1 expedite 300 rush 700", "allow by top"),
        ("sam commit A 1 expedite 300 rush 700.01", "deny by rush"),
        ("sam commit A 501 expedite 300 rush 700.01", "deny by rush"),  # and nobody can be asked for it
        ("mia commit A 100 value 2000 week 12000", "allow by manager"),  # a seller's limit
    ],
)  # fmt: skip
def test_the_whole_table(act: str, answer: str) -> None:
    assert said(act) == answer


# --- what is true of every table ---

ROLES = ("seller", "boss")
ACTORS = (Actor(id="sam", roles=("seller",)), Actor(id="bea", roles=("boss",)))
_MAX = st.none() | st.integers(0, 60)
ROWS = st.builds(
    Right,
    id=st.sampled_from("abcdef"),
    then=st.sampled_from(Answer),
    ask=st.just("boss"),
    role=st.sampled_from((ANY, *ROLES)),
    tiers=st.sampled_from(((), ("A",), ("",))),
    verbs=st.sampled_from(((), (Verb.hold,), (Verb.commit,))),
    quantity_max=_MAX,
    value_minor_max=_MAX,
    days_late_max=_MAX,
    margin_bp_min=st.none() | st.integers(-1_000, 6_000),
    below_floor=st.booleans(),
    borrow=st.booleans(),
)
LIMITS = st.builds(
    CumulativeLimit,
    id=st.sampled_from("lmn"),
    of=st.sampled_from(Counted),
    over=st.just(Subject.customer),
    period=st.just(Period.day),
    most=st.integers(0, 120),
    then=st.sampled_from((Answer.ask, Answer.deny)),
    ask=st.just("boss"),
    role=st.sampled_from((ANY, *ROLES)),
)
TABLES = st.builds(
    Rights,
    rights=st.lists(ROWS, max_size=5).map(tuple),
    limits=st.lists(LIMITS, max_size=2, unique_by=lambda one: one.id).map(tuple),
    actors=st.just(ACTORS),
)
PARTS = st.lists(st.integers(1, 40), min_size=1, max_size=4)
ACTS = st.builds(
    lambda actor, verb, tier, parts, late, cost, below, borrow: act_of(
        parts, actor=actor, verb=verb, tier=tier, days_late=late, cost_minor=cost, below_floor=below, borrow=borrow
    ),
    st.sampled_from(("sam", "bea", "zoe")),
    st.sampled_from((Verb.hold, Verb.commit)),
    st.sampled_from(("", "A")),
    PARTS,
    st.integers(0, 60),
    st.integers(0, 80),
    st.booleans(),
    st.booleans(),
)  # fmt: skip


def act_of(parts: list[int], **more: object) -> Act:
    """One line for each part, at a price of 1."""
    known = {name: more.pop(name) for name in ("actor", "verb", "tier") if name in more}
    figures = Figures(
        amounts=tuple(Amount(item="X", quantity=n, value_minor=n) for n in parts),
        price_minor=sum(parts),
        **more,  # type: ignore[arg-type]
    )
    return Act(figures=figures, customer="C", today=TODAY, currency="EUR", **known)  # type: ignore[arg-type]


class Used:
    """What is left of each limit after what was allowed."""

    def __init__(self, rights: Rights) -> None:
        self.most = {limit.id: limit.most for limit in rights.limits}
        self.used: dict[str, int] = {}

    def __call__(self, key: str, _on: Day) -> int:
        return self.most[limit_of(key)] - self.used.get(key, 0)

    def allows(self, rights: Rights, act: Act) -> bool:
        ruling, takes = judge(rights, act, self)
        for take in takes:
            self.used[take.key] = self.used.get(take.key, 0) + take.quantity
        return ruling.answer is Answer.allow


@given(TABLES, ACTS, st.data())
def test_a_stricter_limit_never_allows_more(rights: Rights, act: Act, data: st.DataObject) -> None:
    def tighter(row: Right) -> Right:
        if row.then is not Answer.allow:  # what one is asked for or denied less is not stricter
            return row
        names = ("quantity_max", "value_minor_max", "days_late_max")
        most = {name: 60 if getattr(row, name) is None else getattr(row, name) for name in names}
        new = {name: data.draw(st.integers(0, most[name])) for name in names}
        keeps = {"below_floor": row.below_floor and data.draw(st.booleans())}
        least = (row.margin_bp_min if row.margin_bp_min is not None else -1_000) + data.draw(
            st.integers(0, 500)
        )
        return msgspec.structs.replace(row, margin_bp_min=least, **new, **keeps)

    strict = msgspec.structs.replace(
        rights,
        rights=tuple(tighter(row) for row in rights.rights),
        limits=tuple(
            msgspec.structs.replace(one, most=data.draw(st.integers(0, one.most))) for one in rights.limits
        ),
    )

    if Used(strict).allows(strict, act):
        assert Used(rights).allows(rights, act)


@given(TABLES, PARTS, st.sampled_from(("sam", "bea")))
def test_more_lines_make_no_more_room(rights: Rights, parts: list[int], actor: str) -> None:
    split, whole = (act_of(lines, actor=actor, verb=Verb.commit) for lines in (parts, [sum(parts)]))

    said_of = [judge(rights, one, Used(rights))[0] for one in (split, whole)]

    assert (said_of[0].answer, said_of[0].by, said_of[0].ask) == (
        said_of[1].answer,
        said_of[1].by,
        said_of[1].ask,
    )


@given(TABLES, st.lists(ACTS, max_size=8))
def test_more_requests_make_no_more_room(rights: Rights, acts: list[Act]) -> None:
    used = Used(rights)
    for act in acts:
        used.allows(rights, act)

    assert all(taken <= used.most[limit_of(key)] for key, taken in used.used.items())


@given(TABLES, ACTS)
def test_the_first_row_that_speaks_of_it_and_covers_it_decides(rights: Rights, act: Act) -> None:
    (role,) = {"sam": ("seller",), "bea": ("boss",)}.get(act.actor, ("",))
    speaking = [
        row
        for row in rights.rights
        if row.role in ("*", role)
        and (row.tiers == () or act.tier in row.tiers)
        and (row.verbs == () or act.verb in row.verbs)
    ]
    covering = [row for row in speaking if row.then is Answer.deny or not list(exceeded(row, act))]

    ruling, _ = judge(rights, act, lambda _key, _on: 1 << 40)

    if not covering:
        assert (ruling.answer, ruling.by) == (Answer.deny, "")
    elif covering[0].then is Answer.allow and not act.figures.below_floor and not act.figures.borrow:
        assert (ruling.answer, ruling.by) == (Answer.allow, covering[0].id)
    elif covering[0].then is Answer.deny:
        assert (ruling.answer, ruling.by) == (Answer.deny, covering[0].id)
    else:
        assert ruling.answer is not Answer.allow


@pytest.mark.parametrize("text", ["a = " + "[" * 20_000, "a = " + "9" * 5_000])
def test_a_file_that_is_nested_too_deeply_or_holds_an_endless_number_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="nested too deeply, or holds a number"):
        words.read(text, currency="EUR")


@pytest.mark.parametrize(
    ("verbs", "is_counted"),
    [('["hold", "amend"]', True), ('"commit"', True), ('["commit", "cancel"]', False), ('"release"', False)],
)
def test_a_limit_counts_what_promises_and_not_what_ends(verbs: str, is_counted: bool) -> None:
    text = f"""
[[limit]]
id = "l"
verbs = {verbs}
of = "quantity"
over = "actor"
period = "day"
most = 5
then = "deny"
"""

    if is_counted:
        assert len(words.read(text, currency="EUR").rights.limits) == 1
    else:
        with pytest.raises(InputError, match="Line 4: a limit counts what is held, committed or amended"):
            words.read(text, currency="EUR")
