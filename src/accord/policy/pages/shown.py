"""How do rights, limits, people, test cases and editions become what a template shows?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.days import Instant, local_day
from accord.kit.money import format_money
from accord.ledger.said import moment
from accord.ledger.service import reads
from accord.policy import said, service
from accord.policy.decide import key_of, person_of
from accord.policy.decide.cases import Outcome
from accord.policy.decide.difference import Change
from accord.policy.decide.lockout import may_change
from accord.policy.decide.standing import Standing, standing
from accord.policy.model import (
    ANY,
    Answer,
    Book,
    Case,
    Counted,
    CumulativeLimit,
    Edition,
    Right,
    Rights,
    Ruling,
    Subject,
)

USED_SHOWN = 3  # of those who have used most of a limit
KEYS_MAX = 5_000  # of one limit: more are not added up while somebody waits
TONES = {Answer.allow: "good", Answer.ask: "care", Answer.deny: "bad"}
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}
_STANDING_TONES = {
    Standing.in_force: "good",
    Standing.over: "none",
    Standing.needs_agreement: "care",
    Standing.needs_its_day: "care",
    Standing.withdrawn: "none",
    Standing.superseded: "bad",
    Standing.expired: "bad",
}
_NUMBER = re.compile(r"-?[0-9]+")


class Words:
    """The currency and the moment by which everything is said."""

    def __init__(self, currency: str, now: Instant) -> None:
        self.currency = currency
        self.now = now

    def money(self, minor: int) -> str:
        """An amount as people write it: "€600,000", "€15.90"."""
        amount = format_money(abs(minor), self.currency).partition(" ")[0]
        whole, point, rest = amount.partition(".")
        grouped = f"{int(whole):,}{point + rest if rest.strip('0') else ''}"
        sign = _SIGNS.get(self.currency)
        return f"{'−' if minor < 0 else ''}{sign}{grouped}" if sign else f"{grouped} {self.currency}"

    def at(self, at: Instant) -> str:
        """A moment, the year only where it is not this one's."""
        return moment(at, local_day(self.now, "UTC"))

    def counted(self, limit: CumulativeLimit, n: int) -> str:
        """So much of what a limit counts."""
        return f"{n:,}" if limit.of is Counted.quantity else self.money(n)

    # --- rights ---

    def right(self, right: Right, number: int) -> dict[str, object]:
        """One row of the table."""
        return {
            "number": number,
            "id": right.id,
            "who": who(right.role),
            "whom": said.tiers(right.tiers),
            "is_for_all": not right.tiers,
            "is_about_all": not right.verbs,
            "what": ", ".join(verb.value for verb in right.verbs) or "anything",
            "limits": said.limits_of(right, self.money),
            "also": said.also(right),
            "then": then(right.then, right.ask),
            "tone": TONES[right.then],
        }

    def limit(self, limit: CumulativeLimit) -> dict[str, object]:
        """One cumulative limit."""
        item = "" if limit.item == ANY else f" of {limit.item}"
        return {
            "id": limit.id,
            "who": who(limit.role),
            "whom": said.tiers(limit.tiers),
            "most": f"{self.counted(limit, limit.most)}{item}",
            "counts": f"of {limit.of.value}, by {' and '.join(verb.value for verb in limit.verbs)}",
            "per": f"for each {limit.over.value} and {limit.period.value}",
            "then": then(limit.then, limit.ask),
            "tone": TONES[limit.then],
        }

    def change(self, change: Change, rights: Rights) -> dict[str, str]:
        """One difference."""
        of = next((one.of for one in rights.limits if one.id == change.id), None)
        return {
            "what": change.what,
            "tone": {"added": "good", "removed": "bad"}.get(change.what, "care"),
            "kind": _KINDS.get(change.kind, change.kind.replace("_", " ")),
            "id": change.id,
            "field": said.FIELDS.get(change.field, change.field.replace("_", " ")),
            "before": self._figure(change.field, change.before, of),
            "after": self._figure(change.field, change.after, of),
        }

    def _figure(self, field: str, text: str, of: Counted | None) -> str:
        if text == "*":
            return "everybody" if field == "role" else "any"
        if _NUMBER.fullmatch(text) is None:
            return text
        if "_minor" in field or (field == "most" and of is not Counted.quantity):
            return self.money(int(text))
        if field.endswith("_bp_min"):
            return said.percent(int(text))
        if field.endswith("_seconds_max"):
            return said.span(int(text))
        return f"{int(text):,}"

    # --- cases ---

    def outcome(self, outcome: Outcome) -> dict[str, object]:
        """A test case that was run."""
        case = outcome.case
        return {
            "name": case.name,
            "wants": self._wants(case),
            "expects": then(case.expect, case.ask),
            "passed": outcome.passed,
            "came": then(outcome.ruling.answer, outcome.ruling.ask),
            "by": outcome.ruling.by,
            "because": list(outcome.ruling.because),
            "words": outcome.words,
        }

    def _wants(self, case: Case) -> str:
        figures = case.figures
        who_wants = case.actor or (f"a {case.role}" if case.role else "somebody")
        parts = [f"{who_wants} wants to {case.verb.value}"]
        if figures.quantity:
            parts.append(f"{figures.quantity:,}")
        if figures.value_minor:
            parts.append(f"for {self.money(figures.value_minor)}")
        if figures.margin_bp is not None and figures.cost_minor:
            parts.append(f"at {said.percent(figures.margin_bp)} margin")
        if case.customer or case.tier:
            parts.append(f"to {case.customer or f'tier {case.tier}'}")
        parts += [words for covers, words in said.flags(figures) if covers]
        return " ".join(parts)

    def ruling(self, ruling: Ruling) -> dict[str, object]:
        """What the rights say to an act."""
        return {
            "answer": then(ruling.answer, ruling.ask),
            "tone": TONES[ruling.answer],
            "by": ruling.by,
            "because": list(ruling.because),
        }

    # --- editions ---

    def edition(self, edition: Edition, in_force: str) -> dict[str, object]:
        """One edition, and how it stands."""
        stands = standing(edition, in_force, self.now)
        since = edition.applied_at or edition.effective_at
        return {
            "id": edition.id,
            "name": edition.name or edition.id,
            "stands": stands.value,
            "tone": _STANDING_TONES[stands],
            "is_in_force": stands is Standing.in_force,
            "is_waiting": stands in (Standing.needs_agreement, Standing.needs_its_day),
            "needs_agreement": stands is Standing.needs_agreement,
            "since": self.at(since) if since is not None else "when it is agreed to",
            "stated_by": edition.stated_by,
            "stated": self.at(edition.stated_at),
            "second": edition.second,
            "agreed_by": edition.agreed_by,
            "withdrawn_by": edition.withdrawn_by,
            "withdrawn": self.at(edition.withdrawn_at) if edition.withdrawn_at is not None else "",
            "withdrawn_why": edition.withdrawn_why,
            "over": edition.over,
        }


