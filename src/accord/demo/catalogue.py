"""What does Halden Pumps sell, make and buy, of what is it made, and for how much is it sold?

Forty items: twelve pumps, five motors they are driven by, and twenty-three things that are bought. A pump's bill
names a motor, and the motor's bill names a winding, a shaft and bearings: two levels.
"""

from __future__ import annotations

import msgspec

from accord.kit.days import Day, Instant
from accord.ledger.model import Input, Item
from accord.policy.model import Price


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """Pumps of one size: made at one site, of the same casting, impeller and motor."""

    size: int
    site: str  # where its pumps are assembled
    motor_site: str  # where its motors are made
    seal: str
    bearing: str
    pumps: tuple[str, ...]
    casting_minor: int
    impeller_minor: int
    winding_minor: int  # follows the price of copper
    motor_work_minor: int  # what making one motor costs, besides its inputs
    pump_work_minor: int


FAMILIES = (
    Family(
        size=100, site="Halden", motor_site="Halden", seal="S-10", bearing="B-10", pumps=("X-100", "X-110", "X-120"),
        casting_minor=260, impeller_minor=140, winding_minor=310, motor_work_minor=100, pump_work_minor=204,
    ),
    Family(
        size=200, site="Lyon", motor_site="Gdansk", seal="S-10", bearing="B-10", pumps=("X-200", "X-210", "X-220"),
        casting_minor=1_850, impeller_minor=960, winding_minor=2_240, motor_work_minor=640, pump_work_minor=1_420,
    ),
    Family(
        size=300, site="Lyon", motor_site="Gdansk", seal="S-20", bearing="B-10", pumps=("X-300", "X-310"),
        casting_minor=4_900, impeller_minor=2_150, winding_minor=5_800, motor_work_minor=1_300, pump_work_minor=3_100,
    ),
    Family(
        size=400, site="Gdansk", motor_site="Gdansk", seal="S-20", bearing="B-20", pumps=("X-400", "X-410"),
        casting_minor=16_200, impeller_minor=5_900, winding_minor=14_400, motor_work_minor=3_900, pump_work_minor=8_200,
    ),
    Family(
        size=500, site="Halden", motor_site="Halden", seal="S-30", bearing="B-20", pumps=("X-500", "X-510"),
        casting_minor=39_000, impeller_minor=13_500, winding_minor=36_500, motor_work_minor=8_800, pump_work_minor=19_000,
    ),
)  # fmt: skip

_PLAIN = {  # bought, and the same for more than one family: id -> (name, cost of one stated unit)
    "S-10": ("Shaft seal 10 mm", 120),
    "S-20": ("Shaft seal 20 mm", 410),
    "S-30": ("Cartridge seal 30 mm", 2_300),
    "B-10": ("Ball bearing 10 mm", 55),
    "B-20": ("Ball bearing 20 mm", 260),
    "H-10": ("Shaft blank", 90),
    "K-10": ("Float switch", 60),
}
_GREASE_MINOR = 1_200  # a kilogram
_GREASE_GRAMS = 5  # in each pump
_KINDS = {0: "Pump", 10: "Pump with float switch", 20: "Pump with double seal"}


def motor_of(family: Family) -> str:
    """The motor that drives the family's pumps."""
    return f"M-{family.size}"


def family_of(pump: str) -> Family:
    """The family a pump belongs to."""
    return next(family for family in FAMILIES if pump in family.pumps)


def pump_bill(pump: str, today: Day) -> tuple[Input, ...]:
    """What one pump is made of, in the order in which it is fetched. Grease is counted in grams."""
    family = family_of(pump)
    variant = int(pump[2:]) - family.size
    lines = [
        Input(item=motor_of(family), quantity=1),
        Input(item=f"C-{family.size}", quantity=1),
        Input(item=f"I-{family.size}", quantity=1),
    ]
    if pump == "X-220":
        # An engineering change: the seal grows in six weeks' time.
        lines.append(Input(item="S-10", quantity=2, until_on=today + 42))
        lines.append(Input(item="S-20", quantity=2, from_on=today + 42))
    else:
        lines.append(Input(item=family.seal, quantity=2 if variant == 20 else 1))
    if variant == 10:
        lines.append(Input(item="K-10", quantity=1))
    lines.append(Input(item="G-01", quantity=_GREASE_GRAMS))
    return tuple(lines)


