"""frePPLe's own engine tests: each runs through our reader, translation and decision, and the finding is what we say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from scripts.frepple_table import Row, rows, text
from tests.connect.frepple_verdicts import VERDICTS

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def found(real_data: Callable[[str], Path]) -> list[Row]:
    return rows(real_data("frepple_tests"))


def test_every_case_and_every_plan_under_constraints_is_looked_at(found: list[Row]) -> None:
    assert len({row.case for row in found}) == 20
    assert {(row.case, row.output) for row in found} == set(VERDICTS)


def test_each_finding_is_what_the_table_says(found: list[Row]) -> None:
    for row in found:
        verdict = VERDICTS[(row.case, row.output)]
        assert (row.same, row.demands) == (verdict.same, verdict.demands), row.case
        assert (verdict.kind == "same") is (row.same == row.demands > 0), row.case
        assert bool(verdict.because) is (verdict.kind != "same"), row.case


def test_no_demand_is_promised_before_frepple_has_it_but_for_the_reasons_given(found: list[Row]) -> None:
    earlier = {(row.case, row.output): row.earlier for row in found if row.earlier}

    assert earlier == {
        ("buffer_max", 4): ("SO #1 for item 2", "SO #1 for item 3"),  # no waiting for confirmed supply
        ("constraints_resource_1", 1): ("order 5",),  # capacity further ahead
        ("flow_alternate_2", 1): ("order 1",),  # combinations forbidden by a program
        ("operation_approved", 1): ("6. sales order",),  # approved orders that are moved
        ("operation_approved", 5): ("6. sales order",),
    }


def test_the_table_in_the_documents_is_the_one_that_was_found(found: list[Row]) -> None:
    assert (ROOT / "docs/reference/frepple-cases.md").read_text() == text(found)
