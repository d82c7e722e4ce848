"""Production cases: services and rights, sheets in and out, what a machine sends, triage and review."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError

from handoff import intake
from handoff.models import CaseEscalation, CaseNote, CaseReview, ProductionCase
from handoff.phased.cases import (
    add_case,
    change_case,
    escalate_case,
    hold_review,
    last_review,
    names_in_cases,
    note_case,
    open_cases_of,
    pass_on_cases,
)
from handoff.phased.cases_import import apply_draft, keep_draft, plan_of, take_cases
from handoff.phased.cases_page import agenda, part_of
from handoff.phased.cases_sheet import COLUMNS, HEADER, SHEET, export_rows, last_notes, plan
from meetings.production import production_cases
from projects.models import Project, SheetDraft
from sheets.reading import SheetRefused, Table, read
from sheets.writing import Sheet, book
from tests.cast import MakeProject
from transitions.blockers import MoveRefused, NotPermitted, StaleRow
from transitions.moves import perform

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 23)


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project(playbooks=("transition-to-cs",), kind="existing", phased_go_live=True)


def a_case(project: Project, by: Any, **said: Any) -> ProductionCase:
    values = {
        "external_id": "C-1234", "title": "AutoPay fails", "severity": 1, "opened_on": dt.date(2026, 11, 11),
        "link": "https://cases.example.org/1234",
    }  # fmt: skip
    return add_case(project, by=by, **{**values, **said})


def csv(*lines: str) -> Table:
    return read(io.BytesIO("\n".join(lines).encode()), "cases.csv", COLUMNS, sheet=SHEET, most_rows=2000)


def problems(project: Project, *lines: str) -> list[str]:
    found = plan(project, csv(*lines), today=TODAY)
    return [problem for line in found.of("refused") for problem in line.problems]


def bring(project: Project, by: Any, *lines: str) -> Any:
    table = csv(*lines)
    draft = keep_draft(project, "cases.csv", table, by=by)
    return apply_draft(draft, by=by, fingerprint=plan_of(project, draft, today=TODAY).fingerprint)


# Services ------------------------------------------------------------------------------------------------------------------


def test_a_case_is_written_by_whoever_has_a_seat(project, cast):
    case = a_case(project, cast.tess, owner=cast.tess)
    assert (case.age(TODAY), case.state, case.escalated) == (12, "open", 0)
    for person in (cast.mallory, cast.bo):
        with pytest.raises(NotPermitted):
            a_case(project, person, external_id="C-2")
        with pytest.raises(NotPermitted):
            perform(case, "close_case", by=person, note="x")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"external_id": "c-1234"}, "external_id"),  # there already, in capitals
        ({"external_id": ""}, "external_id"),
        ({"external_id": "x" * 41}, "external_id"),
        ({"external_id": "C-2", "link": "http://cases.example.org/2"}, "link"),
        ({"external_id": "C-2", "severity": 5}, "severity"),
        ({"external_id": "C-2", "opened_on": dt.date(2026, 11, 24)}, "opened_on"),
        ({"external_id": "C-2", "title": ""}, "title"),
    ],
)
def test_what_no_case_says_is_refused_at_its_field(project, cast, said, field):
    a_case(project, cast.tess)
    with pytest.raises(ValidationError) as told:
        a_case(project, cast.tess, **said)
    assert field in told.value.message_dict
    assert ProductionCase.objects.count() == 1


def test_an_owner_has_a_seat_and_a_stale_page_changes_nothing(project, cast):
    case = a_case(project, cast.tess)
    with pytest.raises(ValidationError):
        change_case(case, by=cast.tess, owner=cast.mallory)
    changed = change_case(case, by=cast.tess, revision=0, title="AutoPay fails for two owners", owner=cast.tess)
    assert changed.revision == 1
    with pytest.raises(StaleRow):
        change_case(case, by=cast.ivan, revision=0, title="x")


def test_notes_and_escalations_stay_and_the_last_counts(project, cast):
    case = a_case(project, cast.tess)
    note_case(case, "Reproduced.", by=cast.tess)
    note_case(case, "Fixed on Thursday.", for_customer=True, by=cast.ivan)
    assert last_notes(project)[case.pk].text == "Fixed on Thursday."
    with pytest.raises(ValidationError):
        note_case(case, "  ", by=cast.tess)
    up = escalate_case(case, 2, reason="Nobody can pay.", by=cast.tess, revision=0)
    assert (up.escalated, up.revision) == (2, 1)
    with pytest.raises(MoveRefused):
        escalate_case(case, 2, reason="Again.", by=cast.tess)
    with pytest.raises(ValidationError):
        escalate_case(case, 3, reason="", by=cast.tess)
    assert escalate_case(case, 0, reason="It is in hand.", by=cast.tess).escalated == 0
    assert CaseEscalation.objects.count() == 2


def test_a_case_is_closed_with_a_reason_and_may_be_there_again(project, cast):
    case = a_case(project, cast.tess)
    with pytest.raises(MoveRefused):
        perform(case, "close_case", by=cast.tess)
    closed = perform(case, "close_case", by=cast.tess, note="Fixed in 2026.11.3.").row
    assert (closed.state, closed.closed_on) == ("closed", TODAY)
    with pytest.raises(MoveRefused):
        escalate_case(closed, 1, reason="x", by=cast.tess)
    again = perform(closed, "reopen_case", by=cast.tess, note="It fails again.").row
    assert (again.state, again.closed_on) == ("open", None)


def test_triage_hears_of_open_cases_the_gravest_first_in_one_query(project, cast, django_assert_num_queries):
    a_case(project, cast.tess, external_id="C-9", severity=3, title="Late mail", opened_on=TODAY)
    case = a_case(project, cast.tess)
    escalate_case(case, 1, reason="x", by=cast.tess)
    done = a_case(project, cast.tess, external_id="C-3")
    perform(done, "close_case", by=cast.tess, note="x")
    with django_assert_num_queries(1):
        found = open_cases_of([project.pk])
    assert [words for words, _ in found[project.pk]] == [
        "C-1234 sev 1, 12 days, escalated: AutoPay fails",
        "C-9 sev 3, 0 days: Late mail",
    ]
    assert found[project.pk][0][1] == f"/projects/{project.code}/cases/{case.pk}/"
    assert production_cases([project.pk])[project.pk] == list(found[project.pk])


def test_a_leavers_open_cases_go_to_the_successor(project, cast):
    case = a_case(project, cast.tess, owner=cast.tess)
    assert names_in_cases(cast.tess) == {project.pk: ["owns case C-1234 AutoPay fails"]}
    pass_on_cases(person=cast.tess, successor=cast.cora, projects=[project], by=cast.adele, now=NOW)
    assert ProductionCase.objects.get(pk=case.pk).owner == cast.cora


# Sheets --------------------------------------------------------------------------------------------------------------------


HEAD = "ID,Title,Severity,Opened,Link,Owner,Notes,Escalated,State"


def test_a_sheet_makes_and_changes_and_the_same_sheet_does_nothing(project, cast):
    case = a_case(project, cast.tess)
    lines = (
        HEAD,
        "c-1234,AutoPay fails,2 Major,,,Tess Moreau,Reproduced.,yes,",
        "C-2,Late mail,P3,2026-11-20,https://cases.example.org/2,Somebody Else,,,",
        "C-3,Old logo,cosmetic,11/3/2026,,,Replaced.,,Closed",
    )
    done = bring(project, cast.tess, *lines)
    assert (done.count("new"), done.count("changed")) == (2, 1)
    changed = ProductionCase.objects.get(pk=case.pk)
    assert (changed.severity, changed.owner, changed.escalated, changed.external_id) == (2, cast.tess, 1, "C-1234")
    late, logo = ProductionCase.objects.get(external_id="C-2"), ProductionCase.objects.get(external_id="C-3")
    assert (late.severity, late.owner, late.owner_name) == (3, None, "Somebody Else")
    assert (logo.state, logo.closed_on, logo.opened_on) == ("closed", TODAY, dt.date(2026, 11, 3))
    assert CaseNote.objects.count() == 2
    again = plan(project, csv(*lines), today=TODAY)
    assert (again.count("unchanged"), again.does_something) == (3, False)


def test_a_sheet_closes_a_case_by_a_move_of_its_own(project, cast):
    case = a_case(project, cast.tess)
    bring(project, cast.tess, HEAD, "C-1234,AutoPay fails,1,,,,,,closed")
    assert ProductionCase.objects.get(pk=case.pk).state == "closed"


def test_what_was_exported_comes_back_as_it_was(project, cast):
    case = a_case(project, cast.tess, title="-2 days late", owner_name="Somebody Else")
    note_case(case, "One line\nand another", by=cast.tess)
    escalate_case(case, 2, reason="x", by=cast.tess)
    cases = ProductionCase.objects.filter(project=project).select_related("owner")
    file = book([Sheet(SHEET, HEADER, export_rows(cases, last_notes(project)))], about=[("What", "x")])
    table = read(io.BytesIO(file), "cases.xlsx", COLUMNS, sheet=SHEET)
    assert plan(project, table, today=TODAY).count("unchanged") == 1


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (",No ID,1,2026-11-20,,,,,", "row 2 (ID): Each case has an ID"),
        ("C-2,Bad,9,2026-11-20,,,,,", "C2 (Severity): “9” is no severity: 1 to 4."),
        ("C-2,Bad,,2026-11-20,,,,,", "C2 (Severity): This field is required."),
        ("C-2,Bad,1,2026-11-24,,,,,", "D2 (Opened): 2026-11-24 is still to come."),
        ("C-2,Bad,1,soon,,,,,", "D2 (Opened): Write the date as 2026-11-24 or Nov 24, 2026."),
        ("C-2,Bad,1,,,,,,", "D2 (Opened): This field is required."),
        (
            "C-2,Bad,1,2026-11-20,http://x.example.org,,,,",
            "E2 (Link): Write the whole address, beginning with https://.",
        ),
        ("C-2,Bad,1,2026-11-20,javascript:alert(1),,,,", "E2 (Link): Write the whole"),
        ("C-2,=1+1,1,2026-11-20,,,,,", "B2 (Title): a formula. Write its value instead."),
        ("C-2,Bad,1,2026-11-20,,,,perhaps,", "H2 (Escalated): “perhaps” is no escalation"),
        ("C-2,Bad,1,2026-11-20,,,,1,closed", "H2 (Escalated): A case that is closed is not escalated."),
        ("C-2,Bad,1,2026-11-20,,,,,lost", "I2 (State): “lost” is no state: open or closed."),
        (f"{'x' * 41},Bad,1,2026-11-20,,,,,", "A2 (ID): Ensure this value has at most 40 characters"),
    ],
)
def test_a_wrong_cell_is_named(project, line, problem):
    found = problems(project, HEAD, line)
    assert len(found) == 1
    assert problem.replace("row 2", "A2") in found[0]


def test_a_row_that_is_there_twice_is_told_and_nothing_is_half_done(project, cast):
    lines = (HEAD, "C-2,One,1,2026-11-20,,,,,", "c-2,Two,1,2026-11-20,,,,,")
    assert problems(project, *lines) == ["A3 (ID): c-2 is in row 2 already."]
    draft = keep_draft(project, "cases.csv", csv(*lines), by=cast.tess)
    with pytest.raises(MoveRefused):
        apply_draft(draft, by=cast.tess, fingerprint=plan_of(project, draft, today=TODAY).fingerprint)
    assert not ProductionCase.objects.exists()


def test_another_shape_is_refused_by_its_headings():
    with pytest.raises(SheetRefused) as told:
        csv("Invoice,Amount", "1,2")
    assert told.value.problems == ["These headings are missing in the first row: ID, Title, Severity."]
    with pytest.raises(SheetRefused):
        csv(HEAD, *(f"C-{number},x,1,2026-11-20,,,,," for number in range(2_001)))


def test_a_sheet_is_imported_once_and_not_over_what_changed_meanwhile(project, cast):
    draft = keep_draft(project, "cases.csv", csv(HEAD, "C-1234,New title,1,,,,,,"), by=cast.tess)
    seen = plan_of(project, draft, today=TODAY).fingerprint
    a_case(project, cast.ivan)
    with pytest.raises(StaleRow):
        apply_draft(draft, by=cast.tess, fingerprint=seen)
    apply_draft(draft, by=cast.tess, fingerprint=plan_of(project, draft, today=TODAY).fingerprint)
    with pytest.raises(MoveRefused):
        apply_draft(draft, by=cast.tess, fingerprint=seen)
    assert not SheetDraft.objects.exists()


def test_a_plan_costs_the_same_for_few_rows_and_many(project, cast, django_assert_num_queries):
    a_case(project, cast.tess)
    _ = project.board
    for count in (1, 40):
        table = csv(HEAD, *(f"C-{number},x,1,2026-11-20,,,,," for number in range(count)))
        with django_assert_num_queries(2):
            plan(project, table, today=TODAY)


# Machines ------------------------------------------------------------------------------------------------------------------


def test_rows_of_a_machine_are_taken_whole_or_not_at_all(project, cast):
    good = {"id": "C-1", "Subject": "Late", "Priority": 2, "opened": "2026-11-20T09:15:00Z", "escalated": True}
    taken = intake.take("cases", project, [good], by=cast.priya)
    assert (taken.made, taken.changed, taken.same, taken.errors) == (1, 0, 0, None)
    again = take_cases(project, [good, {**good, "id": "C-2"}], by=cast.priya)
    assert (again.made, again.same) == (1, 1)
    bad = take_cases(
        project, [{**good, "id": "C-3"}, {"id": ["x"], "title": "y", "severity": 1, "else": 1}], by=cast.priya
    )
    assert bad.errors is not None
    assert list(bad.errors) == [2]
    assert any("“else” is no field of a case" in text for text in bad.errors[2])
    assert ProductionCase.objects.count() == 2


# The review with the client ------------------------------------------------------------------------------------------------


def test_the_agenda_has_each_case_once_and_the_clients_version_tells_no_more_than_it_may(project, cast):
    grave = a_case(project, cast.tess, owner=cast.tess)
    note_case(grave, "For the client.", for_customer=True, by=cast.tess)
    note_case(grave, "Between us.", by=cast.tess)
    up = a_case(project, cast.tess, external_id="C-2", severity=3, title="Reversals", owner_name="Somebody Else")
    escalate_case(up, 1, reason="A secret reason.", by=cast.tess)
    a_case(project, cast.tess, external_id="C-3", severity=4, opened_on=TODAY, title="Logo")
    a_case(project, cast.tess, external_id="C-4", severity=4, opened_on=dt.date(2026, 10, 1), title="Old")
    gone = a_case(project, cast.tess, external_id="C-5", severity=4, title="Gone")
    perform(gone, "close_case", by=cast.tess, note="x")
    review = hold_review(project, dt.date(2026, 11, 16), by=cast.priya)
    ours = agenda(project, review, client=False, today=TODAY)
    assert [(part.title, [point.external_id for point in part.points]) for part in ours.parts] == [
        ("Severity 1 and 2", ["C-1234"]), ("Escalated", ["C-2"]), ("New", ["C-3"]),
        ("Also open", ["C-4"]), ("Closed", ["C-5"]),
    ]  # fmt: skip
    assert ours.parts[0].points[0].next_step == "Between us."
    theirs = agenda(project, review, client=True, today=TODAY)
    assert theirs.parts[0].points[0].next_step == "For the client."
    said = repr(theirs)
    assert not any(
        word in said for word in ("Between us", "Tess", "Somebody Else", "secret", f"/projects/{project.code}")
    )


def test_a_review_is_held_on_a_day_that_was_and_after_the_last(project, cast):
    for day in (dt.date(2026, 11, 24), dt.date(2026, 11, 25)):
        with pytest.raises(ValidationError):
            hold_review(project, day, by=cast.priya)
    hold_review(project, TODAY, note="All gone through.", by=cast.tess)
    with pytest.raises(ValidationError):
        hold_review(project, TODAY, by=cast.priya)
    with pytest.raises(NotPermitted):
        hold_review(project, TODAY, by=cast.mallory)
    assert last_review(project).held_on == TODAY
    assert CaseReview.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "since", "part"),
    [
        ({"severity": 2}, None, "Severity 1 and 2"),
        ({"severity": 3, "escalated": 1}, None, "Escalated"),
        ({"severity": 3}, None, "New"),
        ({"severity": 3}, dt.date(2026, 11, 12), "Also open"),
    ],
)
def test_a_case_belongs_to_the_first_part_that_it_may(said, since, part):
    case = ProductionCase(**{"opened_on": dt.date(2026, 11, 11), **said})
    assert part_of(case, since) == part
