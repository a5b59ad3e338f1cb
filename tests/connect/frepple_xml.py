"""frePPLe's own engine tests as models for our reader, and our decisions on them.

The XML says a model in another shape than the fixtures: objects are declared where they are first used, a buffer may
stand for an item without a place, and a demand may name the operation that delivers it. Here each becomes a record of
a fixture, so that the product's own reader and translation do the rest:

- A buffer that has a name of its own is an item of that name: several of them may hold the "same" item in one place.
- A delivery operation makes an item of its own name, which is what the demand then asks for.
- What has no place is at "site".
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from accord.connect.frepple.read import parse
from accord.connect.frepple.translate import translate
from accord.connect.model import OpenLine, Translation
from accord.exceptions.model import Counted, ReceiptStated
from accord.kit.days import Day, midnight
from accord.ledger.decide.graph import Graph, reach
from accord.ledger.decide.trial import Trial
from accord.ledger.model import Profile, node_key
from accord.policy.model import Book, Rules
from accord.promise.decide import decide
from accord.promise.model import Decision, Option, Take

SITE = "site"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_WEEKDAYS = (
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
)  # their bits, in order
_CALENDARS = (
    "available",
    "maximum_calendar",
    "minimum_calendar",
    "efficiency_calendar",
    "size_minimum_calendar",
)
_NAMES = {"size_minimum": "sizeminimum", "size_multiple": "sizemultiple", "size_maximum": "sizemaximum"}


class Case(msgspec.Struct, frozen=True):
    """One engine test."""

    name: str
    today: Day
    at: datetime
    rows: list[tuple[str, dict[str, Any]]]
    plans: tuple[tuple[int, int, int], ...]  # (number of the output, plantype, constraints)

    @property
    def fixture(self) -> bytes:
        """The model as a fixture."""
        return json.dumps(
            [{"model": f"input.{model}", "fields": fields} for model, fields in self.rows]
        ).encode()


def read_case(folder: Path) -> Case:
    """The model of a test folder."""
    root = ET.parse(folder / f"{folder.name}.xml").getroot()
    current = datetime.fromisoformat(root.findtext("current") or "")
    script = "\n".join(node.text or "" for node in root.iter() if node.tag is ET.PI)
    script = script or (folder / f"{folder.name}.xml").read_text()
    return Case(
        folder.name, current.date().toordinal(), current, list(_Reader(root).rows()), tuple(_plans(script))
    )


def _plans(script: str) -> Iterator[tuple[int, int, int]]:
    """Which output was written under which constraints."""
    plantype, constraints = 1, 15
    for match in re.finditer(
        r"solver_mrp\(([^)]*)\)|plantype\s*=\s*(\d+)|saveplan\(\"output\.(\d+)\.xml\"\)", script
    ):
        arguments, later, output = match.groups()
        if arguments is not None:
            found = dict(re.findall(r"(plantype|constraints)\s*=\s*(\d+)", arguments))
            plantype, constraints = int(found.get("plantype", 1)), int(found.get("constraints", 15))
        elif later is not None:
            plantype = int(later)
        else:
            yield int(output), plantype, constraints
    if "saveplan" not in script and ".pegging" in script:
        yield 1, plantype, constraints  # what feeds each demand, in words of its own


# --- their XML as records of a fixture -------------------------------------------------------------


class _Reader:
    def __init__(self, root: ET.Element) -> None:
        self.root = root
        self.objects: dict[str, dict[str, dict[str, Any]]] = {}  # kind -> name -> fields
        self.links: list[tuple[str, dict[str, Any]]] = []  # flows, loads, suppliers of items, ...
        self.buffers: dict[str, dict[str, Any]] = {}
        self.unnamed = 0

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        self._visit(self.root, {})
        self._place_buffers()
        for buffer in self.buffers.values():
            fields = {key: value for key, value in buffer.items() if key not in ("name", "producing")}
            yield "buffer", fields
        for kind, named in self.objects.items():
            for name, fields in named.items():
                yield kind, {"name": name, **fields}
        yield from self.links

    def _visit(self, node: ET.Element, context: dict[str, str]) -> None:
        for child in node:
            if not isinstance(child.tag, str):
                continue
            handler = getattr(self, f"_{child.tag}", None)
            if handler is not None:
                handler(child, context)
            else:
                self._visit(child, context)

    def _keep(self, kind: str, name: str, fields: dict[str, Any]) -> str:
        self.objects.setdefault(kind, {}).setdefault(name, {}).update(fields)
        return name

    def _scalars(self, node: ET.Element, *names: str) -> dict[str, Any]:
        """Attributes and plain children."""
        found: dict[str, Any] = {}
        for name in names:
            text = node.get(name) if node.get(name) is not None else node.findtext(name)
            if text is not None and text.strip():
                found[_NAMES.get(name, name)] = text.strip()
        return found

    def _named(self, node: ET.Element, tag: str, context: dict[str, str]) -> str | None:
        """The object that a child refers to, declared on the way."""
        child = node.find(tag)
        if child is None:
            return None
        handler = getattr(self, f"_{tag}", None) or getattr(
            self, f"_{'location' if tag in ('origin', 'destination') else tag}"
        )
        handler(child, context)
        return child.get("name") or child.findtext("name")

    # --- objects ---

    def _calendar(self, node: ET.Element, context: dict[str, str]) -> str:
        name = node.get("name") or node.findtext("name") or ""
        default = self._scalars(node, "default").get("default")
        self._keep("calendar", name, {} if default is None else {"defaultvalue": default})
        for bucket in node.iter("bucket"):
            fields = self._scalars(bucket, "start", "end", "value", "priority", "days")
            days = int(fields.pop("days", 127))
            row = {day: bool(days >> bit & 1) for bit, day in enumerate(_WEEKDAYS)}
            for theirs, ours in (("start", "startdate"), ("end", "enddate")):
                if theirs in fields:
                    row[ours] = fields.pop(theirs)
            self.links.append(("calendarbucket", {"calendar": name, **row, **fields}))
        return name

    def _location(self, node: ET.Element, context: dict[str, str]) -> None:
        fields: dict[str, Any] = {}
        available = node.find("available")
        if available is not None:
            fields["available"] = self._calendar(available, context)
        owner = (
            self._named(node, "owner_location", context)
            if node.find("owner") is None
            else node.find("owner").get("name")
        )  # type: ignore[union-attr]
        if owner:
            self._keep("location", owner, {})
            fields["owner"] = owner
        self._keep("location", node.get("name") or node.findtext("name") or "", fields)

    def _owner_location(self, node: ET.Element, context: dict[str, str]) -> None:
        """There is no such element."""

    def _supplier(self, node: ET.Element, context: dict[str, str]) -> None:
        name = node.get("name") or node.findtext("name") or ""
        self._keep("supplier", name, {})
        self._visit(node, {**context, "supplier": name})

    def _customer(self, node: ET.Element, context: dict[str, str]) -> None:
        self._keep("customer", node.get("name") or node.findtext("name") or "", {})

    def _item(self, node: ET.Element, context: dict[str, str]) -> None:
        name = node.get("name") or node.findtext("name") or ""
        owner = node.find("owner")
        fields = self._scalars(node, "cost")
        if owner is not None:
            fields["owner"] = owner.get("name")
        self._keep("item", name, fields)
        self._visit_only(node, ("itemsuppliers", "itemdistributions"), {**context, "item": name})

    def _visit_only(self, node: ET.Element, tags: tuple[str, ...], context: dict[str, str]) -> None:
        for child in node:
            if child.tag in tags:
                self._visit(child, context)

    def _itemsupplier(self, node: ET.Element, context: dict[str, str]) -> None:
        fields = self._scalars(
            node, "leadtime", "priority", "cost", "fence", "size_minimum", "size_multiple", "size_maximum"
        )
        item = self._named(node, "item", context) or context["item"]
        supplier = self._named(node, "supplier", context) or context["supplier"]
        location = self._named(node, "location", context)
        self.links.append(
            ("itemsupplier", {"item": item, "supplier": supplier, "location": location, **fields})
        )

    def _itemdistribution(self, node: ET.Element, context: dict[str, str]) -> None:
        fields = self._scalars(
            node, "leadtime", "priority", "fence", "size_minimum", "size_multiple", "size_maximum"
        )
        row = {
            "item": self._named(node, "item", context) or context["item"],
            "origin": self._named(node, "origin", context),
            "location": self._named(node, "destination", context),
        }
        self.links.append(("itemdistribution", {**row, **fields}))

    def _skill(self, node: ET.Element, context: dict[str, str]) -> None:
        name = node.get("name") or node.findtext("name") or ""
        self._keep("skill", name, {})
        for child in node.iter("resourceskill"):
            resource = self._named(child, "resource", context)
            self.links.append(
                ("resourceskill", {"skill": name, "resource": resource, **self._scalars(child, "priority")})
            )

    # --- work ---

    def _operation(self, node: ET.Element, context: dict[str, str]) -> None:
        name = node.get("name") or node.findtext("name") or ""
        fields = self._scalars(
            node, "duration", "duration_per", "fence", "posttime", "size_minimum", "size_multiple", "size_maximum",
            "priority", "cost",
        )  # fmt: skip
        if node.get(_TYPE):
            fields["type"] = (node.get(_TYPE) or "").removeprefix("operation_")
        for tag in ("item", "location"):
            found = self._named(node, tag, context)
            if found is not None:
                fields[tag] = found
        self._keep("operation", name, fields)
        inside = {**context, "operation": name}
        self._visit_only(node, ("flows", "loads", "suboperations"), inside)
        for child in node.findall("dependencies/dependency"):
            blocker = self._named(child, "blockedby", {})
            self.links.append(("operationdependency", {"operation": name, "blockedby": blocker}))
        minimum = node.find("size_minimum_calendar")
        if minimum is not None:
            self._keep("operation", name, {"size_minimum_calendar": self._calendar(minimum, context)})

    _blockedby = _operation

    def _producing(self, node: ET.Element, context: dict[str, str]) -> None:
        self._operation(node, context)

    def _suboperation(self, node: ET.Element, context: dict[str, str]) -> None:
        name = self._named(
            node, "operation", {key: value for key, value in context.items() if key != "operation"}
        )
        row = {"operation": context["operation"], "suboperation": name}
        self.links.append(
            ("suboperation", {**row, **self._scalars(node, "priority", "effective_start", "effective_end")})
        )

    def _flow(self, node: ET.Element, context: dict[str, str]) -> None:
        fields = self._scalars(
            node,
            "quantity",
            "quantity_fixed",
            "priority",
            "name",
            "effective_start",
            "effective_end",
            "offset",
        )
        fields["type"] = (node.get(_TYPE) or "flow_start").removeprefix("flow_")
        operation = self._named(node, "operation", context) or context.get("operation")
        row: dict[str, Any] = {"operation": operation}
        item = self._named(node, "item", context)
        buffer = self._named(node, "buffer", context)
        row["item"] = item if item is not None else ("buffer", buffer)
        self.links.append(("operationmaterial", {**row, **fields}))

    def _buffer(self, node: ET.Element, context: dict[str, str]) -> None:
        name = node.get("name") or node.findtext("name") or ""
        fields = self.buffers.setdefault(name, {"name": name})
        fields.update(self._scalars(node, "onhand", "minimum", "maximum"))
        if node.get(_TYPE):
            fields["type"] = node.get(_TYPE)
        for tag in ("item", "location", "producing"):
            found = self._named(node, tag, context)
            if found is not None:
                fields[tag] = found
        minimum = node.find("minimum_calendar")
        if minimum is not None:
            fields["minimum_calendar"] = self._calendar(minimum, context)
        self._visit_only(node, ("flows",), context)

    def _resource(self, node: ET.Element, context: dict[str, str]) -> None:
        name = node.get("name") or node.findtext("name") or ""
        fields = self._scalars(node, "maximum", "efficiency", "constrained", "maxearly", "toolperpiece")
        if node.get(_TYPE):
            fields["type"] = (node.get(_TYPE) or "").removeprefix("resource_")
        location = self._named(node, "location", context)
        if location is not None:
            fields["location"] = location
        for tag in ("available", "maximum_calendar", "efficiency_calendar"):
            child = node.find(tag)
            if child is not None:
                fields[tag] = self._calendar(child, context)
        owner = node.find("owner")
        if owner is not None:
            fields["owner"] = self._keep("resource", owner.get("name") or "", {})
        if context.get("pool"):
            fields["owner"] = context["pool"]
        self._keep("resource", name, fields)
        self._visit_only(node, ("loads",), {**context, "resource": name})
        self._visit_only(node, ("members",), {**context, "pool": name})

    def _load(self, node: ET.Element, context: dict[str, str]) -> None:
        fields = self._scalars(node, "quantity", "quantity_fixed", "priority", "name", "search", "setup")
        outside = {key: value for key, value in context.items() if key != "pool"}
        row = {
            "operation": self._named(node, "operation", outside) or context.get("operation"),
            "resource": self._named(node, "resource", outside) or context.get("resource"),
        }
        skill = node.find("skill")
        if skill is not None:
            fields["skill"] = skill.get("name")
        self.links.append(("operationresource", {**row, **fields}))

    # --- orders ---

    def _demand(self, node: ET.Element, context: dict[str, str]) -> None:
        fields = self._scalars(node, "quantity", "due", "priority", "status", "minshipment", "maxlateness")
        for tag in ("item", "location", "customer", "operation"):
            found = self._named(node, tag, context)
            if found is not None:
                fields[tag] = found
        self._keep("demand", node.get("name") or "", fields)

    def _operationplan(self, node: ET.Element, context: dict[str, str]) -> None:
        fields = self._scalars(node, "quantity", "status", "start", "end", "reference", "batch")
        for theirs, ours in (("start", "startdate"), ("end", "enddate")):
            if theirs in fields:
                fields[ours] = fields.pop(theirs)
        self.unnamed += 1
        fields.setdefault("reference", node.get("id") or f"plan {self.unnamed}")
        for tag in ("item", "location", "origin", "operation", "supplier"):
            found = self._named(node, tag, context)
            if found is not None:
                fields[tag] = found
        fields["type"] = node.get("ordertype") or "MO"
        for child in ("flowplans", "loadplans", "owner"):
            if node.find(child) is not None:
                fields[child] = "yes"
        if node.find("owner") is not None:
            fields["type"] = "step of an order"
        self.links.append(("operationplan", fields))

    # --- buffers that are items of their own ---

    def _place_buffers(self) -> None:
        """Give every buffer an item and a place, and everything the same words for them."""
        named: dict[str, tuple[str, str]] = {}
        for name, buffer in self.buffers.items():
            item, place = str(buffer.get("item", name)), str(buffer.get("location", SITE))
            plain = name == f"{item} @ {buffer.get('location')}"
            twins = [
                other
                for other in self.buffers.values()
                if (other.get("item"), other.get("location")) == (buffer.get("item"), buffer.get("location"))
            ]
            named[name] = (item if plain or len(twins) == 1 else name, place)
            buffer["item"], buffer["location"] = named[name]
        operations = self.objects.get("operation", {})
        for kind, row in self.links:
            if kind == "operationmaterial" and isinstance(row["item"], tuple):
                row["item"], place = named[row["item"][1]]
                operations[row["operation"]].setdefault("location", place)
        for name, buffer in self.buffers.items():
            producing = buffer.get("producing")
            if producing is not None:
                operations[producing].setdefault("item", named[name][0])
                operations[producing].setdefault("location", named[name][1])
        self._deliveries(operations)
        for fields in operations.values():
            if fields.get("type") != "alternate":
                fields.setdefault("location", SITE)
        places = {fields["location"] for fields in operations.values() if "location" in fields}
        places |= {b["location"] for b in self.buffers.values()}
        for place in places:
            self._keep("location", place, {})

    def _deliveries(self, operations: dict[str, dict[str, Any]]) -> None:
        """A demand's own operation makes an item of its own name, which the demand asks for."""
        makes = {
            row["operation"]
            for kind, row in self.links
            if kind == "operationmaterial" and not str(row.get("quantity", "1")).startswith("-")
        }
        for fields in self.objects.get("demand", {}).values():
            operation = fields.pop("operation", None)
            if operation is not None and operation not in makes:
                operations[operation]["item"] = f"delivered by {operation}"
                fields["item"] = f"delivered by {operation}"
                if (
                    operations[operation].get("type") == "alternate"
                    and "location" not in operations[operation]
                ):
                    continue  # its choices are at places of their own
                fields["location"] = operations[operation].setdefault("location", SITE)
            fields.setdefault("location", self._place_of(fields.get("item"), operations))

    def _place_of(self, item: object, operations: dict[str, dict[str, Any]]) -> str:
        places = {b["location"] for b in self.buffers.values() if b["item"] == item}
        places |= {o["location"] for o in operations.values() if o.get("item") == item and "location" in o}
        return str(places.pop()) if len(places) == 1 else SITE


