"""How a policy file comes into force: its own cases first, from its moment on, by whom it lets, and never so that nobody can."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accord.db.engine import Database
from accord.kit.days import instant_iso
from accord.kit.errors import Conflict, InputError, NotFound, RequestChanged
from accord.policy import service as policy
from accord.policy import words
from accord.policy.decide.standing import standing
from accord.policy.model import Actor, Book, Edition, Rules
from accord.policy.service.editions import NotYours

FILE = """
name = "Sales 2027"
zone = "Europe/Oslo"

[rules]
fence_days = 3

[[right]]
id = "seller"
role = "seller"
quantity_max = 50
then = "allow"

[[right]]
id = "manager"
role = "manager"
then = "allow"

[[actor]]
id = "sam"
role = "seller"

[[actor]]
id = "mia"
role = "manager"

[[actor]]
id = "mia at home"
role = "manager"
person = "mia"

[[actor]]
id = "max"
roles = ["manager", "seller"]

[[case]]
name = "a seller commits 50"
role = "seller"
verb = "commit"
quantity = 50
expect = "allow"
"""
CHANGE = '[change]\nrole = "manager"\n'
TWO = f'{CHANGE}second = "manager"\n'


@pytest.fixture
def db_url(sqlite_url: str) -> str:
    """What is stored is the same on either engine; what is tested here is what is said of it."""
    return sqlite_url


def read(more: str = "", text: str = FILE) -> Edition:
    return words.read(text + more, currency="EUR")


def book(db: Database) -> Book:
    with db.read() as tx:
        return policy.book(tx)


def in_force(db: Database) -> str:
    rights = book(db).rights
    return rights.edition if rights is not None else ""


# --- stated ---


def test_a_file_is_in_force_as_soon_as_it_is_stated(db: Database) -> None:
    made = policy.state(db, read(), id="one", actor="sam")

    found = book(db)
    assert made.applied_at is not None
    assert (in_force(db), found.rules.fence_days, found.rules.currency) == ("one", 3, "EUR")
    assert found.rights is not None
    assert found.rights.zone == "Europe/Oslo"


def test_the_same_id_with_the_same_file_changes_nothing_and_with_another_is_an_error(db: Database) -> None:
    policy.state(db, read(), id="one", actor="sam")
    before = book(db).version

    policy.state(db, read(), id="one", actor="mia")

    assert book(db).version == before
    with pytest.raises(RequestChanged):
        policy.state(db, read(CHANGE), id="one", actor="sam")


def test_a_file_whose_own_case_fails_is_not_stated(db: Database) -> None:
    wrong = FILE.replace('quantity = 50\nexpect = "allow"', 'quantity = 51\nexpect = "allow"')

    with pytest.raises(InputError) as caught:
        policy.state(db, read(text=wrong), id="one", actor="sam")

    assert caught.value.errors[0].pointer == "line 36: [[case]] a seller commits 50"
    assert caught.value.errors[0].detail == "expected allow, came deny by no right"
    assert in_force(db) == ""


def test_of_two_editions_each_counts_from_its_moment_on(db: Database, noon: Callable[[int], None]) -> None:
    with db.read() as tx:
        now = tx.now()
    later = [f'effective_at = "{instant_iso(now + days * 86_400_000_000)}"\n' for days in (1, 2)]
    policy.state(db, read(text=later[1] + FILE.replace("= 50", "= 70")), id="two", actor="sam")
    policy.state(db, read(text=later[0] + FILE.replace("= 50", "= 60")), id="one", actor="sam")

    seen = []
    for _day in range(3):
        with db.read() as tx:
            moment = tx.now()
        due = book(db).next_at
        if due is not None and due <= moment:
            policy.activate(db, moment)
        rights = book(db).rights
        seen.append(None if rights is None else rights.rights[0].quantity_max)
        noon(86_400)

    assert seen == [None, 60, 70]


def test_a_moment_that_has_passed_is_refused(db: Database) -> None:
    with pytest.raises(InputError) as caught:
        policy.state(db, read(text='effective_at = "2020-01-01T00:00:00Z"\n' + FILE), id="one", actor="sam")

    assert caught.value.errors[0].code == "in_the_past"


def test_what_was_used_of_a_limit_means_the_same_in_the_next_edition(db: Database) -> None:
    limit = '[[limit]]\nid = "day"\nof = "{}"\nover = "customer"\nperiod = "day"\nmost = 70\nthen = "ask manager"\n'
    policy.state(db, read(limit.format("quantity")), id="one", actor="sam")

    with pytest.raises(InputError) as caught:
        policy.state(db, read(limit.format("value")), id="two", actor="sam")

    assert caught.value.errors[0].code == "counts_something_else"
    assert in_force(db) == "one"


# --- by whom ---


LIMIT = '[[limit]]\nid = "l"\nover = "actor"\nperiod = "day"\nthen = "deny"\n'


def test_what_waits_and_what_is_stated_behind_it_mean_the_same_by_a_limit(
    db: Database, noon: Callable[[int], None]
) -> None:
    with db.read() as tx:
        day = tx.now() + 86_400_000_000
    first = f'effective_at = "{instant_iso(day)}"\n{FILE}{LIMIT}of = "value"\nmost = "5.00"\n'
    other = f'effective_at = "{instant_iso(day + 1_000_000)}"\n{FILE}{LIMIT}of = "quantity"\nmost = 50\n'
    policy.state(db, read(text=first), id="one", actor="mia")

    with pytest.raises(InputError, match="The limit l counts value in Sales 2027, which waits"):
        policy.state(db, read(text=other), id="two", actor="mia")

    policy.withdraw(db, "one", actor="mia")
    policy.state(db, read(text=other), id="two", actor="mia")


def test_a_case_may_be_about_somebody_who_signs_in(db: Database) -> None:
    case = '[[case]]\nname = "Ann"\nactor = "Ann"\nverb = "commit"\nquantity = 51\nexpect = "allow"\n'
    policy.put(db, [Actor(id="Ann", roles=("manager",))], actor="boss", id="accounts")

    policy.state(db, read(case), id="one", actor="mia")

    assert in_force(db) == "one"


def test_only_the_role_that_is_named_states_other_rules(db: Database) -> None:
    policy.state(db, read(CHANGE), id="one", actor="sam")

    with pytest.raises(NotYours):
        policy.state(db, read(), id="two", actor="sam")
    assert in_force(db) == "one"

    policy.state(db, read(), id="two", actor="mia")
    assert in_force(db) == "two"


def test_where_a_second_person_is_asked_for_it_counts_once_that_one_agrees(db: Database) -> None:
    policy.state(db, read(TWO), id="one", actor="sam")

    made = policy.state(db, read(TWO.replace("[change]", "[change]\n")), id="two", actor="mia")
    assert (made.second, made.applied_at, in_force(db)) == ("manager", None, "one")
    for actor in ("mia", "mia at home", "sam"):
        with pytest.raises(NotYours):
            policy.agree(db, "two", actor=actor)
    assert in_force(db) == "one"

    agreed = policy.agree(db, "two", actor="max")

    assert (agreed.agreed_by, in_force(db)) == ("max", "two")
    assert policy.agree(db, "two", actor="max").applied_at == agreed.applied_at
    with pytest.raises(Conflict):
        policy.agree(db, "two", actor="mia at home")
    with pytest.raises(NotFound):
        policy.agree(db, "three", actor="max")


def test_one_that_nobody_agreed_to_never_comes_into_force_by_itself(
    db: Database, noon: Callable[[int], None]
) -> None:
    policy.state(db, read(TWO), id="one", actor="sam")
    with db.read() as tx:
        tomorrow = tx.now() + 86_400_000_000
    policy.state(
        db, read(TWO, text=f'effective_at = "{instant_iso(tomorrow)}"\n' + FILE), id="two", actor="mia"
    )
    noon(2 * 86_400)

    assert book(db).next_at is None
    assert policy.activate(db, tomorrow + 1) == 0
    assert in_force(db) == "one"

    policy.agree(db, "two", actor="max")
    assert in_force(db) == "two"


@pytest.mark.parametrize(
    "change",
    [
        '[change]\nrole = "owner"\n',  # nobody has it
        '[change]\nrole = "manager"\nsecond = "owner"\n',
        '[change]\nrole = "seller"\nsecond = "only"\n[[actor]]\nid = "o"\nrole = "only"\nperson = "sam"\n',
    ],
)
def test_rules_that_nobody_could_ever_change_again_are_not_taken(db: Database, change: str) -> None:
    text = FILE.replace('roles = ["manager", "seller"]', 'roles = ["manager"]')

    with pytest.raises(InputError) as caught:
        policy.state(db, read(change, text=text), id="one", actor="sam")

    assert caught.value.errors[0].code == "locks_everybody_out"
    assert in_force(db) == ""


# --- two at once, and what never comes into force ---

EXPIRES = 31 * 86_400


@pytest.fixture
def two(db: Database, noon: Callable[[int], None]) -> None:
    """Two persons must agree on rules; mia proposes others."""
    policy.state(db, read(TWO), id="one", actor="sam")
    policy.state(db, read(TWO, FILE.replace("= 50", "= 40")), id="mine", actor="mia")


def stands(db: Database, id: str) -> str:
    with db.read() as tx:
        now = tx.now()
    made = next(one for one in policy.editions(db) if one.id == id)
    return standing(made, in_force(db), now).value


def test_what_was_made_from_other_rules_than_those_in_force_is_not_stated(db: Database) -> None:
    policy.state(db, read(), id="one", actor="sam", over="")
    policy.state(db, read(CHANGE), id="two", actor="mia", over="one")

    with pytest.raises(policy.ChangedMeanwhile, match="Sales 2027 came into force meanwhile, stated by mia"):
        policy.state(db, read(), id="three", actor="mia", over="one")

    assert in_force(db) == "two"
    # Who does not say what he looked at is not asked.
    policy.state(db, read(), id="three", actor="mia")
    assert in_force(db) == "three"


def test_a_repeat_is_answered_though_others_came_into_force_since(db: Database) -> None:
    policy.state(db, read(), id="one", actor="sam", over="")
    policy.state(db, read(CHANGE), id="two", actor="mia")

    assert policy.state(db, read(), id="one", actor="sam", over="").id == "one"


@pytest.mark.usefixtures("two")
def test_of_two_proposals_the_one_left_behind_is_superseded(db: Database) -> None:
    policy.state(db, read(TWO, FILE.replace("= 50", "= 30")), id="other", actor="mia")
    assert (stands(db, "mine"), stands(db, "other")) == ("waits for another person",) * 2

    policy.agree(db, "other", actor="max")

    assert (stands(db, "one"), stands(db, "other"), stands(db, "mine")) == (
        "was in force",
        "in force",
        "superseded",
    )
    with pytest.raises(policy.ChangedMeanwhile):
        policy.agree(db, "mine", actor="max")
    assert in_force(db) == "other"


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("seconds", "said"), [(30 * 86_400 - 1, "waits for another person"), (EXPIRES, "expired")]
)
def test_what_nobody_agreed_to_for_a_month_is_over(
    db: Database, noon: Callable[[int], None], seconds: int, said: str
) -> None:
    noon(seconds)

    assert stands(db, "mine") == said
    if said == "expired":
        with pytest.raises(Conflict, match="Nobody agreed to it in 30 days"):
            policy.agree(db, "mine", actor="max")
        assert in_force(db) == "one"
    else:
        policy.agree(db, "mine", actor="max")
        assert in_force(db) == "mine"


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("actor", ["mia", "mia at home", "max"])
def test_what_is_withdrawn_never_comes_into_force(db: Database, actor: str) -> None:
    made = policy.withdraw(db, "mine", actor=actor, why="not yet")
    policy.withdraw(db, "mine", actor=actor)

    assert (made.withdrawn_by, made.withdrawn_why, stands(db, "mine")) == (actor, "not yet", "withdrawn")
    with pytest.raises(Conflict, match="State it anew"):
        policy.agree(db, "mine", actor="max")
    assert in_force(db) == "one"


@pytest.mark.usefixtures("two")
def test_a_stranger_withdraws_nothing_and_nobody_what_is_in_force(db: Database) -> None:
    with pytest.raises(NotYours):
        policy.withdraw(db, "mine", actor="sam")
    with pytest.raises(Conflict, match="came into force"):
        policy.withdraw(db, "one", actor="mia")
    with pytest.raises(NotFound):
        policy.withdraw(db, "none", actor="mia")

    assert stands(db, "mine") == "waits for another person"


def test_what_waits_for_its_day_can_be_withdrawn_until_then(
    db: Database, noon: Callable[[int], None]
) -> None:
    policy.state(db, read(), id="one", actor="sam")
    with db.read() as tx:
        day = 86_400_000_000
        later = f'effective_at = "{instant_iso(tx.now() + day)}"\n'
    policy.state(db, read(text=later + FILE), id="later", actor="sam")
    assert (stands(db, "later"), book(db).next_at is None) == ("waits for its day", False)

    policy.withdraw(db, "later", actor="sam")
    noon(2 * 86_400)
    with db.read() as tx:
        now = tx.now()

    assert book(db).next_at is None
    assert policy.activate(db, now) == 0
    assert in_force(db) == "one"


def test_any_two_editions_are_compared_as_they_were(db: Database) -> None:
    policy.put(db, [Rules(horizon_days=99)], actor="boss", id="before")
    policy.state(db, read(), id="one", actor="sam")
    policy.state(db, read(text=FILE.replace("fence_days = 3", "fence_days = 7")), id="two", actor="sam")
    policy.put(db, [Rules(horizon_days=50, fence_days=1)], actor="boss", id="after")

    def said(before: str, after: str) -> list[tuple[str, str, str, str]]:
        return [(one.kind, one.id, one.before, one.after) for one in policy.between(db, before, after)]

    assert said("one", "two") == [("rule", "fence_days", "3", "7")]
    assert said("two", "one") == [("rule", "fence_days", "7", "3")]
    assert said("one", "one") == []
    assert said("two", "") == [("rule", "fence_days", "7", "1"), ("rule", "horizon_days", "99", "50")]
    with pytest.raises(NotFound):
        policy.between(db, "one", "none")


# --- what is likely not meant ---


def test_a_file_without_anything_wrong_is_not_warned_of(db: Database) -> None:
    assert policy.doubts(db, read()) == ()


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (
            'then = "allow"',
            'verbs = ["hold", "amend", "release", "cancel"]\nthen = "allow"',
            "Nobody could commit anything: no right that allows it is of a role that somebody has.",
        ),
        (
            'id = "seller"\nrole = "seller"',
            'id = "seller"\nrole = "sellr"',
            "The role 'sellr' has rights or limits, but nobody has it.",
        ),
        (
            'id = "seller"\nrole = "seller"',
            'id = "seller"\nrole = "sellr"',
            "sam could do nothing: no right is of whoever acts as seller.",
        ),
        (
            'id = "seller"\nrole = "seller"',
            'id = "seller"\nrole = "seller"\ntier = "AA"',
            "seller speaks of tier 'AA', which is not stated.",
        ),
        (
            'then = "allow"\n\n[[right]]\nid = "manager"',
            'then = "ask boss"\n\n[[actor]]\nid = "bo"\nrole = "boss"\n\n[[right]]\nid = "manager"',
            "Only bo could agree as boss: what bo asks for nobody could approve there.",
        ),
        (
            'then = "allow"\n\n[[right]]\nid = "manager"',
            'then = "ask clerk"\n\n[[right]]\nid = "manager"',
            "Whoever is not among the actors could agree as clerk: somebody who is could do it under another name.",
        ),
    ],
)
def test_what_is_likely_not_meant_is_warned_of(db: Database, was: str, now: str, said: str) -> None:
    text = FILE.replace(was, now)
    assert text != FILE

    assert said in policy.doubts(db, read(text='everybody_else = "clerk"\n' + text))


def test_rules_that_are_not_named_stay_as_they_are(db: Database) -> None:
    policy.put(db, [Rules(horizon_days=99)], actor="boss", id="before")

    policy.state(db, read(), id="one", actor="sam")

    assert (book(db).rules.horizon_days, book(db).rules.fence_days) == (99, 3)
