"""A mutant is one small change, gets into a running process by itself, and is noticed by the tests that see its line."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from prove.mutation import records
from prove.mutation.mutants import Mutant, mutants_of, mutated
from prove.mutation.records import Module, Result, Survivor, reasons
from prove.mutation.sample import PARTS, ROOT, sample, sources
from prove.mutation.swap import swap_in
from prove.mutation.trial import Seen, Verdict

SOURCE = '''
"""A module."""
from __future__ import annotations

MOST = 7

def few(quantity: int, *, least: int = 2) -> bool:
    """Whether it is few."""
    assert quantity >= 0
    if quantity > MOST and quantity != 9:
        raise Fault(f"{quantity} is too much")
    return quantity < least
'''


def changes(source: str = SOURCE) -> list[tuple[str, str]]:
    return [(one.before, one.after) for one in mutants_of("m", source)]


def test_the_changes_of_a_function_are_these() -> None:
    assert changes() == [
        ("MOST = 7", "MOST = 8"),
        ("if quantity > MOST and quantity != 9", "if True"),
        ("if quantity > MOST and quantity != 9", "if False"),
        ("quantity > MOST and quantity != 9", "quantity > MOST or quantity != 9"),
        ("quantity > MOST and quantity != 9", "quantity != 9"),
        ("quantity > MOST and quantity != 9", "quantity > MOST"),
        ("quantity > MOST and quantity != 9", "quantity >= MOST and quantity != 9"),
        ("quantity > MOST and quantity != 9", "quantity <= MOST and quantity != 9"),
        ("quantity > MOST and quantity != 9", "quantity > MOST and quantity == 9"),
        ("quantity > MOST and quantity != 9", "quantity > MOST and quantity != 10"),
        ("raise Fault(f'{quantity} is too much')", "pass"),
        ("return quantity < least", "return None"),
        ("return quantity < least", "return quantity <= least"),
        ("return quantity < least", "return quantity >= least"),
    ]


@pytest.mark.parametrize(
    ("code", "after"),
    [
        ("x + y", {"x - y"}),
        ("x // y", {"x * y"}),
        ("'a' + x", {"'' + x"}),  # what is joined is no sum
        ("not x", {"x"}),
        ("min(x, y)", {"max(x, y)"}),
        ("sorted(x, key=f)", {"list(x)"}),
        ("a if b else c", {"a", "c"}),
        ("[a for a in b if a]", {"[a for a in b]"}),
        ("True", {"False"}),
        ("x is None", {"x is not None"}),
        ("0 < x < 9", {"0 <= x < 9", "0 >= x < 9", "0 < x <= 9", "0 < x >= 9", "1 < x < 9", "0 < x < 10"}),
    ],
)
def test_each_kind_of_code_has_its_changes(code: str, after: set[str]) -> None:
    found = {text for before, text in changes(f"def f():\n    y = {code}\n") if before == f"y = {code}"}

    assert found == {f"y = {one}" for one in after}


@pytest.mark.slow
def test_every_mutant_of_every_module_can_be_made_and_has_a_name_of_its_own() -> None:
    drawn, counts = sample(PARTS, 1, 1 << 30)

    assert len({one.id for one in drawn}) == len(drawn) == sum(counts.values()) > 5_000
    for one in drawn[:200]:
        changed = ast.unparse(mutated(sources()[one.module], one.place))
        assert changed != ast.unparse(ast.parse(sources()[one.module]))


def test_the_same_seed_draws_the_same_and_more_of_them_begin_with_those() -> None:
    few, more, other = (sample(("policy",), seed, count)[0] for seed, count in ((3, 20), (3, 40), (4, 20)))

    assert more[:20] == few
    assert other != few


def test_a_swap_reaches_whoever_imported_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    from accord.promise.decide import line, reply

    source = sources()["accord.promise.decide.reply"]
    wanted = next(
        one for one in mutants_of("accord.promise.decide.reply", source) if one.after == "return -(n // d)"
    )
    kept = reply.ceil_div.__code__
    monkeypatch.setattr(reply.ceil_div, "__code__", kept)  # put back afterwards

    assert reply.ceil_div(7, 2) == 4
    swap_in(wanted, source)
    assert reply.ceil_div(7, 2) == -3
    assert line.node_key("a", "b")  # another module goes on


def test_a_mutant_is_seen_by_the_tests_that_run_its_line_the_quick_ones_first() -> None:
    seen = Seen(
        seconds={"slow": 3.0, "quick": 0.1, "other": 0.2},
        lines={"f.py": {4: ["slow", "quick"], 5: ["other"]}},
    )

    def mutant(line: int, *, is_constant: bool = False) -> Mutant:
        return Mutant(
            module="m", function="f", line=line, kind="k", before="a", after="b", nth=0, place=0,
            is_constant=is_constant, state="s",
        )  # fmt: skip

    assert seen.of(Path("f.py"), mutant(4)) == ["quick", "slow"]
    assert seen.of(Path("f.py"), mutant(6)) == []
    assert seen.of(Path("f.py"), mutant(3)) == ["quick", "slow"]  # "if (" alone on its line runs nothing
    assert seen.of(Path("f.py"), mutant(1, is_constant=True)) == ["quick", "other", "slow"]
    assert Verdict(what="unseen").tests == 0


def test_the_page_says_the_score_and_names_every_survivor() -> None:
    result = Result(
        seed=3, commit="abc", machine="m", on="2027-03-01", seconds=90.0,
        modules={"accord.a": Module(mutants=90, tried=20, killed=17, timeouts=1), "accord.b": Module(mutants=5, tried=0, killed=0, timeouts=0)},
        survivors=(
            Survivor(id="accord.a f: x | y -> x", line=4, why="It is the same."),
            Survivor(id="accord.a g: a < b -> a <= b", line=9, why=""),
        ),
    )  # fmt: skip

    text = "".join(records._page(result))

    assert "| **killed of those tried** | **90.0 %** |" in text
    assert "| killed of those that change something | 94.7 % |" in text
    assert "| a | 90 | 20 | 18 | 1 | 2 | 90.0 % |" in text
    assert (
        "### A test is missing\n\n| where | change | why |\n|---|---|---|\n| a g | `a < b` → `a <= b` |  |"
        in text
    )
    assert "| a f | `x \\| y` → `x` | It is the same. |" in text


@pytest.mark.slow
def test_every_reason_is_about_a_mutant_that_there_is() -> None:
    there = {one.id for one in sample(PARTS, 1, 1 << 30)[0]}

    assert [id for id in reasons() if id not in there] == []
    assert all(why.endswith(".") for why in reasons().values())


def _tried(folder: Path, *options: str) -> Result:
    # In a process of its own: what it runs is pytest, and pytest runs this.
    to = folder / "result.json"
    asked = [
        "--count",
        "8",
        "--seed",
        "11",
        "--part",
        "policy",
        "--folder",
        str(folder / "kept"),
        "--to",
        str(to),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "prove.mutation", *asked, *options], cwd=ROOT, capture_output=True, text=True
    )
    assert to.exists(), done.stdout + done.stderr
    return msgspec.json.decode(to.read_bytes(), type=Result)


@pytest.mark.slow
def test_the_tests_notice_mutants_and_without_them_nobody_does(tmp_path: Path) -> None:
    with_tests, without = _tried(tmp_path), _tried(tmp_path, "--no-tests")

    assert (with_tests.tried, with_tests.killed >= 7) == (8, True)
    assert (without.tried, without.killed, len(without.survivors)) == (8, 0, 8)