# --- our decisions on a case -----------------------------------------------------------------------


class Answer(msgspec.Struct, frozen=True):
    """What we answer to one demand."""

    demand: str
    on: Day | None  # when all of it is there; None = never
    why: str  # the refusal, when never
    moved: bool  # due before today, so asked for today


def answers(case: Case) -> tuple[Translation, list[Answer]]:
    """Every demand decided in the order of priority, due day and name, each on what the ones before left."""
    said = translate(parse(case.fixture, case.name), today=case.today, reopen=False)
    graph = Graph(1, said.records)
    last = max((line.due_on for line in said.lines), default=case.today)
    rules = Rules(
        horizon_days=max(last - case.today, 0) + 2_000,
        depth_max=max(said.depth_min, 6),
        late_receipt_days=None,
    )
    book = Book(version=1, rules=rules, customers={}, tiers={}, prices={})
    profiles = _profiles(said, case.today)
    found = []
    for line in sorted(said.lines, key=lambda one: (one.priority, one.due_on, one.id)):
        decision, moved = _decided(line, graph, book, profiles, case.today)
        chosen = None if decision.chosen is None else decision.options[decision.chosen]
        if chosen is not None:
            _draw(chosen, profiles, line.id)
        found.append(
            Answer(
                line.id,
                None if chosen is None else max(piece.deliver_on for piece in chosen.pieces),
                ""
                if chosen is not None
                else decision.refusals[0].value
                if decision.refusals
                else decision.verdict,
                moved,
            )
        )
    return said, found


