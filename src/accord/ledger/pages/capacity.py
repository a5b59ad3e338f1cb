"""What do people see of resources, of what suppliers can make, and of shares?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from litestar import get
from litestar.datastructures import State
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from accord.kit import charts
from accord.kit.charts import Bar, Frame
from accord.kit.days import Day, day_of
from accord.kit.errors import InputError
from accord.ledger import said, service
from accord.ledger.model import Draw, node_of
from accord.ledger.pages import links
from accord.ledger.service.capacity import Load

WEEKS_LISTED = 8
SPANS = {"day": 28, "week": 182}  # days shown, each or by the week
_DRAWS_MAX = 60
_WIDE, _NARROW = Frame(width=920, height=240), Frame(width=350, height=220, left=38, right=8)
_TINY = Frame(width=112, height=26, left=0, right=0, top=1, bottom=1)

Name = Annotated[str, QueryParameter(max_length=200)]


@get("/supply/resources", opt={"operation": "supply.read"}, include_in_schema=False, sync_to_thread=True)
def resources_page(state: State) -> Template:
    """Every resource and supplier with a limit, with its load."""
    found = service.capacities(state["db"], days=WEEKS_LISTED * 7)
    rows = sorted(
        (_row(one, found) for one in found.rows),
        key=lambda row: (-int(str(row["per_mille"])), str(row["name"])),
    )
    context = {
        "rows": rows,
        "weeks": WEEKS_LISTED,
        "sentence": _list_sentence(found),
        "has_shares": found.graph.has_allocations,
    }
    return Template(template_name="supply_resources.html", context=context)


@get("/supply/resource", opt={"operation": "supply.read"}, include_in_schema=False, sync_to_thread=True)
def resource_page(state: State, id: Name, of: Name = "", by: FromQuery[str] = "day") -> Template:
    """One of them: its load by day or week, and who takes it."""
    if by not in SPANS:
        raise InputError.at("by", "unknown_span", "The load is shown by day or by week.")
    sheet = service.capacity_sheet(state["db"], id, is_supplier=of == "supplier", days=SPANS[by])
    return Template(template_name="supply_resource.html", context=_page(sheet, by))


@get("/supply/resource/rows", opt={"operation": "supply.read"}, include_in_schema=False, sync_to_thread=True)
def resource_rows_page(
    state: State, id: Name, since: Name, until: Name, of: Name = "", overtime: Name = ""
) -> Template:
    """The draws that add up to what is taken in a span of days."""
    first, last = day_of(since, pointer="since"), day_of(until, pointer="until")
    sheet = service.capacity_sheet(state["db"], id, is_supplier=of == "supplier", days=1)
    one, today = sheet.loaded.capacity, sheet.loaded.today
    key = one.extra_key if overtime else one.key
    found = [draw for draw in sheet.draws if draw.key == key and first <= draw.on <= last]
    total = said.number(sum(draw.quantity for draw in found))
    span = said.day(first, today) if first == last else f"{said.day(first, today)} to {said.day(last, today)}"
    title = "Overtime taken" if overtime else "Taken"
    context = {
        "whose": one.name,
        "back": links.capacity(one.id, is_supplier=one.is_supplier),
        "title": title,
        "sentence": f"{title} from {span}: {total} {_unit(sheet.loaded)}.",
        "rows": [_draw(draw, sheet) for draw in found],
        "total": total,
        "unit": _unit(sheet.loaded),
        "is_signed": False,
        "is_cut": False,
    }
    return Template(template_name="supply_rows.html", context=context)


@get("/supply/shares", opt={"operation": "supply.read"}, include_in_schema=False, sync_to_thread=True)
def shares_page(state: State) -> Template:
    """Every share: what was given, what is taken, what is left."""
    found = service.shares(state["db"])
    taken = [one for one in found.rows if one.used > one.allocation.quantity]
    sentence = f"{len(found.rows)} {'share is' if len(found.rows) == 1 else 'shares are'} set aside"
    if taken:
        sentence += (
            f", {len(taken)} of them with more taken than they are now: a share was cut after it was used."
        )
    context = {
        "rows": [_share(one, found) for one in found.rows],
        "sentence": sentence if taken else f"{sentence}; none has more taken than was given.",
        "has_resources": bool(found.graph.resources),
    }
    return Template(template_name="supply_shares.html", context=context)


PAGES = [resources_page, resource_page, resource_rows_page, shares_page]


# --- every capacity in a line ---


def _row(one: service.Loaded, found: service.CapacityList) -> dict[str, object]:
    known, today = one.capacity, one.today
    weeks = by_week(one.days)
    most, taken = sum(day.most for day in one.days), sum(day.taken for day in one.days)
    busiest = max(weeks, key=lambda week: (per_mille(week), -week.on))
    until = today + len(one.days) - 1
    extra = sum(day.extra_taken for day in one.days)
    return {
        "name": known.name,
        "id": known.id,
        "kind": "supplier" if known.is_supplier else "resource",
        "site": said.site_name(known.site, found.graph.sites) if known.site else "–",
        "href": links.capacity(known.id, is_supplier=known.is_supplier),
        "most": said.number(most),
        "taken": said.number(taken),
        "taken_href": links.capacity_rows(known.id, is_supplier=known.is_supplier, since=today, until=until),
        "unit": _unit(one),
        "per_mille": per_mille(Load(today, most, taken)),
        "percent": _percent(Load(today, most, taken)),
        "busiest": _percent(busiest) if taken else "",
        "busiest_on": said.day(busiest.on, today) if taken else "",
        "tone": _tone(one.days),
        "word": _word(one.days),
        "overtime": said.number(extra) if known.extra_key else "",
        "overtime_href": links.capacity_rows(
            known.id, is_supplier=known.is_supplier, since=today, until=until, is_overtime=True
        ),
        "bars": charts.bars(_TINY, [_bar(week) for week in weeks]),
    }


def _list_sentence(found: service.CapacityList) -> str:
    over = [one for one in found.rows if any(day.taken > day.most for day in one.days)]
    if over:
        one = over[0]
        on = next(day.on for day in one.days if day.taken > day.most)
        count = f"{len(over)} are" if len(over) > 1 else "One is"
        return f"{count} taken beyond what there is, {one.capacity.name} from {said.day(on, one.today)} on."
    full = [one for one in found.rows if any(day.most and day.taken >= day.most for day in one.days)]
    if not full:
        return "Nothing is full in the weeks to come."
    one = max(full, key=lambda one: sum(day.taken >= day.most for day in one.days if day.most))
    days = sum(day.taken >= day.most for day in one.days if day.most)
    return f"Nothing is taken beyond what there is. Fullest: {one.capacity.name}, {days} full {'day' if days == 1 else 'days'} ahead."


# --- one of them ---


def _page(sheet: service.CapacitySheet, by: str) -> dict[str, object]:
    one = sheet.loaded
    known, today = one.capacity, one.today
    loads = by_week(one.days) if by == "week" else one.days
    given = [_bar(load) for load in loads]
    names = [said.short_day(load.on) for load in loads]
    sizes = [("wide", charts.bars(_WIDE, given)), ("narrow", charts.bars(_NARROW, given))]
    drawn = [
        {
            "name": name,
            "drawn": bars,
            "levels": [(tick.at, said.number(tick.value)) for tick in bars.levels],
            "names": [(at, names[which]) for at, which in bars.names],
        }
        for name, bars in sizes
    ]
    return {
        "name": known.name,
        "id": known.id,
        "site": said.site_name(known.site, sheet.graph.sites) if known.site else "",
        "kind": "supplier" if known.is_supplier else "resource",
        "unit": _unit(one),
        "tone": _tone(one.days),
        "word": _word(one.days),
        "sentence": _sentence(one),
        "by": by,
        "spans": [
            {
                "word": f"by {name}",
                "href": links.capacity(known.id, is_supplier=known.is_supplier, by=name),
                "is_now": name == by,
            }
            for name in SPANS
        ],
        "sizes": drawn,
        "has_overtime": bool(known.extra_key),
        "words": f"Load of {known.name} by {by}; the table below has every number.",
        "rows": [_load(load, one, by) for load in loads],
        "draws": [_draw(draw, sheet) for draw in sheet.draws if draw.on >= today][:_DRAWS_MAX],
        "is_cut": len(sheet.draws) > _DRAWS_MAX,
    }


def _sentence(one: service.Loaded) -> str:
    days = one.days[: SPANS["day"]]
    most, taken = sum(day.most for day in days), sum(day.taken for day in days)
    share = _percent(Load(one.today, most, taken))
    words = f"{one.capacity.name}: {share} of the next {len(days) // 7} weeks is taken"
    over = next((day for day in days if day.taken > day.most), None)
    if over is not None:
        return f"{words}; on {said.day(over.on, one.today)} {said.number(over.taken - over.most)} {_unit(one)} more than there is."
    room = next((day for day in days if day.most > day.taken), None)
    if room is None:
        return f"{words}; there is no room."
    return f"{words}; the next room is on {said.day(room.on, one.today)}, {said.number(room.most - room.taken)} {_unit(one)}."


def _load(load: Load, one: service.Loaded, by: str) -> dict[str, str]:
    known, until = one.capacity, load.on + (6 - (load.on - 1) % 7 if by == "week" else 0)

    def rows(*, is_overtime: bool = False) -> str:
        return links.capacity_rows(
            known.id, is_supplier=known.is_supplier, since=load.on, until=until, is_overtime=is_overtime
        )

    return {
        "on": said.day(load.on, one.today),
        "most": said.number(load.most),
        "taken": said.number(load.taken),
        "taken_href": rows(),
        "left": said.number(load.most - load.taken),
        "tone": "bad" if load.taken > load.most else "",
        "extra_most": said.number(load.extra_most),
        "extra_taken": said.number(load.extra_taken),
        "extra_href": rows(is_overtime=True),
    }


def _draw(draw: Draw, sheet: service.CapacitySheet) -> dict[str, str]:
    today = sheet.loaded.today
    into, href = "a promise", links.promise(draw.promise or "")
    if draw.feeds is not None:
        item, site = node_of(draw.feeds)
        into, href = f"{item} at {said.site_name(site, sheet.graph.sites)}", links.node(item, site)
    document = f"proposed …{draw.owner[-6:]}" if draw.owner.startswith("rcp_") else draw.owner
    until = f"held until {said.moment(draw.expires_at, today)}" if draw.expires_at is not None else ""
    return {
        "on": said.day(draw.on, today),
        "what": f"{into}, {document}",
        "href": href,
        "kind": "overtime" if draw.key == sheet.loaded.capacity.extra_key else "",
        "note": until,
        "promise_href": links.promise(draw.promise) if draw.promise else "",
        "quantity": said.number(draw.quantity),
    }


# --- shares ---


def _share(one: service.ShareLine, found: service.ShareList) -> dict[str, str]:
    given, today = one.allocation, one.today
    release = given.release_on or given.until_on
    record = found.graph.items.get(given.item)
    scale = record.scale if record is not None else 1
    is_over = release <= today
    return {
        "item": given.item,
        "site": said.site_name(given.site, found.graph.sites),
        "href": links.node(given.item, given.site),
        "for": said.terms(given.path),
        "rank": str(given.rank),
        "from": said.day(given.from_on, today),
        "until": said.day(given.until_on - 1, today),
        "state": "released" if is_over else f"kept until {said.day(release, today)}",
        "tone": "none" if is_over else "good",
        "given": said.number(given.quantity, scale),
        "used": said.number(one.used, scale),
        "used_href": links.share_rows(given.item, given.site, given.id),
        "left": said.number(0 if is_over else max(0, given.quantity - one.used), scale),
        "over": said.number(one.used - given.quantity, scale) if one.used > given.quantity else "",
    }


# --- what they share ---


def by_week(days: Sequence[Load]) -> list[Load]:
    """Days summed up by calendar weeks, from Monday; the first may be a part of one."""
    found: dict[Day, Load] = {}
    for day in days:
        monday = day.on - (day.on - 1) % 7  # day 1, 0001-01-01, is a Monday
        sofar = found.get(monday, Load(max(monday, days[0].on), 0, 0))
        found[monday] = Load(
            sofar.on,
            sofar.most + day.most,
            sofar.taken + day.taken,
            sofar.extra_most + day.extra_most,
            sofar.extra_taken + day.extra_taken,
        )
    return list(found.values())


def per_mille(load: Load) -> int:
    """How much of what there is is taken; taken where there is nothing counts as more than all."""
    if load.most:
        return load.taken * 1_000 // load.most
    return 1_001 if load.taken else 0


def _percent(load: Load) -> str:
    return f"{load.taken * 100 // load.most} %" if load.most else "closed"


def _bar(load: Load) -> Bar:
    return Bar(most=load.most, filled=load.taken, extra_most=load.extra_most, extra_filled=load.extra_taken)


def _unit(one: service.Loaded) -> str:
    return "base units" if one.capacity.is_supplier else "min"


def _tone(days: Sequence[Load]) -> str:
    if any(day.taken > day.most or day.extra_taken > day.extra_most for day in days):
        return "bad"
    return "care" if any(day.most and day.taken >= day.most for day in days) else "good"


def _word(days: Sequence[Load]) -> str:
    return {"bad": "over", "care": "full days", "good": "room"}[_tone(days)]
