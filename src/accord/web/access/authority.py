"""Who may do what? The one table of authority: operation x role, and what a program's key needs.

Every route names its operation, `opt={"operation": "promise.amend"}`, and is served only to those whose row says so. The table
says which doors a role may use and whose things it finds behind them: its own, those of its team, or everybody's. How much may be
promised behind a door is not said here but in the decision rights, and neither replaces the other. Nothing that is not in the
table can be done: least is the rule, and each row says why it gives as much as it gives.

Who has several roles reaches as far as the furthest. A program is judged by the scope of its key alone and reaches everything
behind its doors: it acts for a system that has rights of its own. On a server opened to its own machine anybody may everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from accord.kit.doors import Doors, Reach
from accord.kit.who import Who

SELLER, SERVICE, SALES_MANAGER, PLANNER = "seller", "service", "sales manager", "planner"
SUPPLY_LEAD, EXECUTIVE, ADMINISTRATOR = "supply lead", "executive", "administrator"
ROLES = (SELLER, SERVICE, SALES_MANAGER, PLANNER, SUPPLY_LEAD, EXECUTIVE, ADMINISTRATOR)

# What a row can be about: whose it is, is looked up by the `id` in the address.
KINDS = ("promise", "decision", "approval", "import")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Who may do one thing."""

    id: str  # promise.amend
    does: str  # what it is, to follow "who may …"
    kind: str = ""  # what it is done with, one of KINDS; "" = nothing that belongs to one person
    reaches: Mapping[str, Reach] = {}  # by role
    scope: str = ""  # what a key needs; "" = no program may
    is_public: bool = False  # anybody, also without signing in
    why: str

    def reach(self, roles: Iterable[str]) -> Reach:
        """How far these roles reach together."""
        return max((self.reaches.get(role, Reach.none) for role in roles), default=Reach.none)


def _row(id: str, does: str, kind: str, *reaches: Reach, key: str = "", why: str) -> Row:
    assert len(reaches) == len(ROLES)
    return Row(
        id=id, does=does, kind=kind, reaches=dict(zip(ROLES, reaches, strict=True)), scope=key, why=why
    )


def _public(id: str, does: str, why: str) -> Row:
    return Row(id=id, does=does, is_public=True, why=why)


no, own, team, all_ = Reach.none, Reach.own, Reach.team, Reach.all

