"""What are pages made of, and how does one use it?

Each example is the line itself: it is shown as it is written and drawn as it is read, so what the page says about a part
is what that part does.
"""

from __future__ import annotations

from typing import Any

import msgspec
from jinja2 import Environment
from litestar import Request, get
from litestar.response import Template

COLOURS = (
    "paper",
    "card",
    "ink",
    "soft",
    "line",
    "edge",
    "accent",
    "wash",
    "good",
    "care",
    "bad",
    "practice",
)


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One part of templates/_kit.html in its states."""

    name: str
    why: str
    lines: str  # a template


EXAMPLES = (
    Example(
        name="head",
        why="How a page begins: where one came from, its one heading, and the answer in one sentence.",
        # The page this is shown on has its own first heading; another would be its second.
        lines='{{ kit.verdict("good", "Yes") }}\n<p class="sentence">420 × X-100 delivered to Hamburg by <b>Fri 12 Mar</b>, at €18.50.</p>',
    ),
    Example(
        name="button",
        why="One primary button a page: the thing one came for. Danger is red and still asks. A key in it is pressed alone.",
        lines="""{{ kit.button("Commit", kind="primary", key="c") }}
{{ kit.button("Hold 48 h", key="h") }}
{{ kit.button("All promises", href="/promises") }}
{{ kit.button("Cancel this promise", kind="danger") }}
{{ kit.button("Not yet", is_off=true) }}
{{ kit.button("", kind="quiet", sign="bell", label="Notifications") }}""",
    ),
    Example(
        name="field",
        why="A label above, help below. What is wrong is said where it is, says what to do, and keeps what was typed.",
        lines="""{{ kit.field("quantity", "Quantity", value="500", help="In pieces, cases or pallets: 500, 12 cs.", is_needed=true) }}
{{ kit.field("by", "By", value="31 feb", error="February has no 31st. Write another day, such as 28 feb.", is_needed=true) }}
{{ kit.field("note", "Reason", lines=3, help="Who asked will read it.") }}
{{ kit.select("site", "From", [("", "Any site"), ("halden", "Halden"), ("lyon", "Lyon")], value="lyon") }}
{{ kit.check("split", "May come in parts", is_on=true, help="The first part by the day above.") }}""",
    ),
    Example(
        name="errors",
        why="Above a form that came back: what needs you, each a link to its field.",
        lines="""{{ kit.errors([("by", "February has no 31st."), ("quantity", "How many? Write a number.")]) }}""",
    ),
    Example(
        name="word",
        why="A word with its sign and colour. Good: as it should be. Care: it needs somebody. Bad: it is not so. None: it does not apply.",
        lines="""{{ kit.word("good", "Committed") }} {{ kit.word("care", "Held") }} {{ kit.word("bad", "Uncovered") }} {{ kit.word("none", "Released") }}
{{ kit.word("care", "2 uncovered", href="/promises") }}""",
    ),
    Example(
        name="verdict",
        why="The answer to what was asked; one on a page.",
        lines="""{{ kit.verdict("good", "Yes") }} {{ kit.verdict("care", "Needs approval") }} {{ kit.verdict("bad", "Not by then") }} {{ kit.verdict("none", "Cannot know") }}""",
    ),
    Example(
        name="notice",
        why="What one must know before going on, and what to do about it.",
        lines="""{{ kit.notice("good", "The import is in: 61,204 lines, nothing was left out.") }}
{{ kit.notice("care", "The answer changed while you looked. This is what it is now.") }}
{{ kit.notice("bad", "ERP stock is 26 hours old: nothing is promised from it.", href="/sources", action="See the sources") }}
{{ kit.notice("none", "This is practice. Nothing here reaches anybody.") }}""",
    ),
    Example(
        name="chip",
        why="One thing that was understood, or one that narrows a list and can be taken away.",
        lines="""{{ kit.chip("500 ×", strong="X-100") }} {{ kit.chip("by Fri 12 Mar") }} {{ kit.chip("customer", strong="Northwind", remove="/promises") }} {{ kit.chip("Orbit", href="/promises?q=Orbit") }}""",
    ),
    Example(
        name="table",
        why="A caption, heads with a scope, numbers to the right; it scrolls in its own box. Empty, it says why and what to do.",
        lines="""{% call kit.table("What covers it", [("Quantity", "number"), "Source", "Usable from"]) %}