def motor_bill(family: Family) -> tuple[Input, ...]:
    """What one motor is made of; the larger bearing fits where the smaller one has run out."""
    alternates = ("B-20",) if family.bearing == "B-10" else ()
    return (
        Input(item=f"W-{family.size}", quantity=1),
        Input(item="H-10", quantity=1),
        Input(item=family.bearing, quantity=2, alternates=alternates),
    )


def items(today: Day, cost_at: Instant) -> tuple[Item, ...]:
    """All forty items, each at a standard cost that is the sum of what goes into it."""
    costs = {item: cost for item, (_, cost) in _PLAIN.items()}
    rows = [_item(item, name, costs[item]) for item, (name, _) in _PLAIN.items()]
    grease = Item(
        id="G-01", name="Bearing grease", unit="kg", scale=1_000, cost_minor=_GREASE_MINOR, planner=_BUYER
    )
    rows.append(grease)
    for family in FAMILIES:
        size = family.size
        for item, name, cost, at in (
            (f"C-{size}", f"Casting {size}", family.casting_minor, None),
            (f"I-{size}", f"Impeller {size}", family.impeller_minor, None),
            # Copper: the moment of the quotation is kept, so that an old price can be seen to be old.
            (f"W-{size}", f"Copper winding {size}", family.winding_minor, cost_at),
        ):
            costs[item] = cost
            rows.append(_item(item, name, cost, cost_at=at))
        # What has copper in it costs what it does by the same quotation.
        motor = motor_of(family)
        costs[motor] = family.motor_work_minor + _sum(motor_bill(family), costs, today)
        rows.append(
            _item(
                motor,
                f"Motor {size}",
                costs[motor],
                cost_at=cost_at,
                planner=_PLANNERS[family.motor_site],
            )
        )
        for pump in family.pumps:
            cost = family.pump_work_minor + _sum(pump_bill(pump, today), costs, today)
            name = f"{_KINDS[int(pump[2:]) - size]} {size}"
            rows.append(_item(pump, name, cost, cost_at=cost_at, planner=_PLANNERS[family.site]))
    return tuple(sorted(rows, key=lambda item: item.id))


def prices(rows: tuple[Item, ...]) -> tuple[Price, ...]:
    """List price and floor of everything that is sold: pumps, and seals as spare parts. Tier A has a list of its own."""
    costs = {item.id: item.cost_minor for item in rows}
    found = []
    for pump in (pump for family in FAMILIES for pump in family.pumps):
        listed, floor = _LISTED.get(pump) or (_round(costs[pump] * 142), _round(costs[pump] * 122))
        found.append(Price(id=pump, item=pump, list_minor=listed, floor_minor=floor))
        found.append(
            Price(id=f"{pump}|A", item=pump, tier="A", list_minor=listed * 97 // 100, floor_minor=floor)
        )
    found.extend(
        Price(id=seal, item=seal, list_minor=_PLAIN[seal][1] * 2, floor_minor=_PLAIN[seal][1] * 3 // 2)
        for seal in ("S-10", "S-20", "S-30")
    )
    return tuple(found)


# The story's pumps: 18.50 is between list and floor of either, 15.90 is below both floors.
_LISTED = {"X-100": (1_900, 1_640), "X-110": (2_010, 1_720)}
_HOLDING_BP = 1_800
_BUYER = "planner-purchasing"
_PLANNERS = {"Halden": "planner-halden", "Lyon": "planner-lyon", "Gdansk": "planner-gdansk"}


def _item(
    id: str, name: str, cost_minor: int, *, cost_at: Instant | None = None, planner: str = _BUYER
) -> Item:
    return Item(
        id=id,
        name=name,
        cost_minor=cost_minor,
        cost_at=cost_at,
        holding_bp_a_year=_HOLDING_BP,
        planner=planner,
    )


def _sum(bill: tuple[Input, ...], costs: dict[str, int], today: Day) -> int:
    """What the inputs in force today cost, for one."""
    in_force = (line for line in bill if line.from_on is None or line.from_on <= today)
    return sum(
        line.quantity * _GREASE_MINOR // 1_000 if line.item == "G-01" else line.quantity * costs[line.item]
        for line in in_force
    )


def _round(hundredths: int) -> int:
    """A price as it stands on a list: whole tenths of the currency."""
    return hundredths // 1_000 * 10
