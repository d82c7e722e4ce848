"""What every plan of a sheet says, whatever its rows are about."""

from __future__ import annotations

from typing import Any

import pytest

from sheets.planning import Plan, PlanLine, cells_of


def a_plan(*whats: str) -> Plan[Any]:
    return Plan([PlanLine(number, what=what) for number, what in enumerate(whats, start=2)], [], "x")


@pytest.mark.parametrize(
    ("whats", "said"),
    [
        ((), (0, 0, False)),
        (("unchanged",), (0, 0, False)),
        (("new", "unchanged", "changed", "new"), (0, 3, True)),
        (("new", "refused"), (1, 1, False)),
    ],
)
def test_a_plan_does_something_where_a_row_writes_and_none_is_refused(whats, said):
    plan = a_plan(*whats)
    assert (plan.refused, plan.writes, plan.does_something) == said


def test_the_rows_of_one_kind_stand_in_the_order_of_the_sheet():
    assert [line.number for line in a_plan("new", "changed", "new").of("new")] == [2, 4]


def test_a_row_is_refused_for_each_reason_once():
    line = PlanLine(2)
    for text in ("no date", "no date", "too long"):
        line.refuse("B2 (Due)", text)
    assert (line.what, line.problems) == ("refused", ["B2 (Due): no date", "B2 (Due): too long"])


def test_a_place_is_named_by_its_cell_or_where_the_sheet_has_no_such_column_by_its_row():
    cell = cells_of(7, {"due": "Due"}, {"due": "C"})
    other = cells_of(7, {"due": "Due"}, {})
    assert (cell("due"), other("due"), other("what")) == ("C7 (Due)", "row 7 (Due)", "row 7 (what)")
