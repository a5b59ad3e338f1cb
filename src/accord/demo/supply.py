"""What has Halden Pumps in stock, on order and under way?

Work orders fill the assembly lines; what they need is covered by stock until the first receipt, and by weekly receipts
from then on: motors made or moved, everything else bought. So nothing is short on the day the company is made. Only the
castings of the small pumps are bought to the last piece: there are none to spare until PO 4711 comes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from accord.demo import network, story
from accord.demo.catalogue import FAMILIES, Family, family_of, motor_bill, motor_of, pump_bill
from accord.exceptions.model import Component, Counted, News, ReceiptStated
from accord.kit.calendars import Timetable
from accord.kit.days import Day, Instant
from accord.ledger.model import Input, SupplyKind, node_key

Node = tuple[str, str]  # item, site

HORIZON_DAYS = 63  # how far ahead work is planned
RELEASED_DAYS = 12  # work that starts within them is released, the rest is planned
_CHUNK_DAYS = 3  # open days of one work order

_STORY_STOCK = 310
_STORY_WORK = "WO 2218"  # the X-100 that are there in time, beside the stock
_STORY_WORK_QUANTITY = 300

_PUMPS_IN_STOCK = {
    "X-110": 420, "X-120": 260, "X-200": 190, "X-210": 150, "X-220": 90, "X-300": 75, "X-310": 60, "X-400": 24,
    "X-410": 18, "X-500": 9, "X-510": 7,
}  # fmt: skip
_PUMPS_ELSEWHERE = {
    ("X-100", "Lyon"): 60, ("X-110", "Lyon"): 45, ("X-120", "Gdansk"): 40, ("X-200", "Halden"): 35,
    ("X-200", "Gdansk"): 40, ("X-300", "Halden"): 14, ("X-400", "Lyon"): 8, ("X-500", "Lyon"): 2,
}  # fmt: skip
_MARGIN = 12  # a part in a hundred of all that is needed is kept above need
_MARGIN_MIN = {100: 160, 200: 60, 300: 40, 400: 12, 500: 6}


class Plan:
    """Supply and needs while they are being laid out."""

    def __init__(self, today: Day) -> None:
        self.today = today
        self.dates = story.dates(today)
        self.receipts: list[ReceiptStated] = []
        self.stock: dict[Node, int] = {}
        self.arrivals: dict[Node, list[tuple[Day, int]]] = defaultdict(list)
        self.needs: dict[Node, list[tuple[Day, int]]] = defaultdict(list)
        self.minutes: dict[tuple[str, Day], int] = defaultdict(int)
        self.timetables = {row.id: Timetable(row.calendar) for row in network.calendars(today)}
        self.resources = {row.id: row for row in network.resources()}
        self._work = 2_200
        self._purchases: dict[tuple[str, Day], tuple[int, int]] = {}  # (number, lines so far)

    def open_days(self, calendar: str, first: Day, until: Day) -> list[Day]:
        """The open days in [first, until)."""
        timetable = self.timetables[calendar]
        return [day for day in range(first, until) if timetable.is_open(day)]

    def next_open(self, site: str, day: Day) -> Day:
        """The site's first open day, this one or later."""
        found = self.timetables[f"works {site}"].next_open(day)
        assert found is not None  # no site closes for ever
        return found

    def capacity(self, resource: str, day: Day) -> int:
        """Regular minutes of a resource on a day."""
        row = self.resources[resource]
        return row.units * self.timetables[row.calendar or ""].minutes_on(day)

    def free(self, resource: str, day: Day) -> int:
        """Regular minutes that no work order has taken yet."""
        return self.capacity(resource, day) - self.minutes[resource, day]

    def projected(self, node: Node) -> list[tuple[Day, int]]:
        """(day, change) of stock, receipts and needs of a node, in order of days, supply before needs."""
        changes = [(0, self.stock.get(node, 0)), *self.arrivals[node]]
        return sorted(
            [*changes, *((day, -quantity) for day, quantity in self.needs[node])], key=lambda c: (c[0], -c[1])
        )

    def left(self, node: Node, on: Day) -> int:
        """What may still be taken on a day without a later need running short: look-ahead, written plainly."""
        changes = self.projected(node)
        level = sum(quantity for day, quantity in changes if day <= on)
        lowest = level
        for day in sorted({day for day, _ in changes if day > on}):
            level += sum(quantity for at, quantity in changes if at == day)
            lowest = min(lowest, level)
        return max(0, lowest)

    def work_number(self) -> str:
        """The next work order's number; those of the story are kept for it."""
        self._work += 1
        while f"WO {self._work}" in (_STORY_WORK, story.WORK):
            self._work += 1
        return f"WO {self._work}"

    def purchase_number(self, supplier: str, due_on: Day) -> tuple[str, str]:
        """(id of the line, reference of the order): what one supplier sends on one day is one order."""
        if (supplier, due_on) not in self._purchases:
            number = 4_712 + len(self._purchases)
            if (supplier, due_on) == (story.SUPPLIER, self.dates.purchase_on):
                number = int(story.PURCHASE[3:])
            self._purchases[supplier, due_on] = (number, 0)
        number, lines = self._purchases[supplier, due_on]
        self._purchases[supplier, due_on] = (number, lines + 1)
        return f"{number}/{lines + 1}", f"PO {number}"

    def expect(self, node: Node, receipt: ReceiptStated) -> None:
        """A receipt joins the plan."""
        self.receipts.append(receipt)
        self.arrivals[node].append((receipt.due_on, receipt.quantity))