def _decided(
    line: OpenLine, graph: Graph, book: Book, profiles: dict[str, Profile], today: Day
) -> tuple[Decision, bool]:
    (asked,) = line.request.lines
    moved = asked.requested_on < today
    request = msgspec.structs.replace(
        line.request,
        customer=None,
        may_split=False,
        lines=(msgspec.structs.replace(asked, requested_on=max(asked.requested_on, today)),),
    )
    keys = reach(
        graph, [(asked.item, asked.site)], ship_to="*", depth_max=book.rules.depth_max, may_substitute=False
    )
    locked = {key: profiles.get(key, Profile(key=key)) for key in keys}
    now = midnight(today, "UTC")
    trial = Trial(graph, locked, dict.fromkeys(graph.sites, today), today)
    return decide(request, trial, graph, book, now, id=f"dec_{line.id}", promise_id=f"prm_{line.id}"), moved


def _profiles(said: Translation, today: Day) -> dict[str, Profile]:
    """Stock and orders of the model; what is overdue is there today, as frePPLe has it."""
    found: dict[str, Profile] = {}
    for one in said.news:
        if isinstance(one, Counted):
            _add(found, node_key(one.item, one.site), 0, one.quantity, "on hand")
        elif isinstance(one, ReceiptStated):
            _add(found, node_key(one.item, one.site), max(one.due_on, today), one.quantity, one.id)
            for component in one.components:
                _take(found, Take(key=component.key, on=component.on, quantity=component.quantity))
    return found


