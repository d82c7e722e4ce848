"""Suites and cases: written, ordered, retired; never deleted, never past the limits, never over somebody's head."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from transitions.blockers import NotPermitted, StaleRow
from workbook import cases, vocabulary
from workbook.cases import (
    CaseRefused,
    add_case,
    add_suite,
    change_case,
    move_case,
    move_suite,
    plain,
    remove_suite,
    rename_suite,
    set_criteria,
    set_retired,
    share_asked,
)  # fmt: skip
from workbook.models import Case, ExitCriteria, Suite

TEXTS = {"title": "Another", "preconditions": "", "steps": "1. Do\r\n2. Look", "expected": "It is there"}


def test_a_case_gets_the_next_number_and_the_last_place(project, cast):
    suite = add_suite(project, "sit", "  Invoices ", by=cast.priya)
    other = add_suite(project, "uat", "Payers", by=cast.priya)
    made = [add_case(where, title="One", by=cast.sofia) for where in (suite, suite, other)]

    assert suite.title == "Invoices"
    assert [(case.code, case.position, case.mandatory) for case in made] == [
        ("T-1", 1, True), ("T-2", 2, True), ("T-3", 1, True),
    ]  # fmt: skip


@pytest.mark.parametrize("who", ["mallory", "tess", "bo", "pat"])
def test_who_does_not_lead_writes_nothing(project, cast, write, who):
    case = write(2)[0]
    person = getattr(cast, who)
    acts = [
        lambda: add_suite(project, "sit", "Balances", by=person),
        lambda: rename_suite(case.suite, "Balances", by=person),
        lambda: move_suite(case.suite, up=True, by=person),
        lambda: remove_suite(case.suite, by=person),
        lambda: add_case(case.suite, title="x", by=person),
        lambda: change_case(case, suite=case.suite, revision=0, mandatory=True, by=person, **TEXTS),
        lambda: move_case(case, up=False, by=person),
        lambda: set_retired(case, True, by=person),
        lambda: set_criteria(project, "sit", share_passed=90, revision=0, by=person),
    ]
    for act in acts:
        with pytest.raises(NotPermitted):
            act()
    assert Case.objects.filter(retired=False).count() == 2


def test_a_change_keeps_number_and_place_and_a_stale_one_is_refused(project, cast, write):
    case = write(2)[0]
    changed = change_case(case, suite=case.suite, revision=0, mandatory=False, by=cast.sofia, **TEXTS)
    assert (changed.title, changed.steps, changed.mandatory, changed.revision) == (
        "Another",
        "1. Do\n2. Look",
        False,
        1,
    )

    with pytest.raises(StaleRow) as stale:
        change_case(case, suite=case.suite, revision=0, mandatory=True, by=cast.priya, **(TEXTS | {"title": "Mine"}))
    assert stale.value.row.title == "Another"
    assert Case.objects.get(pk=case.pk).title == "Another"


def test_a_case_goes_to_the_end_of_another_suite_of_its_kind_alone(project, cast, write):
    case, there, foreign = write(1)[0], write(1, suite="Balances")[0], write(1, suite="Payers", kind="uat")[0]
    moved = change_case(case, suite=there.suite, revision=0, mandatory=True, by=cast.priya, **TEXTS)
    assert (moved.suite, moved.position) == (there.suite, 2)
    with pytest.raises(ValidationError):
        change_case(case, suite=foreign.suite, revision=1, mandatory=True, by=cast.priya, **TEXTS)


def test_order_by_one_place_and_past_the_retired(project, cast, write):
    first, second, third = write(3)
    set_retired(second, True, by=cast.priya)
    move_case(third, up=True, by=cast.priya)
    move_case(third, up=True, by=cast.priya)  # the first stays first

    shown = Case.objects.filter(retired=False).order_by("position")
    assert [case.code for case in shown] == [third.code, first.code]


def test_suites_change_places_and_go_when_they_are_empty(project, cast, write):
    case = write(1)[0]
    empty = add_suite(project, "sit", "Balances", by=cast.priya)
    move_suite(empty, up=True, by=cast.priya)
    assert list(Suite.objects.order_by("position").values_list("title", flat=True)) == ["Balances", "Invoices"]

    set_retired(case, True, by=cast.priya)
    with pytest.raises(CaseRefused):
        remove_suite(case.suite, by=cast.priya)
    remove_suite(empty, by=cast.priya)
    assert Suite.objects.get().title == "Invoices"


def test_a_suite_has_its_title_alone(project, cast, write):
    write(1)
    other = add_suite(project, "sit", "Balances", by=cast.priya)
    with pytest.raises(ValidationError, match="already"):
        rename_suite(other, "Invoices", by=cast.priya)
    add_suite(project, "uat", "Invoices", by=cast.priya)
    with pytest.raises(ValidationError):
        add_suite(project, "sit", "   ", by=cast.priya)


def test_limits(project, cast, write, monkeypatch):
    monkeypatch.setattr(cases, "MOST_CASES", 2)
    monkeypatch.setattr(cases, "MOST_SUITES", 1)
    first, _ = write(2)
    with pytest.raises(ValidationError, match="2 SIT cases are the most"):
        add_case(first.suite, title="One more", by=cast.priya)
    with pytest.raises(ValidationError, match="1 suites are the most"):
        add_suite(project, "sit", "Balances", by=cast.priya)
    set_retired(first, True, by=cast.priya)
    add_case(first.suite, title="In its place", by=cast.priya)
    with pytest.raises(ValidationError):
        set_retired(first, False, by=cast.priya)


def test_long_texts_are_refused(project, cast, write):
    suite = write(1)[0].suite
    for field, most in (("title", vocabulary.LONGEST_TITLE), ("steps", vocabulary.LONGEST_TEXT)):
        with pytest.raises(ValidationError) as refused:
            add_case(suite, **({"title": "x"} | {field: "x" * (most + 1)}), by=cast.priya)
        assert list(refused.value.message_dict) == [field]


def test_exit_criteria_are_the_projects_own_with_both_values_for_the_late(project, cast):
    assert share_asked(project, "sit") == 100
    set_criteria(project, "sit", share_passed=95, revision=0, by=cast.priya)
    assert (share_asked(project, "sit"), share_asked(project, "uat")) == (95, 100)
    with pytest.raises(StaleRow) as stale:
        set_criteria(project, "sit", share_passed=50, revision=0, by=cast.sofia)
    assert stale.value.row.share_passed == 95
    for wrong in (0, 101):
        with pytest.raises(ValidationError):
            set_criteria(project, "sit", share_passed=wrong, revision=1, by=cast.priya)
    history = ExitCriteria.history.model.objects.values_list("history_type", "share_passed")
    assert list(history) == [("+", 95)]


def test_plain():
    assert plain(" a\r\nb\rc\x0bd ") == "a\nb\nc d"