def plan(today: Day) -> Plan:
    """The whole plan, from the pumps down to what is bought."""
    made = Plan(today)
    for family in FAMILIES:
        for pump in family.pumps:
            made.stock[pump, family.site] = _PUMPS_IN_STOCK.get(pump, _STORY_STOCK)
    made.stock.update(_PUMPS_ELSEWHERE)
    _assemble_story(made)
    _assemble(made, "HAL-A1", ("X-120", "X-110"), busy=500, full_until=made.dates.ships_on)
    _assemble(made, "HAL-A2", ("X-500", "X-510"), busy=140)
    _assemble(made, "LYO-A1", ("X-200", "X-300", "X-210", "X-310", "X-220"), busy=720)
    _assemble(made, "GDA-A1", ("X-400", "X-410"), busy=190)
    for family in FAMILIES:
        _supply_motors(made, family)
    for item, site in network.buyers():
        _buy(made, item, site)
    return made


def news(made: Plan, as_of: Instant) -> tuple[News, ...]:
    """The plan as the systems would tell it: counts, then receipts in the order of their days."""
    counts: list[News] = []
    for (item, site), quantity in sorted(made.stock.items()):
        if item == "S-10":
            # Rubber ages: a third is from an old lot, which not every customer takes any more.
            old = quantity // 3
            counts.append(_count(item, site, old, as_of, lot="L-0816", expires_on=made.today + 75))
            counts.append(
                _count(item, site, quantity - old, as_of, lot="L-0951", expires_on=made.today + 700)
            )
        else:
            counts.append(_count(item, site, quantity, as_of))
    counts.append(_count("X-200", "Lyon", 12, as_of, status="quality"))  # seen, and not to be promised
    return (*counts, *sorted(made.receipts, key=lambda receipt: (receipt.due_on, receipt.id)))


def _count(
    item: str, site: str, quantity: int, as_of: Instant, *, lot: str | None = None, expires_on: Day | None = None,
    status: str = "available",
) -> Counted:  # fmt: skip
    return Counted(
        item=item,
        site=site,
        quantity=quantity,
        as_of=as_of,
        sequence=1,
        lot=lot,
        expires_on=expires_on,
        status=status,
    )


# --- work orders -----------------------------------------------------------------------------------


