"""When is it: days at a site, instants in UTC, and the way from one to the other.

A day is a local date of some site and has no zone of its own. An instant is the same everywhere. Only the functions
that name a zone go from one to the other. A wall time that the clock change skips means the next valid instant; one
that comes twice means the first.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from accord.kit.errors import Fault, InputError

Day = int  # date.toordinal(): 1 is 0001-01-01
Instant = int  # microseconds since 1970-01-01T00:00:00Z, UTC

MINUTES_A_DAY = 1_440
AHEAD_DAYS_MAX = 36_500  # a hundred years: no lead time and no horizon is longer, so that no sum of them leaves the calendar

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)
_A_SECOND = 1_000_000
_A_MINUTE = 60 * _A_SECOND
_A_DAY = MINUTES_A_DAY * _A_MINUTE


def day_of(text_or_date: str | date, *, pointer: str = "day") -> Day:
    """The day of an ISO date ("2026-03-12") or a date.

    Raises: InputError when the text is no date that exists. Fault for a datetime: its day depends on a zone.
    """
    if isinstance(text_or_date, datetime):
        raise Fault("a datetime has no day without a zone: use local_day")
    if isinstance(text_or_date, date):
        return text_or_date.toordinal()
    text = text_or_date.strip()
    try:
        # fromisoformat alone also takes 20260312 and 2026-W11-4, which people do not mean.
        if len(text) != 10 or text[4] != "-" or text[7] != "-":
            raise ValueError
        return date.fromisoformat(text).toordinal()
    except ValueError:
        detail = f"{text_or_date[:40]!r} is not a date that exists. Write it as year-month-day, for example 2026-03-12."
        raise InputError.at(pointer, "not_a_date", detail) from None


def date_of(day: Day) -> date:
    """The calendar date of a day."""
    return date.fromordinal(day)


@lru_cache(maxsize=4_096)
def iso(day: Day) -> str:
    """The day as "2026-03-12"."""
    return date.fromordinal(day).isoformat()


def instant_iso(instant: Instant) -> str:
    """The instant as "2026-03-12T09:00:00.000000Z": always UTC, always six digits, so that texts sort as times do."""
    return _utc(instant).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_instant(text: str, *, pointer: str = "at") -> Instant:
    """The instant of an RFC 3339 text; what is finer than a microsecond is cut off.

    Raises: InputError when it is no moment, or names no zone: a moment without one is a guess.
    """
    try:
        if len(text) > 40 or len(text) < 17 or text[10] not in "Tt ":
            raise ValueError
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return (at - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        detail = f"{text[:40]!r} is not a moment. Write it as 2026-03-12T09:00:00Z."
        raise InputError.at(pointer, "not_a_moment", detail) from None
    detail = f"{text!r} names no zone. Add Z for UTC or an offset, for example 2026-03-12T09:00:00+01:00."
    raise InputError.at(pointer, "zone_missing", detail)


@lru_cache(maxsize=4_096)  # all requests of a batch have one moment
def local_day(at: Instant, zone: str) -> Day:
    """The day it is in this zone at this instant."""
    return _utc(at).astimezone(_zone(zone)).toordinal()


def midnight(day: Day, zone: str) -> Instant:
    """The first valid instant of a local day; of a day the zone skipped, the first instant after it."""
    return _wall(day, 0, zone)


def past_cutoff(at: Instant, zone: str, cutoff_minute: int | None) -> bool:
    """Whether the cut-off of the local day it then is has come: at the cut-off itself, yes.

    `cutoff_minute` counts minutes of local wall time from midnight (840 = 14:00); None: there is no cut-off.
    """
    if cutoff_minute is None:
        return False
    return at >= _wall(local_day(at, zone), cutoff_minute, zone)


@lru_cache(maxsize=16_384)
def _wall(day: Day, minute: int, zone: str) -> Instant:
    """The instant of a local wall time: the first of two, the next valid one of none."""
    if not 0 <= minute <= MINUTES_A_DAY:
        raise Fault(f"a wall time is 0 to {MINUTES_A_DAY} minutes after midnight, not {minute}")
    place = _zone(zone)
    local = (day - _EPOCH_DAY) * _A_DAY + minute * _A_MINUTE  # wall time, as if it were UTC
    naive = _utc(local).replace(tzinfo=place)
    early, late = (local - _offset(naive.replace(fold=fold)) for fold in (0, 1))
    if early <= late:
        return early
    # Skipped: `late` lies before the change and `early` after it; the change itself is the next valid instant.
    before, after = late, early
    offset_before = _offset(_utc(before).astimezone(place))
    while after - before > _A_SECOND:
        middle = (before + after) // 2 // _A_SECOND * _A_SECOND
        if _offset(_utc(middle).astimezone(place)) == offset_before:
            before = middle
        else:
            after = middle
    return after


def _utc(instant: Instant) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=instant)
    except OverflowError:
        raise InputError.at("at", "not_a_moment", "The moment lies outside the years 1 to 9999.") from None


def _offset(local: datetime) -> int:
    offset = local.utcoffset()
    assert offset is not None  # every datetime here has a zone
    return offset // _MICROSECOND


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        detail = f"{name[:60]!r} is not a time zone. Use a name of the tz database, for example Europe/Oslo."
        raise InputError.at("zone", "unknown_zone", detail) from None