# fmt: off
ROWS = (
    # What the server says of itself; before anybody has signed in.
    _public("server.health", "see whether the server can promise", "who watches over the server has no account"),
    _public("server.problems", "read what a problem means", "also who cannot sign in must learn what to do"),
    _public("server.description", "read the description of the API", "it says what is there, and nothing of what is in it"),
    _public("server.files", "load style sheets and scripts", "the page for signing in needs them"),
    _public("account.enter", "sign in", "nobody is signed in yet; throttled"),
    _public("demo.enter", "be signed in to a role of the demo", "only a demo has these routes, and only made-up data"),

    #                                                                        seller service s.mgr planner s.lead exec. admin.
    _row("account.own", "see and change their own account, sign out", "",       own,  own,   own,  own,   own,   own,  own,
         why="everybody's sessions, password and settings are their own"),
    _row("notice.own", "read their own notices", "",                            own,  own,   own,  own,   own,   own,  own,
         why="a notice is for one person"),
    _row("search.find", "find a thing by its name", "",                         all_, all_,  all_, all_,  all_,  all_, no,
         why="what is found is narrowed by what may be read; an administrator reads no business"),
    _row("practice.switch", "switch between practice and live", "",             own,  own,   own,  own,   own,   own,  own,
         why="practice data is made up, and one's own roles hold there too"),
    _row("design.read", "look at the components of the pages", "",              all_, all_,  all_, all_,  all_,  all_, all_,
         why="holds no data"),
    _row("demo.tour", "follow the guided tour of the demo", "",                 all_, all_,  all_, all_,  all_,  all_, all_,
         why="only a demo has it"),

    # Promises. Who made one answers for it: others change it only where somebody must be able to.
    _row("promise.ask", "ask what can be promised", "",                         all_, all_,  all_, all_,  all_,  all_, no,    key="ask",
         why="changes nothing, and a date that everybody can check is what Accord is for"),
    _row("promise.read", "read a promise", "promise",                           team, all_,  all_, all_,  all_,  all_, no,    key="ask",
         why="a seller covers for the team, not for others' customers; service answers any customer; planners see who is hit"),
    _row("promise.raw", "read a decision with all it saw", "decision",          team, no,    all_, all_,  all_,  all_, no,    key="ask",
         why="holds costs and margins, which nobody needs on the phone to a customer"),
    _row("promise.quote", "save a quote", "promise",                            own,  own,   team, no,    no,    no,   no,    key="promise",
         why="draws nothing, but is said to a customer: by those who talk to customers"),
    _row("promise.hold", "hold for a customer", "promise",             own,  own,   team, no,    no,    no,   no,    key="promise",
         why="takes supply from all others: for one's own customers, a manager for the team"),
    _row("promise.commit", "commit to a customer", "promise",              own,  own,   team, no,    no,    no,   no,    key="promise",
         why="a word given to a customer is given by those who talk to customers"),
    _row("promise.amend", "amend a promise", "promise",                         own,  all_,  team, no,    all_,  no,   no,    key="promise",
         why="service carries out what any customer chose; the supply lead when nobody else can be reached"),
    _row("promise.release", "release a hold", "promise",                        own,  own,   team, no,    all_,  no,   no,    key="promise",
         why="the supply lead frees what is held for nobody; a planner proposes it to the seller"),
    _row("promise.cancel", "cancel a commitment", "promise",                    own,  no,    team, no,    all_,  no,   no,    key="promise",
         why="ends a deal: the seller's or the manager's; the supply lead when nobody else can be reached"),

    # Approvals. The rights name the role that must agree; nobody agrees to his own, whatever stands here.
    _row("approval.read", "read an approval", "approval",                       team, own,   all_, all_,  all_,  all_, no,    key="ask",
         why="holds margins and notes to a manager: one's own and the team's; those who may decide read all"),
    _row("approval.decide", "approve or decline", "approval",                   no,   no,    all_, all_,  all_,  all_, no,    key="promise",
         why="the rights name a role, not a team: a team whose manager is away must not wait"),

    # Supply, and what is at risk.
    _row("master.read", "read items, sites and customers", "",                  all_, all_,  all_, all_,  all_,  all_, all_,  key="ask",
         why="names are needed to ask, and to bring in files that use them"),
    _row("supply.read", "read what there is, promised and left", "",            all_, all_,  all_, all_,  all_,  all_, no,    key="ask",
         why="every date is explained by it; a promise that draws on it is a quantity and a number there, and its page says whose it is"),
    _row("supply.tell", "tell supply news and deliveries", "",                  no,   no,    no,   all_,  all_,  no,   no,    key="supply",
         why="moves promises: those who answer for supply, and the systems that know it"),
    _row("exception.read", "read what is at risk", "",                          no,   no,    all_, all_,  all_,  all_, no,    key="ask",
         why="names every customer that is hit; a seller sees on the promise that it is at risk"),
    _row("events.read", "read along with what happens", "",                     no,   no,    no,   no,    no,    no,   no,    key="ask",
         why="for systems; people have lists and notices"),

    # Decision rights: open to read, changed by two.
    _row("rights.read", "read the decision rights", "",                         all_, all_,  all_, all_,  all_,  all_, all_,  key="admin",
         why="who is refused by a rule must be able to read it"),
    _row("rights.try", "try other rights on what was asked before", "",         no,   no,    all_, no,    all_,  all_, no,
         why="shows everybody's requests of a quarter"),
    _row("rights.state", "propose other rights", "",                            no,   no,    all_, no,    all_,  all_, no,
         why="those who answer for what is promised; not an administrator, who gives people their roles"),
    _row("rights.agree", "agree to other rights", "",                           no,   no,    all_, no,    all_,  all_, no,
         why="the second person is one who could have proposed it; that it is another is seen to where it is done"),

    # Files from other systems.
    _row("import.read", "read an import and its report", "import",              no,   no,    no,   team,  all_,  no,   all_,  key="supply",
         why="files hold customers, prices and costs"),
    _row("import.put", "put files in", "import",                                no,   no,    no,   own,   own,   no,   own,   key="supply",
         why="nothing comes in yet; those who answer for supply, and who sets Accord up"),
    _row("import.check", "check and try an import", "import",           no,   no,    no,   own,   all_,  no,   all_,  key="supply",
         why="who put it in knows what it means"),
    _row("import.commit", "let an import in", "import",                         no,   no,    no,   own,   all_,  no,   all_,  key="admin",
         why="moves promises; the dry run has shown which"),
    _row("import.undo", "take an import back", "import",                        no,   no,    no,   own,   all_,  no,   all_,  key="admin",
         why="as letting it in"),
    _row("connect.read", "see the feeds and how old they are", "",              no,   no,    all_, all_,  all_,  all_, all_,  key="supply",
         why="the age of data explains a doubtful date; errors of feeds name no customer"),

    # Proof.
    _row("audit.read", "search the audit", "",                                  no,   no,    no,   no,    all_,  all_, all_,  key="admin",
         why="shows what everybody did, by ids and quantities alone; who made a promise sees its own proof on its page"),
    _row("audit.verify", "verify the audit", "",                                no,   no,    no,   no,    all_,  all_, all_,  key="admin",
         why="reads every entry"),
    _row("audit.export", "export a checkpoint of the audit", "",                no,   no,    no,   no,    no,    all_, all_,  key="admin",
         why="is kept outside, by somebody who answers for it"),

    # People and keys. No program makes people or keys.
    _row("people.read", "see people, teams and roles", "",                      no,   no,    no,   no,    no,    no,   all_,
         why="sign-in names and when somebody was here"),
    _row("people.state", "change people, roles and teams", "",        no,   no,    no,   no,    no,    no,   all_,
         why="gives away everything else: one role, which itself sees no business"),
    _row("keys.read", "see the keys of programs", "",                           no,   no,    no,   no,    no,    no,   all_,
         why="names the systems that are connected"),
    _row("keys.state", "make and revoke keys", "",                              no,   no,    no,   no,    no,    no,   all_,
         why="a key acts for a system"),
)
# fmt: on