_KINDS = {"everybody_else": "everybody else is", "change": "who may change", "second": "who must agree", "zone": "time zone"}  # fmt: skip


def who(role: str) -> str:
    """Whose a row is."""
    return "everybody" if role == ANY else role or "nobody's role"


def then(answer: Answer, ask: str) -> str:
    """What happens then, in words."""
    return f"ask {ask}" if answer is Answer.ask else {"allow": "allowed", "deny": "no"}[answer.value]


def choices(editions: Sequence[dict[str, object]]) -> list[tuple[str, str]]:
    """The editions one can compare, with when each began, so that the same name twice is told apart."""
    named = [(str(one["id"]), f"{one['name']}, {one['since']}") for one in editions]
    return [("", "what is in force"), *named]


def people(rights: Rights) -> list[dict[str, str]]:
    """Who is known, in their teams."""
    return [
        {"id": one.id, "roles": ", ".join(one.roles), "team": one.team, "person": one.person}
        for one in sorted(rights.actors, key=lambda one: (one.team == "", one.team, one.id))
    ]


def changed_by(rights: Rights) -> dict[str, object]:
    """Who may state other rights, and who must agree."""

    def having(role: str) -> list[str]:
        return [one.id for one in rights.actors if role in one.roles]

    return {
        "role": rights.change,
        "people": having(rights.change) if rights.change else [],
        "second": rights.second,
        "seconds": having(rights.second) if rights.second else [],
    }


def is_changer(rules: Book, actor: str) -> bool:
    """Whether whoever looks may state other rights, as far as the rights say."""
    return may_change(rules.rights, actor)


# --- what is used of limits now ---


