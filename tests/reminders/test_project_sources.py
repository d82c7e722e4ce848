"""What is due about projects, from plain rows; and that the rows are read as they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from playbook.catalog import RoleTemplate, StepTemplate
from projects.delegation import delegate
from projects.models import Notice, Project
from projects.notice_kinds import NoticeKind as Kind
from projects.schedule import is_working_day
from projects.team import fill_seat
from reminders.due import Due
from reminders.project_rows import Asked, Closed, ProjectRow, Rows, SeatRow, StepRow, read
from reminders.project_sources import RULES, SUMMARY, TSM_DECISION, decide, start_of, working_days_before
from reminders.sweep import LEASE, sweep
from tests.cast import finish, move
from tests.projects.signing import KEY, in_review, the_step
from transitions.clock import BUSINESS_ZONE
from transitions.moves import perform
from transitions.phase import PHASE_ORDER

DAY = dt.timedelta(days=1)
#: A Monday.
TODAY = dt.date(2026, 11, 16)
NOW = dt.datetime.combine(TODAY, dt.time(9), BUSINESS_ZONE)
PM, IM, SE, INM = 1, 2, 3, 4
NAMES = {PM: "PM", IM: "IM", SE: "SE", INM: "INM"}
ROLES = {pk: RoleTemplate(pk, code, code, "", "internal", code in {"PM", "IM"}) for pk, code in NAMES.items()}


def template(key: str = "design.review", phase: str = "design", **fields: Any) -> StepTemplate:
    values: dict[str, Any] = {
        "id": 1, "playbook": "integration", "version_id": 1, "number": 1, "phase_rank": PHASE_ORDER[phase], "category": "",
        "title": "Review", "guidance": "", "applies": "always", "approval": "", "duration_days": 1, "needs": (),
        "documents": (), "meeting": "", "letters": {"R": (SE,), "A": (INM,)},
    } | fields  # fmt: skip
    return StepTemplate(key=key, phase=phase, **values)


def step(of: StepTemplate | None = None, **fields: Any) -> StepRow:
    return StepRow(**({"id": 7, "template": of or template(), "title": "Review", "status": "not_started"} | fields))


def project(*steps: StepRow, people: dict[int, int | None] | None = None, **fields: Any) -> ProjectRow:
    """A project in Design since the second of November, in whose seats sit 11 (PM), 12 (IM), 13 (SE), 14 (INM)."""
    sitting = {pk: pk + 10 for pk in ROLES} | (people or {})
    values: dict[str, Any] = {
        "id": 5, "code": "MRW-1", "phase": "design", "next_phase": "development",
        "phase_since": dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC), "started_at": dt.datetime(2026, 10, 5, 12, tzinfo=dt.UTC),
        "target": dt.date(2027, 3, 2), "is_live": False, "address": "/projects/MRW-1/",
        "seats": [SeatRow(pk + 20, ROLES[pk], person) for pk, person in sitting.items()],
    } | fields  # fmt: skip
    return ProjectRow(steps=list(steps), **values)


def due_of(row: ProjectRow, kind: Kind, now: dt.datetime = NOW, **more: Any) -> list[Due]:
    """What is due now of a kind."""
    rows = Rows([row], frozenset(range(1, 100)), **more)
    return [each for each in decide(now, rows) if each.kind == kind and each.since <= now < each.until]


def heard(found: Iterable[Due]) -> list[tuple[int, str]]:
    return [(each.person_id, each.occasion) for each in found]


# A step's due date.


@pytest.mark.parametrize(
    ("due", "people"),
    [
        (TODAY + 3 * DAY, []),
        (TODAY + 2 * DAY, [13]),
        (TODAY + DAY, [13]),
        (TODAY, [13]),
        (TODAY - DAY, []),
    ],
)
def test_due_soon_two_working_days_before_to_r(due, people):
    assert [each.person_id for each in due_of(project(step(due=due)), Kind.DUE_SOON)] == people


def test_working_days_leave_out_weekends_and_holidays():
    """Due on the Monday after Thanksgiving: said on the Wednesday before it."""
    monday = dt.date(2026, 11, 30)
    assert working_days_before(monday, 2) == dt.date(2026, 11, 25)
    row = project(step(due=monday))
    assert [len(due_of(row, Kind.DUE_SOON, start_of(dt.date(2026, 11, day)))) for day in (24, 25, 29)] == [0, 1, 1]


@given(st.dates(dt.date(2020, 1, 1), dt.date(2035, 1, 1)), st.integers(0, 20))
def test_so_many_working_days_lie_between(day, count):
    before = working_days_before(day, count)
    assert sum(is_working_day(before + number * DAY) for number in range((day - before).days)) == count


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (0, []),
        (1, [13]),
        (2, [13]),
        (3, [13, 14]),
        (6, [13, 14]),
        (7, [13, 14, 11]),
        (30, [13, 14, 11]),
        (31, [14, 11]),
    ],
)
def test_overdue_to_r_at_once_to_a_after_three_days_to_pm_after_a_week(late, expected):
    """Calendar days; and no more once it has been so for a month."""
    found = due_of(project(step(due=TODAY - late * DAY)), Kind.OVERDUE)
    assert [each.person_id for each in found] == expected


def test_overdue_says_since_when_and_to_whom_why():
    found = due_of(project(step(due=TODAY - 7 * DAY)), Kind.OVERDUE)
    assert [(each.text, each.why) for each in found] == [
        ("“Review” was due Mon Nov 9.", "You are responsible for this step."),
        ("“Review” was due Mon Nov 9, 3 days ago.", "You are accountable for this step."),
        ("“Review” was due Mon Nov 9, a week ago.", "You run this project."),
    ]
    assert [each.occasion for each in found] == [f"overdue:7:2026-11-09:{letter}" for letter in ("R", "A", "PM")]


def test_nobody_hears_of_the_same_delay_as_two():
    """INM is responsible and accountable, and the PM has the seat as well."""
    both = template(letters={"R": (INM,), "A": (INM,)})
    row = project(step(both, due=TODAY - 8 * DAY), people={PM: 14})
    assert heard(due_of(row, Kind.OVERDUE)) == [(14, "overdue:7:2026-11-08:R")]


def test_whoever_is_named_stands_in_for_the_seat():
    row = project(step(due=TODAY - DAY, responsible=42))
    assert heard(due_of(row, Kind.OVERDUE)) == [(42, "overdue:7:2026-11-15:R")]


def test_a_date_that_moves_is_another_occasion():
    first, moved = (due_of(project(step(due=day)), Kind.OVERDUE) for day in (TODAY - 2 * DAY, TODAY - DAY))
    assert {*heard(first)} & {*heard(moved)} == set()


@pytest.mark.parametrize("kind", [Kind.DUE_SOON, Kind.OVERDUE])
def test_of_a_phase_that_is_not_reached_nothing(kind):
    later = template("development.build", "development")
    assert [due_of(project(step(later, due=day)), kind) for day in (TODAY, TODAY - DAY)] == [[], []]


def test_nobody_outside_hears():
    row = project(step(due=TODAY - DAY), people={SE: 500})
    assert due_of(row, Kind.OVERDUE) == []


# Yours now.

NEEDS = template(needs=("integration/design.a", "integration/design.b"))
CLOSED_AT = dt.datetime(2026, 11, 13, 15, tzinfo=dt.UTC)


def closed(**by: int | None) -> dict[str, Closed]:
    return {
        f"integration/design.{key}": Closed(CLOSED_AT + number * DAY, who)
        for number, (key, who) in enumerate(by.items())
    }


def test_yours_now_since_the_last_need_closed():
    found = due_of(project(step(NEEDS), closed=closed(a=14, b=14)), Kind.YOUR_TURN)
    assert heard(found) == [(13, "turn:7:20261114T150000")]
    assert found[0].since == CLOSED_AT + DAY


def test_not_while_one_need_is_open():
    other = step(template("design.b"), id=8, status="in_progress")
    assert due_of(project(step(NEEDS), other, closed=closed(a=14)), Kind.YOUR_TURN) == []


def test_not_to_whoever_closed_it_themselves():
    assert due_of(project(step(NEEDS), closed=closed(a=14, b=13)), Kind.YOUR_TURN) == []
    assert len(due_of(project(step(NEEDS), closed=closed(a=13, b=14)), Kind.YOUR_TURN)) == 1


def test_not_once_it_is_begun():
    assert due_of(project(step(NEEDS, status="in_progress"), closed=closed(a=14, b=14)), Kind.YOUR_TURN) == []


def test_with_the_phase_what_needs_nothing():
    row = project(step())
    assert heard(due_of(row, Kind.YOUR_TURN)) == [(13, "turn:7:20261102T120000")]
    row.advanced_by = 13
    assert due_of(row, Kind.YOUR_TURN) == []


def test_not_with_the_start_of_the_project():
    assert due_of(project(step(), phase_since=dt.datetime(2026, 10, 5, 12, tzinfo=dt.UTC)), Kind.YOUR_TURN) == []


# What waits.


@pytest.mark.parametrize(("until", "expected"), [(TODAY, []), (TODAY - DAY, [42, 11])])
def test_waiting_on_customer_past_its_day_to_owner_and_pm(until, expected):
    row = project(step(status="waiting_on_customer", until=until, owner=42))
    assert [each.person_id for each in due_of(row, Kind.WAITING_CUSTOMER)] == expected


def test_a_pm_who_owns_it_hears_once():
    row = project(step(status="waiting_on_customer", until=TODAY - DAY, owner=11))
    assert [each.person_id for each in due_of(row, Kind.WAITING_CUSTOMER)] == [11]


REVIEW = template(approval="technical_design_review")
#: Thursday the fifth: three working days on is Tuesday the tenth.
SUBMITTED = dt.datetime(2026, 11, 5, 17, tzinfo=dt.UTC)
IN_REVIEW = step(REVIEW, status="in_review", status_since=SUBMITTED)


def test_a_decision_is_asked_again_after_three_working_days_and_then_weekly():
    days = [
        (day, each.occasion.rpartition(":")[2])
        for day in range(5, 30)
        for each in due_of(project(IN_REVIEW), Kind.APPROVAL_ASKED, start_of(dt.date(2026, 11, day)))
    ]
    assert [day for day, _ in days] == list(range(10, 30))
    assert [number for _, number in days] == ["0"] * 7 + ["1"] * 7 + ["2"] * 6


def test_a_decision_made_or_one_of_people_outside_is_not_asked():
    row = project(IN_REVIEW)
    assert heard(due_of(row, Kind.APPROVAL_ASKED)) == [(14, "again:7:20261105T170000:0")]
    assert due_of(project(replace(IN_REVIEW, status="in_progress")), Kind.APPROVAL_ASKED) == []
    theirs = replace(IN_REVIEW, template=template(approval="final_sign_off"))
    assert due_of(project(theirs), Kind.APPROVAL_ASKED) == []


def test_whom_it_was_passed_on_to_is_asked_as_well():
    found = due_of(project(IN_REVIEW), Kind.APPROVAL_ASKED, passed={(7, "accountable", 14): 42})
    assert [each.person_id for each in found] == [14, 42]


def test_a_comment_is_asked_again():
    asked = Asked(3, 12, "Implementations Manager", "Review", 7, SUBMITTED, dt.date(2026, 11, 10), "/there")
    row = project(IN_REVIEW, asked=[asked])
    (found,) = due_of(row, Kind.COMMENT_ASKED)
    assert (found.person_id, found.occasion, found.address, found.step_id) == (12, "again:3:0", "/there", 7)
    assert found.text == "Your comment on “Review” is still asked, by Tue Nov 10."
    assert due_of(row, Kind.COMMENT_ASKED, start_of(dt.date(2026, 11, 9))) == []


# Seats, and go-live.


def test_an_empty_seat_that_this_phase_or_the_next_needs_to_the_pm():
    later = step(template("development.build", "development", letters={"R": (IM,), "A": (INM,)}), id=8)
    beyond = step(template("sit.test", "sit", letters={"R": (INM,), "A": (INM,)}), id=9)
    row = project(step(), later, beyond, people={SE: None, IM: None})
    assert [(each.person_id, each.occasion, each.address) for each in due_of(row, Kind.SEAT_EMPTY)] == [
        (11, "seat:22:design", "/projects/MRW-1/seats/22"), (11, "seat:23:design", "/projects/MRW-1/seats/23"),
    ]  # fmt: skip
    row = project(beyond, people={INM: None})
    assert due_of(row, Kind.SEAT_EMPTY) == []


def test_a_seat_is_not_missed_where_somebody_is_named():
    assert due_of(project(step(responsible=42), people={SE: None}), Kind.SEAT_EMPTY) == []


def test_where_nobody_is_pm_the_other_who_runs_it_hears():
    row = project(step(), people={SE: None, PM: None})
    assert [each.person_id for each in due_of(row, Kind.SEAT_EMPTY)] == [12]


@pytest.mark.parametrize(
    ("path", "kind", "weeks"), [(TSM_DECISION, Kind.TIER_UNDECIDED, 8), (SUMMARY, Kind.SUMMARY_INCOMPLETE, 2)]
)
def test_before_go_live_to_pm_and_im(path, kind, weeks):
    slug, _, key = path.partition("/")
    row = project(step(template(key, "release", playbook=slug)), target=dt.date(2027, 3, 2))
    first = dt.date(2027, 3, 2) - dt.timedelta(weeks=weeks)
    days = (first - DAY, first, row.target, row.target + DAY)
    assert [[each.person_id for each in due_of(row, kind, start_of(day))] for day in days] == [
        [],
        [11, 12],
        [11, 12],
        [],
    ]
    row.is_live = True
    assert due_of(row, kind, start_of(first)) == []
    row.is_live, row.steps = False, []  # done
    assert due_of(row, kind, start_of(first)) == []


# All of it.


@given(
    st.dates(dt.date(2026, 10, 1), dt.date(2027, 4, 1)), st.dates(dt.date(2026, 10, 1), dt.date(2027, 4, 1)),
    st.sampled_from(["not_started", "in_progress", "waiting_on_customer", "in_review", "blocked"]),
)  # fmt: skip
def test_the_same_rows_say_the_same_and_names_are_short_and_unique(due, until, status):
    rows = Rows([project(step(REVIEW, due=due, until=until, status=status, status_since=SUBMITTED, owner=42))],
                frozenset(range(100)))  # fmt: skip
    once, later = list(decide(NOW, rows)), list(decide(NOW + 200 * DAY, rows))
    assert once == list(decide(NOW, rows))
    assert [each for each in later if each.since <= NOW] == [each for each in once if each.since <= NOW]
    names = [(each.person_id, each.kind, each.occasion) for each in once]
    assert len(names) == len(set(names))
    assert max(len(each.occasion) for each in once) <= 80 if once else True
    assert all(each.since < each.until for each in once)


def test_every_rule_is_asked():
    assert len(RULES) == 9


# The rows as they are.


@pytest.mark.django_db
def test_the_rows_are_read_as_the_board_has_them(cast, make_project):
    """Every open step of the project, with the people that its board gives the letters to."""
    made = make_project(playbooks=("integration", "transition-to-cs"))
    fill_seat(made, made.seats.get(role__code="CSM").pk, None, by=cast.priya)
    User.objects.filter(pk=cast.arun.pk).update(is_active=False)
    row = read(dt.datetime(2026, 11, 16, tzinfo=dt.UTC)).projects[0]
    board = Project.objects.get(pk=made.pk).board
    seen = {step.id: (step.title, row.people(step, "R"), row.people(step, "A")) for step in row.steps}
    assert seen == {
        step.id: (
            board.title(step),
            [person.id for person in board.people(step, "R")],
            [person.id for person in board.people(step, "A")],
        )
        for step in board.steps
        if not step.closed
    }
    assert (row.in_charge("PM"), row.in_charge("PM", "IM")) == ([cast.priya.pk], [cast.priya.pk, cast.ivan.pk])


@pytest.mark.django_db
def test_yours_now_is_written_once_the_last_need_is_closed_by_somebody_else(cast, make_project):
    made = make_project()
    keys = [
        f"discovery.{topic}"
        for topic in ("invoicing", "balance-updates", "account-changes", "payments", "bill-presentment")
    ]
    for number, key in enumerate(keys):
        assert not Notice.objects.filter(kind=Kind.YOUR_TURN).exists(), number
        finish(made, key, worker=cast.sofia if key != keys[-1] else cast.ingrid, decider=cast.ingrid)
        sweep(dt.datetime.now(dt.UTC) + number * LEASE)
    row = Notice.objects.get(kind=Kind.YOUR_TURN)
    assert (row.person, row.step.template.key) == (cast.sofia, "discovery.breakout-sessions")
    assert row.text == "“Breakout Sessions (if Applicable)” can begin: nothing it needs is open any more."


@pytest.mark.django_db
def test_a_decision_under_way_is_read_with_whom_it_was_passed_on_to(cast):
    made = in_review(cast, "technical_design_review")
    delegate(the_step(made), by=cast.ingrid, to=cast.arun, reason="On leave")
    now = dt.datetime.now(dt.UTC)
    assert read(now).passed == {(the_step(made).pk, "accountable", cast.ingrid.pk): cast.arun.pk}
    sweep(now + 8 * DAY)
    again = Notice.objects.filter(occasion__startswith="again:", kind=Kind.APPROVAL_ASKED)
    assert set(again.values_list("person__name", flat=True)) == {"Ingrid Berg", "Arun Patel"}
    move(made, KEY, "reject", cast.arun, note="No")
    assert read(now).passed == {}


@pytest.mark.django_db
def test_what_rests_is_not_read(cast, make_project):
    made = make_project()
    assert [row.code for row in read(NOW).projects] == [made.code]
    perform(made, "hold", by=cast.priya, note="Budget")
    assert read(NOW).projects == []
