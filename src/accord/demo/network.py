"""Where does Halden Pumps make, buy and move things, on which days, and how do they reach a customer?

Halden (Norway) assembles the small and the large pumps, Lyon the middle sizes, Gdańsk size 400 and the motors of the
middle sizes. Works holidays lie relative to today, so that the story comes out the same on any day.
"""

from __future__ import annotations

from accord.demo.catalogue import FAMILIES, Family, motor_bill, motor_of, pump_bill
from accord.demo.story import SHIP_TO, SUPPLIER
from accord.kit.calendars import MONDAY_TO_FRIDAY, Calendar, CalendarRule
from accord.kit.days import Day
from accord.ledger.model import (
    Allocation,
    CalendarRecord,
    Delivery,
    Lane,
    Load,
    Operation,
    Resource,
    Site,
    Step,
    Substitute,
    Supplier,
    Term,
    resource_key,
)

SITES = (
    Site(id="Gdansk", name="Gdańsk", zone="Europe/Warsaw", calendar="works Gdansk", cutoff_minute=14 * 60),
    Site(id="Halden", name="Halden", zone="Europe/Oslo", calendar="works Halden", cutoff_minute=15 * 60),
    Site(id="Lyon", name="Lyon", zone="Europe/Paris", calendar="works Lyon", cutoff_minute=16 * 60),
)

_MONDAY, _TUESDAY, _WEDNESDAY, _THURSDAY, _FRIDAY = (1 << n for n in range(5))
_ONE_SHIFT, _TWO_SHIFTS = 450, 900
_OPEN = 1_440

# (first closed day, days closed), from today: in the past for the history's sake, and beyond the weeks of the story.
_CLOSED = {
    "Halden": ((-265, 14), (-120, 1), (103, 21)),
    "Lyon": ((-250, 21), (-88, 1), (131, 14)),
    "Gdansk": ((-240, 10), (-60, 2), (96, 5)),
}

_RESOURCES = (
    # id, name, site, calendar, units, overtime minutes a day, overtime cost a minute
    ("HAL-A1", "Small pump assembly", "Halden", "one shift Halden", 1, 90, 140),
    ("HAL-A2", "Large pump assembly", "Halden", "two shifts Halden", 1, 0, 0),
    ("HAL-M1", "Motor cell", "Halden", "two shifts Halden", 1, 0, 0),
    ("HAL-T1", "Test bench", "Halden", "two shifts Halden", 1, 60, 80),
    ("LYO-A1", "Pump assembly", "Lyon", "one shift Lyon", 2, 60, 105),
    ("LYO-T1", "Test bench", "Lyon", "two shifts Lyon", 1, 0, 0),
    ("GDA-A1", "Pump assembly", "Gdansk", "one shift Gdansk", 1, 120, 60),
    ("GDA-M1", "Motor cell", "Gdansk", "two shifts Gdansk", 1, 0, 0),
    ("GDA-M2", "Motor cell, old", "Gdansk", "one shift Gdansk", 1, 0, 0),
    ("GDA-T1", "Test bench", "Gdansk", "two shifts Gdansk", 1, 0, 0),
)

ASSEMBLY = {100: "HAL-A1", 200: "LYO-A1", 300: "LYO-A1", 400: "GDA-A1", 500: "HAL-A2"}
TEST = {"Halden": "HAL-T1", "Lyon": "LYO-T1", "Gdansk": "GDA-T1"}
MOTOR_CELLS = {"Halden": ("HAL-M1",), "Gdansk": ("GDA-M1", "GDA-M2")}

ASSEMBLY_SECONDS = {100: 120, 200: 210, 300: 330, 400: 900, 500: 2_100}  # a pump
TEST_SECONDS = {100: 60, 200: 75, 300: 90, 400: 180, 500: 420}
MOTOR_SECONDS = {100: 75, 200: 100, 300: 150, 400: 360, 500: 600}
SETUP_MINUTES = 20

_SUPPLIERS = (
    # id, name, working days, base units a day
    (SUPPLIER, "Brenner Guss", "Brenner", 400),
    ("Nordstoep", "Nordstøp", "weekdays", None),
    ("Kupferle", "Kupferle Wicklungen", "weekdays", 900),
    ("Baltic Coils", "Baltic Coils", "weekdays", None),
    ("Sealine", "Sealine", "weekdays", None),
    ("Dichtwerk", "Dichtwerk Sued", "weekdays", None),
    ("Polbear", "Polbear", "weekdays", None),
    ("Arbor", "Arbor Shafts", "weekdays", None),
    ("Helix", "Helix Impellers", "weekdays", 600),
    ("Gdynia", "Gdynia Impellers", "weekdays", None),
    ("Nordic Controls", "Nordic Controls", "weekdays", None),
    ("Lubra", "Lubra", "weekdays", None),
)