def _assemble_story(made: Plan) -> None:
    """The X-100 of the story: some done on the Wednesday of the week before, some when the castings have come."""
    calendar = made.resources["HAL-A1"].calendar or ""
    days = made.open_days(calendar, made.dates.asked_on - 10, made.dates.asked_on - 8)
    _work_order(made, story.ITEM, _STORY_WORK_QUANTITY, days, _STORY_WORK)
    _work_order(made, story.ITEM, story.WORK_QUANTITY, [made.dates.purchase_on], story.WORK)


def _assemble(made: Plan, line: str, pumps: tuple[str, ...], *, busy: int, full_until: Day = 0) -> None:
    """Fill a line with work orders of a few days, pump after pump, to `busy` parts in a thousand of what is free.

    Before `full_until` not a minute is left, and no work order crosses that day.
    """
    calendar = made.resources[line].calendar or ""
    until = made.today + HORIZON_DAYS
    spans = [(day, 1_000) for day in made.open_days(calendar, made.today, full_until)]
    spans += [(day, busy) for day in made.open_days(calendar, max(made.today, full_until), until)]
    turn = 0
    while spans:
        share = spans[0][1]
        chunk = [day for day, at in spans[:_CHUNK_DAYS] if at == share]
        spans = spans[len(chunk) :]
        pump = pumps[turn % len(pumps)]
        family = family_of(pump)
        room = sum(made.free(line, day) for day in chunk) * share // 1_000 - network.SETUP_MINUTES
        lot = 5 if family.size < 400 else 1
        quantity = room * 60 // network.ASSEMBLY_SECONDS[family.size] // lot * lot
        if quantity > 0:
            _work_order(made, pump, quantity, chunk, made.work_number(), whole=share == 1_000)
            turn += 1


def _work_order(
    made: Plan, pump: str, quantity: int, days: list[Day], number: str, *, whole: bool = False
) -> None:
    """One work order; a `whole` one keeps its line busy all its days, what it does not need goes into changing over."""
    family = family_of(pump)
    size, site = family.size, family.site
    line = network.ASSEMBLY[size]
    minutes = network.SETUP_MINUTES + _up(quantity * network.ASSEMBLY_SECONDS[size], 60)
    parts = _spread(made, line, days, sum(made.free(line, day) for day in days) if whole else minutes)
    parts += _spread(made, network.TEST[site], days[::-1], _up(quantity * network.TEST_SECONDS[size], 60))
    parts += _inputs(made, pump_bill(pump, made.today), site, days[0], quantity)
    _order(made, (pump, site), quantity, days, number, parts)


def _order(
    made: Plan, node: Node, quantity: int, days: list[Day], number: str, parts: list[Component]
) -> None:
    item, site = node
    receipt = ReceiptStated(
        item=item,
        site=site,
        id=number.replace(" ", "-"),
        kind=SupplyKind.production,
        quantity=quantity,
        due_on=made.next_open(site, days[-1] + 1),
        released=days[0] < made.today + RELEASED_DAYS,
        ref=number,
        components=tuple(parts),
    )
    made.expect(node, receipt)


def _inputs(made: Plan, bill: tuple[Input, ...], site: str, on: Day, quantity: int) -> list[Component]:
    """What a work order fetches on its first day."""
    parts = []
    for line in bill:
        if (line.from_on is None or line.from_on <= on) and (line.until_on is None or on < line.until_on):
            made.needs[line.item, site].append((on, line.quantity * quantity))
            parts.append(Component(key=node_key(line.item, site), on=on, quantity=line.quantity * quantity))
    return parts


def _spread(made: Plan, resource: str, days: Iterable[Day], minutes: int) -> list[Component]:
    """Minutes on the first days that have room."""
    parts = []
    for day in days:
        take = min(minutes, made.free(resource, day))
        if take > 0:
            made.minutes[resource, day] += take
            minutes -= take
            parts.append(Component(key=network.minutes_key(resource), on=day, quantity=take))
    assert minutes == 0, f"{resource} has no room for {minutes} minutes"
    return parts


