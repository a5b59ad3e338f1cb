"""Which day must it leave to be there on which day? One last leg, from a site to the customer."""

from __future__ import annotations

from accord.kit.days import Day
from accord.ledger.model import Delivery
from accord.promise.decide.ctp import Ctp
from accord.promise.decide.opening import first_open_in_both, last_open_in_both


class Way:
    """A last leg with the calendars of site, carrier and customer; a leg without id is collected at the site."""

    __slots__ = (
        "_carrier",
        "_collecting",
        "_leaving",
        "_receiving",
        "_transit",
        "early_days_max",
        "first_ship_on",
        "leg",
        "site",
    )

    def __init__(self, ctp: Ctp, leg: Delivery, receiving: str | None, early_days_max: int) -> None:
        graph = ctp.graph
        self.leg = leg
        self.site = leg.site
        self.early_days_max = early_days_max
        self.first_ship_on = ctp.first_day(leg.site)
        # No calendar means always open: such a one is never asked.
        calendar = graph.sites[leg.site].calendar
        self._leaving = None if calendar is None else graph.timetable(calendar)
        self._carrier = None if leg.calendar is None else graph.timetable(leg.calendar)
        self._receiving = None if receiving is None else graph.timetable(receiving)
        self._collecting = None if leg.id else self._leaving
        self._transit = leg.transit_days

    def target(self, requested_on: Day) -> Day | None:
        """The day to aim at: the requested one, or where nothing can be received on it, the last one before within
        what the customer accepts as early, else the next."""
        day = self._last_receiving(requested_on)
        if day is not None and requested_on - day <= self.early_days_max:
            return day
        return self._next_receiving(requested_on)

    def next_target(self, day: Day) -> Day | None:
        """The first day after this one on which the customer can have a delivery."""
        return self._next_receiving(day + 1)

    def ship_on(self, target: Day) -> Day | None:
        """The latest day to leave so that it is there by the target (a day on which it can be received)."""
        latest = target - self._transit
        if latest < self.first_ship_on:
            return None
        ship = last_open_in_both(self._leaving, self._carrier, latest)
        return None if ship is None or ship < self.first_ship_on else ship

    def deliver_on(self, ship_on: Day, target: Day, requested_on: Day) -> Day:
        """When it is handed over: on arrival, but what would be earlier than the customer accepts waits for the target."""
        arrival = self._next_receiving(ship_on + self._transit)
        if arrival is None or arrival < requested_on - self.early_days_max:
            return target
        return min(arrival, target)

    def target_of(self, ship_on: Day) -> Day | None:
        """The first day to aim at that is reached by leaving on this day or later."""
        ship = first_open_in_both(self._leaving, self._carrier, max(ship_on, self.first_ship_on))
        return None if ship is None else self._next_receiving(ship + self._transit)

    def _next_receiving(self, day: Day) -> Day | None:
        return first_open_in_both(self._collecting, self._receiving, day)

    def _last_receiving(self, day: Day) -> Day | None:
        return last_open_in_both(self._collecting, self._receiving, day)
