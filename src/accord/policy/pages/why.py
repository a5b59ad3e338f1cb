"""Which row decides, for something that somebody might do? Asked in a form, answered by what decides."""

from __future__ import annotations

import re

import msgspec

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.days import Day, local_day
from accord.kit.errors import FieldError, InputError
from accord.kit.money import parse_money
from accord.ledger.model import limit_of
from accord.ledger.service import reads
from accord.policy import service
from accord.policy.decide import Act, Free, limit_keys
from accord.policy.decide.why import steps
from accord.policy.model import Amount, Book, Figures, Rights, Verb
from accord.policy.pages.shown import Words, then

_PERCENT = re.compile(r"([-−]?)([0-9]{1,4})(?:[.,]([0-9]{1,2}))?\s*%?")
_YES = "yes"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody might do, as it was typed."""

    role: str = ""
    verb: str = "commit"
    customer: str = ""  # an id or a name; its tier counts, and what it has used
    tier: str = ""
    quantity: str = ""
    value: str = ""
    margin: str = ""  # percent
    days_late: str = ""
    below_floor: str = ""
    borrow: str = ""

    @property
    def is_asked(self) -> bool:
        """Whether anything was asked at all."""
        return bool(self.role)


def answer(db: Database, asked: Asked) -> dict[str, object]:
    """What the rights in force say to it, row by row. Raises: InputError naming each field that cannot be used."""
    with db.read() as tx:
        rules, now = service.book(tx), tx.now()
        rights = rules.rights
        assert rights is not None  # without rights there is no form
        today = local_day(now, rights.zone)
        act = _act(asked, rules, today)
        ruling, found = steps(rights, asked.role, act, _free(tx, rights, act))
    words = Words(rules.rules.currency, now)
    numbers = {one.id: number for number, one in enumerate(rights.rights, 1)}
    return {
        **words.ruling(ruling),
        "steps": [
            {
                "number": numbers[one.right.id],
                "id": one.right.id,
                "silent": one.silent,
                "over": list(one.over),
                "decides": one.decides,
                "then": then(one.right.then, one.right.ask),
            }
            for one in found
        ],
        "rows": sum(one.speaks for one in found),
        # Of what the ruling says, the steps say already what each row that was passed over exceeds.
        "more": [
            words
            for words in ruling.because
            if not any(words == f"{s.right.id}: {o}" for s in found for o in s.over)
        ],
        "tier": act.tier,
        "customer": rules.customers[act.customer].name if act.customer else "",
        "is_used_known": bool(act.customer) or not rights.limits,
    }


def _act(asked: Asked, rules: Book, today: Day) -> Act:
    errors: list[FieldError] = []

    def wrong(name: str, code: str, detail: str) -> None:
        errors.append(FieldError(name, code, detail))

    def whole(name: str) -> int:
        text = getattr(asked, name)
        if not text:
            return 0
        if not text.isdecimal() or len(text) > 12:
            wrong(name, "not_whole", f"{text[:40]!r} is not a whole number. Write digits alone.")
            return 0
        return int(text)

    customer = _customer(asked.customer, rules)
    if asked.customer and not customer:
        wrong("customer", "unknown", f"There is no customer {asked.customer[:60]!r}. Check the name.")
    if asked.verb not in Verb.__members__:
        wrong("verb", "unknown_word", "Choose what is to be done.")
    value = 0
    try:
        value = parse_money(asked.value, rules.rules.currency, "value") if asked.value else 0
    except InputError as error:
        errors += error.errors
    margin = _basis_points(asked.margin) if asked.margin else None
    if asked.margin and margin is None:
        wrong("margin", "not_a_percentage", f"{asked.margin[:40]!r} is not a percentage. Write 14 or 12.5.")
    figures = Figures(
        amounts=(Amount(item="", quantity=whole("quantity"), value_minor=value),),
        days_late=whole("days_late"),
        price_minor=value or None,
        cost_minor=0 if margin is None else value - value * margin // 10_000,
        borrow=asked.borrow == _YES,
        below_floor=asked.below_floor == _YES,
    )
    if errors:
        raise InputError(errors[0].detail, errors=errors)
    return Act(
        actor="",
        verb=Verb(asked.verb),
        figures=figures,
        customer=customer,
        tier=rules.customers[customer].tier if customer else asked.tier,
        today=today,
        currency=rules.rules.currency,
    )


def _customer(text: str, rules: Book) -> str:
    """The id of a customer by its id or its whole name; "" for none."""
    if text in rules.customers:
        return text
    plain = text.casefold()
    return next((one.id for one in rules.customers.values() if plain and one.name.casefold() == plain), "")


def _basis_points(text: str) -> int | None:
    match = _PERCENT.fullmatch(text.strip())
    if match is None:
        return None
    bp = int(match[2]) * 100 + int((match[3] or "0").ljust(2, "0"))
    return -bp if match[1] else bp


def _free(tx: Tx, rights: Rights, act: Act) -> Free:
    """What is left of the limits of the customer that is named; of nobody's in particular, all."""
    most = {limit.id: limit.most for limit in rights.limits}
    drawn: dict[str, int] = {}
    if act.customer:
        keys = limit_keys(rights, [""], act.customer, act.tier, act.today)
        drawn = reads.drawn_of(tx, sorted(keys))
    return lambda key, _on: max(0, most[limit_of(key)] - drawn.get(key, 0))