def _draw(option: Option, profiles: dict[str, Profile], id: str) -> None:
    for number, make in enumerate(option.makes):
        _add(profiles, make.key, make.on, make.quantity, f"{id} #{number}")
        for take in make.takes:
            _take(profiles, take)
    for take in option.takes:
        _take(profiles, take)


def _add(profiles: dict[str, Profile], key: str, on: Day, quantity: int, id: str) -> None:
    if quantity:
        before = profiles.get(key, Profile(key=key))
        supply = tuple(sorted([*before.supply, (on, quantity, id, id, 0)]))
        profiles[key] = msgspec.structs.replace(before, supply=supply)


def _take(profiles: dict[str, Profile], take: Take) -> None:
    before = profiles.get(take.key, Profile(key=take.key))
    draws = {(on, life): quantity for on, life, quantity in before.draws}
    draws[(take.on, take.life_days)] = draws.get((take.on, take.life_days), 0) + take.quantity
    profiles[take.key] = msgspec.structs.replace(
        before, draws=tuple(sorted((on, life, quantity) for (on, life), quantity in draws.items()))
    )


# --- what frePPLe expects --------------------------------------------------------------------------


class Expected(msgspec.Struct, frozen=True):
    """What an expected plan says of one demand."""

    on: datetime | None  # of the last delivery; None = nothing is delivered
    short: bool  # part of it is never delivered


