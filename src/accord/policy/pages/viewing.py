"""What are the rights in force, why does which row decide, and how did they come about?"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter
from litestar.response import Response, Template

from accord.db.engine import Database
from accord.kit.doors import Doors
from accord.kit.errors import InputError, NotFound
from accord.policy import service
from accord.policy.decide.standing import Standing, standing
from accord.policy.model import Book, Edition, Rights
from accord.policy.pages import shown
from accord.policy.pages.shown import Words
from accord.policy.pages.why import Asked, answer
from accord.policy.words.written import as_toml, in_force_tree, tree_of, written

Visitor = Request[Any, Any, State]
Text = Annotated[str, QueryParameter(max_length=200)]
READ = {"operation": "rights.read"}


def may_state(request: Visitor) -> bool:
    """Whether the table of authority opens the door to those who change rights."""
    doors: Doors = request.state.doors
    return doors.opens("rights.state")


@get("/rights", opt=READ, include_in_schema=False, sync_to_thread=True)
def rights_page(
    state: State,
    request: Visitor,
    role: Text = "",
    verb: Text = "commit",
    customer: Text = "",
    tier: Text = "",
    quantity: Text = "",
    value: Text = "",
    margin: Text = "",
    days_late: Text = "",
    below_floor: Text = "",
    borrow: Text = "",
) -> Template:
    """The rights in force; with a role, why which row decides about something that somebody in it might do."""
    db: Database = state["db"]
    asked = Asked(
        role=role.strip(),
        verb=verb,
        customer=customer.strip(),
        tier=tier,
        quantity=quantity.strip(),
        value=value.strip(),
        margin=margin.strip(),
        days_late=days_late.strip(),
        below_floor=below_floor,
        borrow=borrow,
    )
    context = shown.context(db, request.state.actor)
    found, errors = None, dict[str, str]()
    if asked.is_asked and context["rights"] is not None:
        try:
            found = answer(db, asked)
        except InputError as error:
            errors = {one.pointer: one.detail for one in error.errors}
    context |= {"asked": asked, "why": found, "errors": errors, "may_open": may_state(request)}
    return Template("rights.html", context=context, status_code=422 if errors else 200)


@get("/rights/file", opt=READ, include_in_schema=False, sync_to_thread=True)
def rights_file(state: State) -> Response[str]:
    """The rights in force as the file that states them."""
    db: Database = state["db"]
    with db.read() as tx:
        rules = service.book(tx)
    text = text_of(db, rules)
    return Response(
        text,
        media_type="application/toml",
        headers={"Content-Disposition": 'attachment; filename="rights.toml"'},
    )


@get("/rights/compare", opt=READ, include_in_schema=False, sync_to_thread=True)
def compare_page(state: State, before: Text = "", after: Text = "") -> Template:
    """What one edition changed of another; without an id it is what is in force."""
    db: Database = state["db"]
    with db.read() as tx:
        rules, now = service.book(tx), tx.now()
    words, id = Words(rules.rules.currency, now), service.in_force(rules)
    editions = service.editions(db)
    then = next((one.rights for one in editions if one.id == after), rules.stated or Rights())
    context = {
        "before": before,
        "after": after,
        "choices": shown.choices([words.edition(one, id) for one in editions]),
        "changes": [words.change(one, then) for one in service.between(db, before, after)],
    }
    return Template("rights_compare.html", context=context)


@get("/rights/editions/{edition:str}", opt=READ, include_in_schema=False, sync_to_thread=True)
def edition_page(state: State, request: Visitor, edition: FromPath[str]) -> Template:
    """One edition: how it stands, what it changes, and, where somebody must agree, who may."""
    return show_edition(state["db"], edition, request)


def show_edition(
    db: Database, id: str, request: Visitor, *, notice: str = "", note: str = "", status: int = 200
) -> Template:
    """The page of an edition. Raises: NotFound."""
    with db.read() as tx:
        rules, now = service.book(tx), tx.now()
    editions = service.editions(db)
    made = next((one for one in editions if one.id == id), None)
    if made is None:
        raise NotFound(f"There is no edition {id[:100]!r} of the rights. /rights lists them.")
    current = service.in_force(rules)
    words, stands = Words(rules.rules.currency, now), standing(made, current, now)
    before = next((one for one in editions if one.id == made.over), None)
    if made.applied_at is None:
        changes, against = service.difference(db, made), ""
    else:
        changes, against = (service.between(db, before.id, id), before.id) if before is not None else ((), "")
    is_waiting = stands in (Standing.needs_agreement, Standing.needs_its_day)
    context = {
        "edition": words.edition(made, current),
        "before": words.edition(before, current) if before is not None else None,
        "is_first": made.applied_at is not None and before is None,
        "against": against,
        "changes": [words.change(one, made.rights) for one in changes],
        "meanwhile": [
            words.change(one, rules.stated or Rights()) for one in service.between(db, made.over, "")
        ]
        if stands is Standing.superseded and before is not None
        else [],
        "cases": [words.outcome(one) for one in service.tested(made, now, rules.accounts).outcomes],
        "doubts": service.doubts(db, made) if is_waiting else (),
        "rights": [words.right(one, number) for number, one in enumerate(made.rights.rights, 1)],
        "second_people": [
            one.id for one in (rules.rights or Rights()).actors if made.second and made.second in one.roles
        ],
        "why_not": _why_not(made, rules, request) if stands is Standing.needs_agreement else "",
        "may_withdraw": is_waiting and _may_withdraw(made, rules, request.state.actor),
        "may_state": may_state(request) and shown.is_changer(rules, request.state.actor),
        "actor": request.state.actor,
        "notice": notice,
        "note": note,
    }
    return Template("rights_edition.html", context=context, status_code=status)


def _why_not(made: Edition, rules: Book, request: Visitor) -> str:
    """Why whoever looks cannot agree; "" = he can. The service sees to it again."""
    doors: Doors = request.state.doors
    if not doors.opens("rights.agree"):
        return doors.rule("rights.agree")
    return service.why_not_agree(rules, made, request.state.actor)


def _may_withdraw(made: Edition, rules: Book, actor: str) -> bool:
    return service.may_withdraw(rules, made, actor)


def text_of(db: Database, rules: Book) -> str:
    """The file of what is in force."""
    edition = shown.in_force_of(service.editions(db), rules)
    currency = rules.rules.currency
    if edition is None:
        return written(Edition(id="", rights=rules.stated or Rights()), currency)
    return as_toml(in_force_tree(edition, rules.rules, rules.tiers, currency))


def text_of_edition(made: Edition, currency: str) -> str:
    """The file of any edition, for no moment yet."""
    tree = tree_of(msgspec.structs.replace(made, effective_at=None), currency)
    return as_toml(tree)


PAGES = [rights_page, rights_file, compare_page, edition_page]
