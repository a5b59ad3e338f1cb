"""Worked ATP examples are computed and compared; nothing agrees by silence."""

import json
from copy import deepcopy

import pytest

from accord.connect.files.atp_cases import Case, check, compute, read_cases
from accord.kit.errors import InputError, Malformed

LOTS = {
    "id": "lots",
    "view": "discrete_mps",
    "inputs": {"on_hand": 64, "lot_size": 70, "forecast": [30] * 4, "orders": [33, 20, 10, 4]},
    "expected": {"mps": [0, 0, 70, 0], "projected_on_hand": [31, 1, 41, 11], "atp": {"1": 11, "3": 56}},
}
DATED = {
    "id": "dated",
    "view": "lookahead",
    "inputs": {
        "today": "2026-02-27",
        "window_days": 4,
        "on_hand": 20,
        "scheduled_supply": {"2026-03-01": 10},
        "scheduled_demand": {"2026-02-27": 3, "2026-03-02": 15},
    },
    "expected": {"projected_on_hand": [17, 17, 27, 12], "atp": [12, 12, 12, 12]},
}


def read(*cases) -> tuple[Case, ...]:
    return read_cases(json.dumps(list(cases)).encode())


def case(view, inputs, expected=None, **more):
    return {"id": "x", "view": view, "inputs": inputs, "expected": expected or {}, **more}


def test_all_shared_examples_agree(real_data):
    report = check(read_cases((real_data("atp/atp_cases.json")).read_bytes()))

    assert report.differences == ()
    assert report.agree == report.checked == report.cases - report.other > 0


def test_a_file_may_hold_a_list_or_one_case():
    assert check(read(LOTS, DATED)).sentence == "2 of 2 cases agree"
    assert check(read_cases(json.dumps(LOTS).encode())).sentence == "1 of 1 cases agree"


@pytest.mark.parametrize(
    ("view", "inputs", "rows"),
    [
        ("period", {"supply": [6, 4], "demand": [6, 2]}, {"atp": (0, 2), "projected_on_hand": (0, 2)}),
        ("cumulative", {"on_hand": 5, "supply": [6, 4], "demand": [6, 9]}, {"atp": (5, 0)}),
        ("cumulative", {"mps": [6, 4], "orders": [6, 9]}, {"atp": (0, -5)}),
        ("cumulative", {"supply": {"1": 6}, "demand": {"3": 2}}, {"atp": (6, 6, 4)}),
        ("lookahead", {"on_hand": 5, "supply": [0, 4], "demand": [0, 6]}, {"atp": (3, 3)}),
        ("discrete", {"on_hand": 5, "mps": [0, 20], "orders": [4, 9]}, {"atp": (1, 11), "mps": (0, 20)}),
        ("discrete", {"on_hand": 5, "mps": [None, 20], "orders": [4, 9]}, {"atp": (1, 11)}),
        ("discrete", {"on_hand": 5, "mps": {"2": 20}, "orders": [4, 9, 1]}, {"atp": (1, 10, None)}),
        ("discrete", {"mps": [9, 9], "orders": [4, 2], "forecast": [5, 1]}, {"projected_on_hand": (4, 11)}),
        ("discrete", {"mps": [9, 9], "forecast": [5, 1]}, {"atp": (9, 9), "projected_on_hand": (4, 12)}),
        ("discrete", {"mps": [9.0], "orders": [4]}, {"atp": (5,)}),
        ("discrete_mps", {"lot_size": 5, "forecast": [3, 3]}, {"mps": (5, 5), "atp": (5, 5)}),
        ("discrete_mps", {"lot_size": 5, "forecast": [3], "mps": [0], "orders": [1]}, {"atp": (4,)}),
        ("discrete_mps", {"lot_size": 5, "orders": [3, 3]}, {"projected_before_mps": (-3, -1)}),
        ("lookahead", {**DATED["inputs"], "window_days": 2}, {"atp": (17, 17)}),
    ],
)
def test_each_view_is_computed_from_the_rows_it_is_given(view, inputs, rows):
    (read_case,) = read(case(view, inputs))

    computed = compute(read_case)

    assert {name: computed[name] for name in rows} == rows


def test_what_is_dated_outside_the_window_is_not_part():
    early = {"2026-02-26": 99, "2026-03-03": 99}
    content = deepcopy(DATED)
    content["inputs"]["scheduled_demand"] |= early
    content["inputs"]["scheduled_supply"] |= early

    assert check(read(content)).agree == 1


@pytest.mark.parametrize(
    "expected",
    [
        {"atp": [12]},  # shorter than the window
        {"atp": [None, 12, None]},
        {"atp": {"2026-03-01": 12}},
        {"atp": {"3": 12}},
        {"atp": [12], "projected_on_hand": None, "note": "a word of the book"},
    ],
)
def test_only_the_cells_that_are_expected_are_compared(expected):
    assert check(read({**DATED, "expected": expected})).sentence == "1 of 1 cases agree"


def test_every_cell_that_differs_is_named():
    report = check(read(LOTS, {**DATED, "expected": {"atp": [12, 13, 12, 12, 12]}}))

    assert (report.cases, report.checked, report.agree) == (2, 2, 1)
    assert [(d.case, d.row, d.period, d.expected, d.found) for d in report.differences] == [
        ("dated", "atp", "2026-02-28", 13, 12),
        ("dated", "atp", "2026-03-03", 12, None),
    ]
    assert report.differences[0].detail == "atp of 2026-02-28 is 12, expected 13"
    assert report.sentence == "1 of 2 cases agree"