# item -> (supplier, lead time in its working days, smallest lot, multiple); a second entry is the dearer way out.
BUYING: dict[str, tuple[tuple[str, int, int, int], ...]] = {
    "C-100": ((SUPPLIER, 22, 200, 100),),
    "C-200": ((SUPPLIER, 22, 100, 50),),
    "C-300": ((SUPPLIER, 24, 50, 25),),
    "C-400": (("Nordstoep", 15, 20, 10),),
    "C-500": (("Nordstoep", 18, 10, 5),),
    "I-100": (("Helix", 10, 200, 100),),
    "I-200": (("Helix", 10, 100, 50),),
    "I-300": (("Gdynia", 9, 50, 25),),
    "I-400": (("Gdynia", 9, 20, 10),),
    "I-500": (("Gdynia", 12, 10, 5),),
    "W-100": (("Kupferle", 12, 200, 50),),
    "W-200": (("Kupferle", 12, 100, 50),),
    "W-300": (("Baltic Coils", 10, 50, 25),),
    "W-400": (("Baltic Coils", 10, 20, 10),),
    "W-500": (("Baltic Coils", 14, 10, 5),),
    "S-10": (("Sealine", 6, 500, 100), ("Dichtwerk", 9, 200, 50)),
    "S-20": (("Sealine", 6, 200, 50), ("Dichtwerk", 9, 100, 50)),
    "S-30": (("Dichtwerk", 8, 20, 10),),
    "B-10": (("Polbear", 5, 1_000, 250),),
    "B-20": (("Polbear", 5, 200, 50),),
    "H-10": (("Arbor", 7, 200, 100),),
    "K-10": (("Nordic Controls", 11, 100, 20),),
    "G-01": (("Lubra", 4, 5_000, 1_000),),
}

# Pumps go from where they are made to the other sites: (origin, destination) -> (days, carrier's days, cost a pump).
_ROADS = {
    ("Halden", "Lyon"): (4, "truck south", 65),
    ("Halden", "Gdansk"): (2, "ferry", 40),
    ("Lyon", "Halden"): (4, "truck north", 70),
    ("Lyon", "Gdansk"): (3, "truck north", 60),
    ("Gdansk", "Halden"): (2, "ferry", 40),
    ("Gdansk", "Lyon"): (3, "truck west", 55),
}

# zone -> the sites that deliver there, the best first: (site, days, carrier's days, cost a pump)
_REACH: dict[str, tuple[tuple[str, int, str, int], ...]] = {
    SHIP_TO: (("Halden", 2, "truck Hamburg", 45), ("Gdansk", 2, "weekdays", 60)),
    "Oslo": (("Halden", 1, "weekdays", 20), ("Gdansk", 3, "ferry", 70)),
    "Gothenburg": (("Halden", 1, "weekdays", 22), ("Gdansk", 3, "ferry", 70)),
    "Copenhagen": (("Halden", 2, "weekdays", 30), ("Gdansk", 2, "ferry", 45)),
    "Rotterdam": (("Lyon", 2, "weekdays", 40), ("Halden", 3, "truck south", 55)),
    "London": (("Lyon", 3, "truck north", 75), ("Halden", 4, "truck south", 80)),
    "Paris": (("Lyon", 1, "weekdays", 25), ("Halden", 4, "truck south", 70)),
    "Milan": (("Lyon", 1, "weekdays", 30), ("Gdansk", 4, "truck west", 75)),
    "Barcelona": (("Lyon", 2, "weekdays", 38), ("Gdansk", 5, "truck west", 90)),
    "Munich": (("Lyon", 2, "weekdays", 35), ("Gdansk", 3, "truck west", 50)),
    "Berlin": (("Gdansk", 1, "weekdays", 28), ("Halden", 2, "truck Hamburg", 45)),
    "Warsaw": (("Gdansk", 1, "weekdays", 18), ("Lyon", 3, "truck north", 60)),
    "Prague": (("Gdansk", 2, "weekdays", 32), ("Lyon", 2, "truck north", 40)),
    "Riga": (("Gdansk", 2, "weekdays", 35), ("Halden", 3, "ferry", 60)),
}
ZONES = tuple(_REACH)