TABLE: Mapping[str, Row] = {row.id: row for row in ROWS}

_WHOSE = {Reach.own: "their own", Reach.team: "their team's", Reach.all: "everybody's"}


def rule(operation: str) -> str:
    """The row in words: "Who may amend a promise: a seller (their own), …"."""
    row = TABLE[operation]
    if row.is_public:
        return f"Anybody may {row.does}."
    may = [(role, row.reaches[role]) for role in ROLES if row.reaches[role]]
    if not may:
        return f"No person may {row.does}; programs with a key of scope {row.scope} may."
    if is_everybodys(row):
        return f"Everybody who is signed in may {row.does}."
    said = [f"{_article(role)} ({_WHOSE[reach]})" if row.kind else _article(role) for role, reach in may]
    return f"Who may {row.does}: {', '.join(said)}."


def does(operation: str) -> str:
    """What an operation is, to follow "you may"."""
    return TABLE[operation].does


def may_ask(operation: str) -> tuple[str, ...]:
    """The roles that may do this, each as "a sales manager"."""
    return tuple(_article(role) for role, _ in who_may(operation))


def who_may(operation: str) -> list[tuple[str, str]]:
    """The roles that may do this, and with whose things: ("sales manager", "their team's"); "" = it is nobody's."""
    row = TABLE[operation]
    named = [(role, row.reaches.get(role, Reach.none)) for role in ROLES]
    return [(role, _WHOSE[reach] if row.kind else "") for role, reach in named if reach]


def _article(role: str) -> str:
    return "customer service" if role == SERVICE else f"{'an' if role[0] in 'aeiou' else 'a'} {role}"


def doors(who: Who | None) -> Doors:
    """What a caller may do; None: somebody who has not signed in."""
    if who is None:
        return Doors(Who(actor=""), _of_nobody(), rule, does)
    if who.is_open:
        return Doors(who, _of_anybody(), rule, does)
    if who.scopes:
        return Doors(who, of_scopes(who.scopes), rule, does)
    return Doors(who, of_roles(who.roles), rule, does)


@lru_cache
def _of_nobody() -> Mapping[str, Reach]:
    return {row.id: Reach.all for row in ROWS if row.is_public}


@lru_cache
def _of_anybody() -> Mapping[str, Reach]:
    return {row.id: Reach.all for row in ROWS}


@lru_cache
def of_scopes(scopes: tuple[str, ...]) -> Mapping[str, Reach]:
    """The doors of a key; who may promise may ask, an admin may everything that a program may."""

    def has(scope: str) -> bool:
        return scope in scopes or "admin" in scopes or scope == "ask"

    return {row.id: Reach.all for row in ROWS if row.is_public or (row.scope and has(row.scope))}


@lru_cache
def of_roles(roles: tuple[str, ...]) -> Mapping[str, Reach]:
    """The doors of a person."""
    found = {row.id: Reach.all if row.is_public else row.reach(roles) for row in ROWS}
    found |= {row.id: Reach.own for row in ROWS if is_everybodys(row)}
    return {id: reach for id, reach in found.items() if reach}


def is_everybodys(row: Row) -> bool:
    """Whether it is for each person who is signed in, with a role or without: one's own account."""
    return set(row.reaches.values()) == {Reach.own}