def used(tx: Tx, rules: Book, words: Words) -> dict[str, dict[str, object]]:
    """By limit: who has used most of it in the period that runs. What is held counts, as it does when somebody asks."""
    rights = rules.rights
    if rights is None:
        return {}
    today = local_day(words.now, rights.zone)
    found: dict[str, dict[str, object]] = {}
    for limit in rights.limits:
        subjects = _subjects(rules, rights, limit)
        if len(subjects) > KEYS_MAX:
            found[limit.id] = {"is_many": f"{len(subjects):,}", "rows": []}
            continue
        keys = {
            key_of(rights, limit, actor, customer, today)[0]: name for name, actor, customer, _ in subjects
        }
        hrefs = {name: href for name, _, _, href in subjects}
        drawn = {keys[key]: n for key, n in reads.drawn_of(tx, list(keys)).items() if n}
        top = sorted(drawn, key=lambda name: (-drawn[name], name))
        found[limit.id] = {
            "is_many": "",
            "count": len(drawn),
            "more": max(0, len(drawn) - USED_SHOWN),
            "rows": [
                {
                    "name": name,
                    "href": hrefs[name],
                    "used": words.counted(limit, drawn[name]),
                    "left": words.counted(limit, max(0, limit.most - drawn[name])),
                    "percent": min(100, drawn[name] * 100 // limit.most) if limit.most else 100,
                }
                for name in top[:USED_SHOWN]
            ],
        }
    return found


def _subjects(rules: Book, rights: Rights, limit: CumulativeLimit) -> list[tuple[str, str, str, str]]:
    """Over whom a limit may add up: name, an actor of it, customer, and the list its promises are in."""
    if limit.over is Subject.customer:
        return [(one.name or one.id, "", one.id, f"/promises?q={one.id}") for one in rules.customers.values()]
    if limit.over is Subject.team:
        teams = {one.team: one.id for one in rights.actors if one.team}
        return [(team, actor, "", "") for team, actor in sorted(teams.items())]
    persons = dict.fromkeys(person_of(rights, one.id) for one in rights.actors)
    return [(one, one, "", "") for one in persons]


# --- everything there is ---


def context(db: Database, actor: str) -> dict[str, object]:
    """The page of the rights in force."""
    with db.read() as tx:
        rules, now = service.book(tx), tx.now()
        words = Words(rules.rules.currency, now)
        spent = used(tx, rules, words)
    editions = service.editions(db)
    rights = rules.rights
    edition = in_force_of(editions, rules)
    shown: list[dict[str, object]] = [words.edition(one, service.in_force(rules)) for one in editions]
    found: dict[str, object] = {
        "editions": shown,
        "choices": choices(shown),
        "waiting": [one for one in shown if one["is_waiting"]],
        "may_change": is_changer(rules, actor),
        "actor": actor,
        "tiers": sorted(rules.tiers, key=lambda one: (rules.tiers[one], one)),
        "currency": rules.rules.currency,
        "rights": None,
    }
    if rights is None:
        return found
    tests = service.tested(edition, now, rules.accounts).outcomes if edition is not None else ()
    return found | {
        "rights": [words.right(one, number) for number, one in enumerate(rights.rights, 1)],
        "limits": [{**words.limit(one), "used": spent.get(one.id)} for one in rights.limits],
        "people": people(rights),
        "everybody_else": rights.everybody_else,
        "zone": rights.zone,
        "changed_by": changed_by(rights),
        "edition": words.edition(edition, service.in_force(rules)) if edition is not None else None,
        "cases": [words.outcome(one) for one in tests],
        "failed": sum(not one.passed for one in tests),
        "roles": roles(rights),
        "rules": said.rules(rules.rules),
    }


def in_force_of(editions: Sequence[Edition], rules: Book) -> Edition | None:
    """The edition in force; None where rights were put there by other means, or none are."""
    id = service.in_force(rules)
    return next((one for one in editions if one.id == id), None)


def roles(rights: Rights) -> list[str]:
    """Every role that somebody has or a row names, in the order of the table."""
    named = [row.role for row in rights.rights] + [row.role for row in rights.limits]
    named.append(rights.everybody_else)
    named += [role for actor in rights.actors for role in actor.roles]
    return [role for role in dict.fromkeys(named) if role not in ("", ANY)]