def calendars(today: Day) -> tuple[CalendarRecord, ...]:
    """All working calendars: of sites and shifts, suppliers, carriers, and the days on which customers receive."""
    found = [
        _calendar("weekdays", MONDAY_TO_FRIDAY, _OPEN),
        _calendar("Tuesdays and Thursdays", _TUESDAY | _THURSDAY, _OPEN),
        _calendar("truck Hamburg", _WEDNESDAY, _OPEN),
        _calendar("truck south", _TUESDAY | _FRIDAY, _OPEN),
        _calendar("truck north", _MONDAY | _THURSDAY, _OPEN),
        _calendar("truck west", _TUESDAY | _THURSDAY, _OPEN),
        _calendar("ferry", _MONDAY | _WEDNESDAY | _FRIDAY, _OPEN),
        _calendar(SUPPLIER, MONDAY_TO_FRIDAY, _OPEN, closed=((today + 68, 14),)),
    ]
    for site, spans in _CLOSED.items():
        closed = tuple((today + first, days) for first, days in spans)
        found.append(_calendar(f"works {site}", MONDAY_TO_FRIDAY, _OPEN, closed=closed))
        found.append(_calendar(f"one shift {site}", MONDAY_TO_FRIDAY, _ONE_SHIFT, closed=closed))
        found.append(_calendar(f"two shifts {site}", MONDAY_TO_FRIDAY, _TWO_SHIFTS, closed=closed))
    return tuple(found)


def resources() -> tuple[Resource, ...]:
    """Lines, cells and test benches; some may work overtime, at a price."""
    return tuple(
        Resource(
            id=id, name=name, site=site, calendar=calendar, units=units, overtime_minutes=minutes, overtime_cost_minor=cost
        )
        for id, name, site, calendar, units, minutes, cost in _RESOURCES
    )  # fmt: skip


def operations(today: Day) -> tuple[Operation, ...]:
    """One way to make each pump and each motor."""
    found = []
    for family in FAMILIES:
        size = family.size
        # The old cell takes what the new one has no room for.
        loads = tuple(
            Load(resource=cell, priority=n) for n, cell in enumerate(MOTOR_CELLS[family.motor_site], 1)
        )
        step = Step(name="wind", loads=loads, setup_minutes=SETUP_MINUTES, run_seconds=MOTOR_SECONDS[size])
        found.append(
            _operation(motor_of(family), family.motor_site, family.motor_work_minor, (step,), family, today)
        )
        assembly = Load(resource=ASSEMBLY[size])
        test = Load(resource=TEST[family.site])
        steps = (
            Step(
                name="assemble",
                loads=(assembly,),
                setup_minutes=SETUP_MINUTES,
                run_seconds=ASSEMBLY_SECONDS[size],
            ),
            Step(name="test", loads=(test,), run_seconds=TEST_SECONDS[size]),
        )
        found.extend(
            _operation(pump, family.site, family.pump_work_minor, steps, family, today)
            for pump in family.pumps
        )
    return tuple(found)


def suppliers() -> tuple[Supplier, ...]:
    """The twelve suppliers; three of them can send only so much a day."""
    return tuple(
        Supplier(id=id, name=name, calendar=calendar, capacity=capacity)
        for id, name, calendar, capacity in _SUPPLIERS
    )


def buyers() -> tuple[tuple[str, str], ...]:
    """(item, site) of everything that is bought, where it is used."""
    pairs: set[tuple[str, str]] = set()
    for family in FAMILIES:
        bought = {f"W-{family.size}", "H-10", family.bearing, "B-20"}
        pairs.update((item, family.motor_site) for item in bought)
        bought = {f"C-{family.size}", f"I-{family.size}", family.seal, "G-01"}
        bought.update(["K-10"] if any(pump.endswith("10") for pump in family.pumps) else [])
        pairs.update((item, family.site) for item in bought)
    return tuple(sorted(pairs))


