"""Which keys must be locked to decide a request: the nodes it leaves from first, or all that it can reach?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accord.kit.days import Day, Instant, local_day
from accord.ledger.decide.graph import Graph, near, reach
from accord.ledger.model import allocation_key, node_key
from accord.policy.decide import limit_keys
from accord.policy.model import Book as Policy
from accord.policy.model import Customer
from accord.promise.model import Line, Promise, PromiseLine, Request


def first_keys(graph: Graph, rules: Policy, request: Request, about: Promise | None) -> Iterator[str]:
    """The node from which each line leaves first, with its allocations: all that a plain yes looks at.

    Not every node from which it could leave: who asks for one of many sites would wait for all of them.
    """
    ship_to = _ship_to(_customer(rules, request, about))
    for item, site in _wanted(request, about):
        if item not in graph.items or (site is not None and site not in graph.sites):
            continue  # refused without looking at any key
        ways = graph.ways_out(site, ship_to, expedite=False)
        if ways:
            key = node_key(item, ways[0].site)
            yield key
            for share in graph.allocations_on(key):
                yield allocation_key(share.id)


def all_keys(graph: Graph, rules: Policy, request: Request, about: Promise | None) -> frozenset[str]:
    """Everything that deciding the request may look at."""
    customer = _customer(rules, request, about)
    wanted, ship_to = _wanted(request, about), _ship_to(customer)
    may = customer is not None and customer.may_substitute
    return reach(
        graph,
        wanted,
        ship_to=ship_to,
        depth_max=rules.rules.depth_max,
        may_substitute=may if request.may_substitute is None else request.may_substitute,
    ) | near(graph, wanted, ship_to=ship_to)


def _wanted(request: Request, about: Promise | None) -> list[tuple[str, str | None]]:
    lines: Sequence[Line | PromiseLine] = request.lines or (about.lines if about is not None else ())
    return [(line.item, line.site) for line in lines]


def _customer(rules: Policy, request: Request, about: Promise | None) -> Customer | None:
    named = request.customer if about is None else about.customer
    return rules.customers.get(named or "")


def _ship_to(customer: Customer | None) -> str:
    return customer.ship_to if customer is not None else "*"


def limits_of(
    rules: Policy,
    request: Request,
    about: Promise | None,
    actors: Sequence[str],
    today: Day,
    role: str = "",
) -> frozenset[str]:
    """The cumulative limits that the request may look at; `actors`: who acts, and who asked, in `role`, where one approves."""
    if rules.rights is None or not rules.rights.limits:
        return frozenset()
    customer = _customer(rules, request, about)
    id, tier = (customer.id, customer.tier) if customer is not None else ("", "")
    return limit_keys(rules.rights, actors, id, tier, today, role)


def day_of_limits(rules: Policy, now: Instant) -> Day:
    """The day that says which periods of cumulative limits it is in; 0 where no rights are stated."""
    return 0 if rules.rights is None else local_day(now, rules.rights.zone)