def test_changing_any_expected_cell_ends_the_agreement():
    for name, row in DATED["expected"].items():
        for index in range(len(row)):
            changed = deepcopy(DATED)
            changed["expected"][name][index] += 1
            assert check(read(changed)).agree == 0


def test_an_expected_row_that_the_view_does_not_have_is_a_difference():
    report = check(read({**DATED, "expected": {"atp": [12], "mps": [0]}}))

    assert (report.agree, report.differences[0].row) == (0, "mps")
    assert "has no row mps" in report.differences[0].detail


def test_a_nought_in_a_period_without_a_lot_says_the_same_as_an_empty_cell():
    content = case("discrete", {"on_hand": 5, "mps": [0, 20, 0], "orders": [4, 9, 1]})

    assert check(read({**content, "expected": {"atp": [1, 10, 0]}})).agree == 1
    assert check(read({**content, "expected": {"atp": [1, 10, 1]}})).agree == 0
    assert check(read({**content, "expected": {"atp": [1, 10, None, 0]}})).agree == 0


def test_a_vendors_own_variant_is_reported_and_not_counted():
    report = check(read(LOTS, case("other", {"anything": "goes"}, {"atp": [1]})))

    assert (report.cases, report.checked, report.agree, report.other) == (2, 1, 1, 1)
    assert (report.sentence, report.other_cases) == ("1 of 1 cases agree", ("x",))


@pytest.mark.parametrize("view", ["atp", "", None, 7, "Period", ["period"]])
def test_an_unknown_view_is_an_error_that_lists_the_known_ones(view):
    with pytest.raises(InputError) as caught:
        read(case(view, {}))

    assert caught.value.exit_code == 2
    assert "Known views: period, discrete, discrete_mps, cumulative, lookahead, other" in caught.value.detail


@pytest.mark.parametrize(
    ("content", "pointer", "code"),
    [
        (case("period", {"demand": [1]}), "/x/inputs/supply", "missing"),
        (case("period", {"supply": [1]}), "/x/inputs/demand", "missing"),
        (case("discrete", {"orders": [1]}), "/x/inputs/mps", "missing"),
        (case("discrete", {"mps": [1]}), "/x/inputs/orders", "missing"),
        (case("discrete_mps", {"orders": [1]}), "/x/inputs/lot_size", "missing"),
        (case("discrete_mps", {"orders": [1], "lot_size": 0}), "/x/inputs/lot_size", "not_positive"),
        (case("period", {"supply": [1, 2], "demand": [1]}), "/x/inputs/supply", "lengths_differ"),
        (case("period", {"supply": ["6"], "demand": [1]}), "/x/inputs/supply", "not_whole"),
        (case("period", {"supply": [1.5], "demand": [1]}), "/x/inputs/supply", "not_whole"),
        (case("period", {"supply": [True], "demand": [1]}), "/x/inputs/supply", "not_whole"),
        (case("period", {"supply": [10**16], "demand": [1]}), "/x/inputs/supply", "too_large"),
        (case("period", {"supply": [-1], "demand": [1]}), "/x/inputs/supply", "negative"),
        (case("period", {"supply": 5, "demand": [1]}), "/x/inputs/supply", "not_a_row"),
        (case("period", {"supply": [], "demand": []}), "/x/inputs/supply", "no_periods"),
        (case("period", {"supply": {"0": 1}, "demand": {"1": 1}}), "/x/inputs/supply", "not_a_date"),
        (case("period", {"supply": {"1": 1, "01": 1}, "demand": {"1": 1}}), "/x/inputs/supply", "twice"),
        (case("period", {"supply": [1], "demand": [1], "on_hand": "no"}), "/x/inputs/on_hand", "not_whole"),
        (case("lookahead", {"scheduled_supply": {"2026-03-01": 1}}), "/x/inputs/today", "missing"),
        (case("lookahead", {"today": "soon", "scheduled_supply": {}}), "/x/inputs/today", "not_a_date"),
        (
            case("lookahead", {"today": "2026-03-01", "scheduled_supply": {}, "scheduled_demand": {}}),
            "/x/inputs/scheduled_supply",
            "no_periods",
        ),
        (case("lookahead", {**DATED["inputs"], "window_days": 10**7}), "/x/inputs/window_days", "no_periods"),
        (case("period", {"supply": [1], "demand": [1]}), "/x/expected", "missing"),
        (case("period", {"supply": [1], "demand": [1]}, {"atp": [None]}), "/x/expected", "missing"),
        (case("period", {"supply": [1], "demand": [1]}, {"atp": ["1"]}), "/x/expected/atp", "not_whole"),
        (case("period", [], {"atp": [1]}), "/x/inputs", "not_an_object"),
        ({"view": "period", "inputs": {}}, "/#1/inputs/supply", "no_periods"),
        (case("period", {}, id=5), "/#1/id", "not_text"),
        ([1], "/#1", "not_a_case"),
    ],
)
def test_what_is_missing_or_malformed_is_an_error_that_names_case_and_field(content, pointer, code):
    with pytest.raises(InputError) as caught:
        check(read(content))

    assert [(e.pointer, e.code) for e in caught.value.errors] == [(pointer, code)]


def test_two_cases_may_not_have_the_same_name():
    with pytest.raises(InputError, match="used by two cases"):
        read(LOTS, LOTS)


def test_an_empty_file_does_not_agree():
    with pytest.raises(InputError):
        read()


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe[]", b'[{"id": "\xff"}]'])
def test_what_is_no_json_is_malformed(data):
    with pytest.raises(Malformed):
        read_cases(data)