# --- what work orders need -------------------------------------------------------------------------


def _supply_motors(made: Plan, family: Family) -> None:
    """Motors come from the cell every Monday; for pumps made elsewhere they are moved there first."""
    motor = motor_of(family)
    if family.motor_site != family.site:
        for due_on, quantity in _cover(
            made, (motor, family.site), _MARGIN_MIN[family.size], 20, first_days=13
        ):
            ships_on = due_on - 4  # the truck of the Thursday before
            key = node_key(motor, family.motor_site)
            receipt = ReceiptStated(
                item=motor,
                site=family.site,
                id=f"TO-{motor}-{due_on - made.today}",
                kind=SupplyKind.transfer,
                quantity=quantity,
                due_on=due_on,
                released=ships_on < made.today + RELEASED_DAYS,
                ref=f"TO {motor} {due_on - made.today}",
                components=(Component(key=key, on=ships_on, quantity=quantity),),
            )
            made.needs[motor, family.motor_site].append((ships_on, quantity))
            made.expect((motor, family.site), receipt)
    for due_on, quantity in _cover(
        made, (motor, family.motor_site), _MARGIN_MIN[family.size], 10, first_days=10
    ):
        cell = network.MOTOR_CELLS[family.motor_site][0]
        calendar = made.resources[cell].calendar or ""
        days = made.open_days(calendar, due_on - 7, due_on)
        minutes = network.SETUP_MINUTES + _up(quantity * network.MOTOR_SECONDS[family.size], 60)
        parts = _spread(made, cell, days, minutes)
        parts += _inputs(made, motor_bill(family), family.motor_site, days[0], quantity)
        _order(made, (motor, family.motor_site), quantity, days, made.work_number(), parts)


def _buy(made: Plan, item: str, site: str) -> None:
    supplier, _, _, multiple = network.BUYING[item][0]
    size = int(item[2:])
    if supplier == story.SUPPLIER:
        first_on = made.dates.purchase_on
        margin = 0 if item == "C-100" else _MARGIN_MIN[size]
        rows = _cover(made, (item, site), margin, multiple, first_on=first_on)
    else:
        needed = sum(quantity for _, quantity in made.needs[item, site])
        margin = max(_MARGIN_MIN.get(size, 0), needed * _MARGIN // 100)
        rows = _cover(made, (item, site), margin, multiple, first_days=8)
    for due_on, quantity in rows:
        if (item, due_on) == ("C-100", made.dates.purchase_on):
            assert quantity <= story.PURCHASE_QUANTITY
            quantity = story.PURCHASE_QUANTITY
        line, number = made.purchase_number(supplier, due_on)
        receipt = ReceiptStated(
            item=item,
            site=site,
            id=line,
            kind=SupplyKind.purchase,
            quantity=quantity,
            due_on=due_on,
            ref=number,
        )
        made.expect((item, site), receipt)


def _cover(
    made: Plan, node: Node, margin: int, multiple: int, *, first_days: int = 0, first_on: Day | None = None
) -> list[tuple[Day, int]]:
    """Stock until the first receipt and a margin; then (day, quantity) of one receipt a week for that week's needs.

    Receipts come on Mondays from `first_days` ahead, or on the weekday of `first_on`.
    """
    first = first_on if first_on is not None else made.today + first_days
    if first_on is None:
        first += -story.weekday(first) % 7
    needs = made.needs[node]
    made.stock[node] = margin + sum(quantity for day, quantity in needs if day < first)
    rows = []
    for due_on in range(first, made.today + HORIZON_DAYS, 7):
        needed = sum(quantity for day, quantity in needs if due_on <= day < due_on + 7)
        if needed:
            rows.append((due_on, _up(needed, multiple) * multiple))
    return rows


def _up(a: int, b: int) -> int:
    return -(-a // b)
