"""An edition is written as a file that says the same: read again, nothing is lost and nothing is added."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.policy.test_table import FILE

from accord.demo.rights import RIGHTS
from accord.policy import words
from accord.policy.model import (
    ANY,
    Actor,
    Amount,
    Answer,
    Case,
    Counted,
    CumulativeLimit,
    Edition,
    Figures,
    Period,
    Right,
    Rights,
    Rules,
    Subject,
    Tier,
    Verb,
)
from accord.policy.words.written import as_toml, in_force_tree, length, tree_of, written

# Whatever people type: quotes, brackets, other scripts, and what a file could take for its own.
NAMES = st.one_of(
    st.sampled_from(["seller", 'say "no"', "a\\b", "[[right]]", "= 1", "å — é", "#", "\t", "\x7f", "none"]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
)
SOMETIMES = st.none() | st.integers(0, 10**12)
COUNTED_VERBS = st.lists(st.sampled_from((Verb.hold, Verb.commit, Verb.amend)), unique=True, min_size=1).map(
    tuple
)
VERBS = st.lists(st.sampled_from(list(Verb)), unique=True, max_size=3).map(tuple)
TIERS = st.lists(NAMES.filter(lambda name: name != ANY) | st.just(""), max_size=2).map(tuple)
ROLES = st.sampled_from(["seller", "boss", ANY, ""])
THEN = st.sampled_from([(Answer.allow, ""), (Answer.ask, "boss"), (Answer.ask, "seller")])
SECONDS = st.none() | st.integers(1, 999_999) | st.integers(1, 999_999).map(lambda n: n * 86_400 * 7)


@st.composite
def rights(draw: st.DrawFn, number: int = 0) -> Right:
    then, ask = draw(THEN | st.just((Answer.deny, "")))
    bare = Right(
        id=f"r{number}{draw(NAMES)}",
        role=draw(ROLES),
        tiers=draw(TIERS),
        verbs=draw(VERBS),
        then=then,
        ask=ask,
    )
    if then is Answer.deny:
        return bare
    return msgspec.structs.replace(
        bare,
        quantity_max=draw(SOMETIMES),
        value_minor_max=draw(SOMETIMES),
        days_late_max=draw(SOMETIMES),
        days_ahead_max=draw(SOMETIMES),
        margin_bp_min=draw(st.none() | st.integers(-10_000, 10_000)),
        expedite_minor_max=draw(SOMETIMES),
        hold_seconds_max=draw(SECONDS),
        inside_fence=draw(st.booleans()),
        borrow=draw(st.booleans()),
        below_floor=draw(st.booleans()),
    )


@st.composite
def limits(draw: st.DrawFn, number: int = 0) -> CumulativeLimit:
    then, ask = draw(st.sampled_from([(Answer.deny, ""), (Answer.ask, "boss")]))
    return CumulativeLimit(
        id=f"l{number}",
        of=draw(st.sampled_from(list(Counted))),
        over=draw(st.sampled_from(list(Subject))),
        period=draw(st.sampled_from(list(Period))),
        most=draw(st.integers(0, 10**12)),
        then=then,
        ask=ask,
        role=draw(ROLES),
        tiers=draw(TIERS),
        verbs=draw(COUNTED_VERBS),
        item=draw(NAMES),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    value = draw(st.integers(0, 10**9))
    price = draw(st.integers(0, value)) if value else draw(st.sampled_from([None, 0]))
    expect, ask = draw(THEN)
    return Case(
        name=draw(NAMES),
        actor=draw(st.sampled_from(["", "sam"])),
        role=draw(st.sampled_from(["", "seller"])),
        verb=draw(st.sampled_from(list(Verb))),
        tier=draw(st.sampled_from(["", "A"])),
        customer=draw(st.just("") | NAMES),
        figures=Figures(
            amounts=(
                Amount(
                    item=draw(st.just("") | NAMES),
                    quantity=draw(st.integers(0, 10**9)),
                    value_minor=value,
                    expedite_minor=draw(st.integers(0, 10**9)),
                ),
            ),
            days_late=draw(st.integers(0, 99)),
            days_ahead=draw(st.integers(0, 99)),
            price_minor=price,
            cost_minor=draw(st.integers(0, 10**9)),
            hold_seconds=draw(SECONDS.map(lambda n: n or 0)),
            inside_fence=draw(st.booleans()),
            borrow=draw(st.booleans()),
            below_floor=draw(st.booleans()),
        ),
        used=draw(st.sampled_from([(), (("l0", 5),), (("l0", 5), ("l1", 1_234))])),
        expect=expect,
        ask=ask,
        by=draw(st.just("") | NAMES),
    )


@st.composite
def editions(draw: st.DrawFn) -> Edition:
    return Edition(
        id="",
        name=draw(st.just("") | NAMES),
        effective_at=draw(st.none() | st.integers(10**15, 3 * 10**15)),
        rules=draw(
            st.sampled_from([(), (("fence_days", 3), ("late_receipt_days", None)), (("currency", "JPY"),)])
        ),
        tiers=draw(st.sampled_from([(), (Tier(id="A", rank=1), Tier(id="b c", rank=2))])),
        rights=Rights(
            rights=tuple(draw(rights(number)) for number in range(draw(st.integers(0, 3)))),
            limits=tuple(draw(limits(number)) for number in range(2)),
            actors=(
                Actor(id="sam", roles=("seller",), team=draw(st.just("") | NAMES)),
                Actor(id="mia", roles=("boss", "seller"), person="sam"),
                Actor(id="bo", roles=draw(st.sampled_from([(), ("boss",)]))),
            ),
            everybody_else=draw(st.sampled_from(["", "seller"])),
            zone=draw(st.sampled_from(["UTC", "Europe/Oslo"])),
            change=draw(st.sampled_from(["", "boss"])),
            second=draw(st.sampled_from(["", "seller"])),
        ),
        cases=tuple(draw(st.lists(cases(), max_size=2))),
    )


def plain(edition: Edition) -> Edition:
    """But for the lines that its cases stand on."""
    return msgspec.structs.replace(
        edition, cases=tuple(msgspec.structs.replace(case, line=0) for case in edition.cases)
    )


@given(editions())
def test_what_is_written_is_read_as_it_was(edition: Edition) -> None:
    assert plain(words.read(written(edition, "EUR"), currency="EUR")) == edition


@pytest.mark.parametrize("text", [FILE, RIGHTS], ids=["table", "demo"])
def test_a_file_is_written_as_one_that_says_the_same(text: str) -> None:
    edition = words.read(text, currency="EUR")

    again = written(edition, "EUR")

    assert plain(words.read(again, currency="EUR")) == plain(edition)
    assert written(words.read(again, currency="EUR"), "EUR") == again


def test_it_reads_like_one_that_a_person_wrote() -> None:
    (first, *_rest) = written(words.read(RIGHTS, currency="EUR"), "EUR").split("\n\n[[right]]\n")[1:]

    assert first == (
        'id = "seller"\nrole = "seller"\nvalue_max = "600000.00"\nmargin_bp_min = 1400\n'
        'expedite_max = "2500.00"\nthen = "allow"'
    )


def test_a_margin_is_written_as_one() -> None:
    text = written(words.read(RIGHTS, currency="EUR"), "EUR")

    assert "margin_bp = 1290" in text
    assert "cost =" not in text


@pytest.mark.parametrize(
    ("seconds", "said"), [(172_800, "48h"), (5_400, "90m"), (61, "61s"), (999_999 * 604_800, "999999w")]
)
def test_a_length_is_written_in_the_largest_unit_that_fits(seconds: int, said: str) -> None:
    assert length(seconds) == said


def test_what_is_in_force_is_written_with_the_values_of_today() -> None:
    edition = words.read(
        'effective_at = "2027-01-01T00:00:00Z"\n[rules]\nfence_days = 3\n[tiers]\nA = 1\n', currency="EUR"
    )

    tree = in_force_tree(edition, Rules(fence_days=5), {"A": 2}, "EUR")

    assert as_toml(tree) == 'zone = "UTC"\n\n[rules]\nfence_days = 5\n\n[tiers]\nA = 2\n'


def test_a_tree_keeps_what_a_form_got_wrong() -> None:
    tree = tree_of(words.read("", currency="EUR"), "EUR")
    tree["right"] = [{"id": "x", "quantity_max": "many", "then": "allow"}]

    assert 'quantity_max = "many"' in as_toml(tree)