def expected(path: Path) -> dict[str, Expected]:
    """The deliveries of a saved plan, by demand, or of a report of what feeds each demand."""
    text = path.read_text()
    return _pegged(text) if "Pegging of demand " in text else _planned(text)


def _planned(text: str) -> dict[str, Expected]:
    found: dict[str, Expected] = {}
    for line in text.splitlines():
        parts = line.split("\t")
        if parts[0] != "DEMAND" or len(parts) < 3:
            continue
        before = found.get(parts[1], Expected(None, short=False))
        if "planned" in parts[2]:
            found[parts[1]] = Expected(before.on, short=True)
            continue
        found[parts[1]] = Expected(_later(before.on, parts[2]), before.short)
    return found


def _pegged(text: str) -> dict[str, Expected]:
    found: dict[str, Expected] = {}
    demand, left = "", 0.0
    for line in text.splitlines():
        parts = line.split("\t")
        if line.startswith("Pegging of demand "):
            demand, _, quantity = line.removeprefix("Pegging of demand ").rpartition(" with quantity ")
            left = float(quantity.rstrip(":"))
            found[demand] = Expected(None, short=True)
        elif demand and len(parts) == 7 and parts[1] == "0":
            left -= float(parts[4])
            found[demand] = Expected(_later(found[demand].on, parts[6]), short=left > 0)
    return found


def _later(before: datetime | None, text: str) -> datetime:
    on = datetime.fromisoformat(text)
    return on if before is None else max(on, before)