<tr><td class="number">420</td><td>On hand at Halden</td><td>today</td></tr>
<tr><td class="number">80</td><td>PO 4711</td><td>Fri 19 Mar</td></tr>
{% endcall %}
{% call kit.table("Promises", ["Customer"], is_empty=true, empty="Nothing has been promised yet.", href="/", action="Ask for something") %}{% endcall %}""",
    ),
    Example(
        name="nothing",
        why="An empty page or list: why it is empty, and what to do next.",
        lines="""{{ kit.nothing("Nothing waits for approval.", href="/approvals?show=all", action="Show what was decided") }}""",
    ),
    Example(
        name="card",
        why="One thing in a list of few, all of it a link.",
        lines="""{% call kit.card("Northwind · 60 X-100", href="/approvals") %}<p class="need">10 above 50 a seller may promise</p>{% endcall %}""",
    ),
    Example(
        name="facts",
        why="What is known about one thing. Empty values are left out.",
        lines="""{{ kit.facts([("Price", "€1,110.00"), ("Margin", "€322.00 · 29 %"), ("Order", "SO-1", "/promises?q=SO-1"), ("Nothing", "")]) }}""",
    ),
    Example(
        name="stat",
        why="A number opens the list it adds up to.",
        lines="""{% call kit.stats("Today") %}
{{ kit.stat("Committed", "1,204", href="/promises?state=committed") }}
{{ kit.stat("Holds that expire today", "3", href="/promises?state=held", note="first at 14:00", tone="care") }}
{{ kit.stat("Uncovered", "2", href="/promises", note="€41,200 at risk", tone="bad") }}
{{ kit.stat("Kept in 30 days", "94.1 %", note="target 95", tone="care") }}
{% endcall %}""",
    ),
    Example(
        name="tabs",
        why="Which of a list one sees; links, so that each has an address of its own.",
        lines="""{{ kit.tabs("State", [{"word": "All", "href": "/design", "is_now": true, "count": 214}, {"word": "Held", "href": "/design", "count": 3}, {"word": "Uncovered", "href": "/design"}]) }}""",
    ),
    Example(
        name="pager",
        why="Older ones are a page further; where one is, is said.",
        lines="""{{ kit.pager(says="50 of 1,204", first="/design", older="/design") }}""",
    ),
    Example(
        name="steps",
        why="Where one is in a wizard, and back to what was done.",
        lines="""{{ kit.steps([("Recognise", "/design"), ("Map", "/design"), "Check", "Dry run", "Commit"], 3) }}""",
    ),
    Example(
        name="timeline",
        why="What happened, the latest first: what, when, who.",
        lines="""{{ kit.timeline([
  {"at": "today 10:04", "what": "Became uncovered", "who": "ERP", "tone": "bad", "note": "PO 4711 of Brenner comes 9 days later."},
  {"at": "Mon 1 Mar 16:20", "what": "Committed", "who": "sam", "tone": "good"},
  {"at": "Mon 1 Mar 16:18", "what": "Held for 48 h", "who": "sam"}]) }}""",
    ),
    Example(
        name="chart",
        why="A drawing by the tokens, with the same numbers as a table under it.",
        lines="""{% call kit.chart("X-100 at Halden", ["From", ("Can be promised", "number")], [["today", "420"], ["Fri 19 Mar", "500"]], [("available", "can be promised")]) %}
<svg viewBox="0 0 600 90" role="img" aria-label="What can be promised of X-100 at Halden; the table below has the numbers"><path class="level" d="M0 80H600"/><path class="available" d="M0 34H300V12H600"/></svg>
{% endcall %}""",
    ),
    Example(
        name="confirm",
        why="Before what cannot be taken back: what happens and who is touched. It opens without a script.",
        lines="""{% call kit.confirm("Cancel …") %}<p>Northwind was given our word. 420 X-100 become free for others at once.</p><p>{{ kit.button("Cancel this promise", kind="danger", type="button") }}</p>{% endcall %}""",
    ),
    Example(
        name="dialog",
        why="A window above the page, closed by Esc; the focus goes back to where it was.",
        lines="""{{ kit.button("Open", opens="design-dialog") }}
{% call kit.dialog("design-dialog", "A window") %}<p>Esc closes it.</p>{% endcall %}""",
    ),
    Example(
        name="skeleton",
        why="What comes has this size, so nothing jumps. Under 300 ms nothing is shown at all.",
        lines="""{{ kit.skeleton(3) }}""",
    ),
    Example(
        name="progress",
        why="How much is done, from ten seconds on also how long it takes and how to stop it.",
        lines="""{{ kit.progress(61204, 100000, "61,204 of 100,000 lines · 0:05 left") }}""",
    ),
    Example(
        name="age",
        why="How old what one sees is, everywhere one decides by it.",
        lines="""{{ kit.age("ERP stock, 3 min ago") }} {{ kit.age("ERP stock, 5 h ago", tone="care", href="/sources") }} {{ kit.age("ERP stock, 2 days ago", tone="bad", href="/sources") }}""",
    ),
)  # fmt: skip


@get("/design", opt={"operation": "design.read"}, include_in_schema=False, sync_to_thread=True)
def design(request: Request[Any, Any, Any]) -> Template:
    """Every part that pages are made of, alive."""
    engine = request.app.template_engine
    assert engine is not None
    environment: Environment = engine.engine
    shown = [
        {"name": one.name, "why": one.why, "lines": one.lines, "drawn": _drawn(environment, one.lines)}
        for one in EXAMPLES
    ]
    return Template(template_name="design.html", context={"examples": shown, "colours": COLOURS})


def _drawn(environment: Environment, lines: str) -> str:
    return environment.from_string('{% import "_kit.html" as kit %}' + lines).render()


PAGES = [design]