def terms(costs: dict[str, int]) -> tuple[Term, ...]:
    """Ways to buy, and one express way for the castings that everything waits for."""
    found = []
    for item, site in buyers():
        for rank, (supplier, lead, least, multiple) in enumerate(BUYING[item], 1):
            found.append(
                Term(
                    id=f"{item} {site} {supplier}", item=item, site=site, supplier=supplier, lead_days=lead,
                    lot_min=least, lot_multiple=multiple, priority=rank,
                    cost_minor=costs[item] * (100 if rank == 1 else 112) // 100,
                )
            )  # fmt: skip
    found.append(
        Term(
            id="C-100 Halden express", item="C-100", site="Halden", supplier="Nordstoep", lead_days=5, lot_min=20,
            lot_multiple=10, priority=9, cost_minor=costs["C-100"] * 160 // 100, expedite=True,
        )
    )  # fmt: skip
    return tuple(found)


def lanes() -> tuple[Lane, ...]:
    """Finished pumps move from where they are made to the other sites; motors of the middle sizes to Lyon."""
    found: list[Lane] = []
    for family in FAMILIES:
        for (origin, destination), (days, calendar, cost) in _ROADS.items():
            if origin == family.site:
                found.extend(
                    _lane(pump, origin, destination, days, calendar, cost, 10) for pump in family.pumps
                )
        if family.motor_site != family.site:
            days, calendar, cost = _ROADS[family.motor_site, family.site]
            found.append(
                _lane(motor_of(family), family.motor_site, family.site, days, calendar, cost // 2, 20)
            )
    return tuple(found)


def deliveries() -> tuple[Delivery, ...]:
    """The last leg to each zone; the truck to Hamburg leaves on Wednesdays only."""
    return tuple(
        Delivery(id=f"{site}-{zone}", site=site, ship_to=zone, transit_days=days, calendar=calendar, cost_minor=cost, priority=rank)
        for zone, legs in _REACH.items()
        for rank, (site, days, calendar, cost) in enumerate(legs, 1)
    )  # fmt: skip


def ways(zone: str) -> tuple[str, ...]:
    """The sites that deliver to a zone, the best first."""
    return tuple(site for site, *_ in _REACH[zone])


def substitutes() -> tuple[Substitute, ...]:
    """The pump with a float switch does what the plain one does."""
    return tuple(
        Substitute(id=f"{pump}>{other}", item=pump, other=other)
        for pump, other in (("X-100", "X-110"), ("X-200", "X-210"), ("X-300", "X-310"), ("X-400", "X-410"))
    )


def allocations(today: Day) -> tuple[Allocation, ...]:
    """Shares of what is scarce: tier A's of the small pump, the upper tiers' and the web shop's of the middle one."""
    shares = (
        ("X-100", "Halden", ("tier:A",), 1, 150),
        ("X-200", "Lyon", ("tier:A",), 1, 60),
        ("X-200", "Lyon", ("tier:B",), 2, 80),
        ("X-200", "Lyon", ("tier:B", "channel:web"), 2, 30),
    )
    return tuple(
        Allocation(
            id=f"{item} {site} {'/'.join(path)}", item=item, site=site, path=path, rank=rank,
            from_on=today, until_on=today + 60, quantity=quantity, release_on=today + 53,
        )
        for item, site, path, rank, quantity in shares
    )  # fmt: skip


def minutes_key(resource: str) -> str:
    """The ledger's key of a resource's regular minutes."""
    return resource_key(resource)


def _operation(
    item: str, site: str, cost_minor: int, steps: tuple[Step, ...], family: Family, today: Day
) -> Operation:
    bill = motor_bill(family) if item == motor_of(family) else pump_bill(item, today)
    return Operation(
        id=f"make {item}", item=item, site=site, inputs=bill, steps=steps, lot_multiple=_LOTS[family.size],
        fence_days=3, cost_minor=cost_minor,
    )  # fmt: skip


_LOTS = {100: 10, 200: 5, 300: 5, 400: 1, 500: 1}


def _lane(
    item: str, origin: str, destination: str, days: int, calendar: str, cost: int, multiple: int
) -> Lane:
    return Lane(
        id=f"{item} {origin}-{destination}", item=item, origin=origin, destination=destination, transit_days=days,
        calendar=calendar, cost_minor=cost, lot_multiple=multiple, incoterm="DAP",
    )  # fmt: skip


def _calendar(
    id: str, weekdays: int, minutes: int, *, closed: tuple[tuple[Day, int], ...] = ()
) -> CalendarRecord:
    rules = [CalendarRule(first, first + days, 0b111_1111, 0, 0) for first, days in closed]
    rules.append(CalendarRule(None, None, weekdays, minutes, 1))
    return CalendarRecord(id=id, calendar=Calendar(name=id, default_minutes=0, rules=tuple(rules)))
