"""The sweep: what is due is written once, however often, by however many, and whatever breaks in between."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from projects.models import Biller, Notice, Project, ProjectPlaybook, ProjectStep, Seat
from projects.notice_kinds import NoticeKind
from reminders import due as registry
from reminders.due import Due, Source
from reminders.models import Sweep
from reminders.sweep import LEASE, MOST_NAMED, sweep
from transitions.moves import bring_in, perform

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 23, 14, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def a_due(person: User, occasion: str = "due:1", **fields: Any) -> Due:
    values: dict[str, Any] = {
        "kind": NoticeKind.DUE_SOON, "text": "A step is due.", "why": "You are responsible.", "since": NOW - HOUR,
        "until": NOW + DAY,
    } | fields  # fmt: skip
    return Due(person.pk, occasion=occasion, **values)


@pytest.fixture
def only(monkeypatch):
    """Return a function that makes what it is given all that there is to remind of."""

    def register(*dues: Due, name: str = "given") -> None:
        monkeypatch.setattr(registry, "_sources", {})
        registry.register(Source(name, lambda now: dues, lambda now, rows: rows))

    return register


def test_what_is_due_is_written_once(cast, only):
    only(a_due(cast.sofia), a_due(cast.arun), a_due(cast.sofia, "due:2"), a_due(cast.sofia))
    first = sweep(NOW)
    again = sweep(NOW + HOUR)
    assert first is not None
    assert again is not None
    assert (first.made, again.made) == ({"due_soon": 3}, {})
    assert again.since == NOW
    rows = Notice.objects.order_by("person__email", "occasion").values_list("person__name", "occasion", "route", "by")
    assert list(rows) == [
        ("Arun Patel", "due:1", "", None), ("Sofia Reyes", "due:1", "", None), ("Sofia Reyes", "due:2", "", None),
    ]  # fmt: skip


def test_what_is_there_is_not_inserted_again(cast, only):
    only(a_due(cast.sofia), a_due(cast.arun))
    sweep(NOW)
    with CaptureQueriesContext(connection) as found:
        sweep(NOW + HOUR)
    assert not [query for query in found if "projects_notice" in query["sql"] and "INSERT" in query["sql"]]


def test_not_before_it_is_due_and_not_after_it_is_of_use(cast, only):
    only(a_due(cast.sofia, since=NOW + HOUR), a_due(cast.arun, since=NOW - 2 * HOUR, until=NOW - HOUR))
    row = sweep(NOW)
    assert row is not None
    assert (row.made, row.skipped) == ({}, [])  # what was over before anybody swept is nothing that was missed


def test_a_beat_that_was_off_says_what_it_came_too_late_for(cast, only):
    gone = a_due(cast.sofia, "gone", since=NOW + HOUR, until=NOW + 2 * HOUR, text="“Gone” was due.")
    useful = a_due(cast.arun, "useful", since=NOW + HOUR, until=NOW + 3 * DAY)
    only(gone, useful)
    sweep(NOW)
    late, later = sweep(NOW + DAY), sweep(NOW + DAY + HOUR)
    assert late is not None
    assert later is not None
    assert (late.made, late.skipped) == ({"due_soon": 1}, [["due_soon", "“Gone” was due."]])
    assert (later.made, later.skipped) == ({}, [])
    assert list(Notice.objects.values_list("occasion", flat=True)) == ["useful"]


def test_of_very_much_that_was_missed_the_number_is_said(cast, only):
    dues = [
        a_due(cast.sofia, f"gone:{number}", since=NOW + HOUR, until=NOW + 2 * HOUR, text=f"{number}")
        for number in range(MOST_NAMED + 5)
    ]
    only(*dues)
    sweep(NOW)
    row = sweep(NOW + DAY)
    assert row is not None
    assert (len(row.skipped), row.skipped[-1]) == (MOST_NAMED + 1, ["", "and 5 more"])


def test_nobody_who_has_left_hears_and_nothing_of_what_rests(cast, make_project, only):
    running, held, cancelled = (make_project(biller=name) for name in ("Aaa Water", "Bbb Water", "Ccc Water"))
    perform(held, "hold", by=cast.priya, note="Budget")
    perform(cancelled, "cancel", by=cast.priya, note="Lost")
    User.objects.filter(pk=cast.arun.pk).update(is_active=False)
    only(
        *(a_due(cast.sofia, f"due:{project.pk}", project_id=project.pk) for project in (running, held, cancelled)),
        a_due(cast.arun),
    )
    Notice.objects.all().delete()
    sweep(NOW)
    assert list(Notice.objects.values_list("project__code", flat=True)) == [running.code]


def test_a_source_that_fails_keeps_no_other_from_its_turn(cast, only):
    only(a_due(cast.sofia), name="b")
    registry.register(Source("a", lambda now: [], lambda now, rows: 1 / 0))
    registry.register(Source("c", lambda now: [a_due(cast.arun, "due:c")], lambda now, rows: rows))
    with pytest.raises(ZeroDivisionError):
        sweep(NOW)
    assert set(Notice.objects.values_list("occasion", flat=True)) == {"due:1", "due:c"}
    assert Sweep.objects.get().ended_at is None
    registry.register(Source("a", lambda now: [a_due(cast.ivan, "due:a")], lambda now, rows: rows))
    row = sweep(NOW + LEASE)
    assert row is not None
    assert (row.made, row.since) == ({"due_soon": 1}, None)


def test_a_second_sweep_leaves_while_one_is_under_way_and_takes_over_from_a_dead_one(cast, only):
    only(a_due(cast.sofia))
    Sweep.objects.create(at=NOW)
    assert sweep(NOW + dt.timedelta(minutes=1)) is None
    assert Notice.objects.count() == 0
    assert Sweep.objects.count() == 1
    assert sweep(NOW + LEASE) is not None
    assert Notice.objects.count() == 1


def test_two_that_sweep_the_same_write_it_once(cast, only, monkeypatch):
    """The other writes between our look and our writing."""
    from reminders import sweep as module

    only(a_due(cast.sofia), a_due(cast.arun))
    write = module._write

    def write_after_another(new, now):
        new = list(new)
        write(new, now)
        write(new, now)

    monkeypatch.setattr(module, "_write", write_after_another)
    sweep(NOW)
    assert Notice.objects.count() == 2


def test_what_was_due_for_long_is_heard_from_now(cast, only):
    only(a_due(cast.sofia, since=NOW - HOUR), a_due(cast.arun, since=NOW - 9 * DAY))
    sweep(NOW)
    heard = dict(Notice.objects.values_list("person__name", "heard_from"))
    assert heard == {"Sofia Reyes": NOW - HOUR, "Arun Patel": NOW}
    assert set(Notice.objects.values_list("at", flat=True)) == {NOW}


def test_old_sweeps_are_forgotten(cast, only):
    only()
    sweep(NOW - 90 * DAY)
    sweep(NOW)
    assert list(Sweep.objects.values_list("at", flat=True)) == [NOW]


def test_the_command_says_what_it_did(cast, only, capsys):
    only(a_due(cast.sofia), a_due(cast.arun, kind=NoticeKind.OVERDUE))
    call_command("sweep", at="2026-11-23T09:00", dry_run=True)
    assert Notice.objects.count() == 0
    call_command("sweep", at="2026-11-23T09:00")
    told = "Step due soon: 1\nStep overdue: 1\n2 {}, 0 skipped, as of 2026-11-23T09:00:00-05:00.\n"
    assert capsys.readouterr().out == told.format("would be made") + told.format("made")
    with pytest.raises(CommandError, match="'noon' is not an instant"):
        call_command("sweep", at="noon")


def test_the_command_leaves_it_to_one_that_is_under_way(cast, only, capsys):
    only(a_due(cast.sofia))
    Sweep.objects.create(at=NOW)
    call_command("sweep", at=(NOW + dt.timedelta(minutes=1)).isoformat())
    assert capsys.readouterr().out == "Another sweep is under way; it does the same.\n"


def copies(project: Project, numbers: range) -> None:
    """Put projects like `project` beside it, with its pins, seats and steps."""
    pins, seats, steps = (list(rows.all()) for rows in (project.pins, project.seats, project.steps))
    own = ("id", "code", "start_key", "biller", "phase", "standing", "revision")
    same = {field.name: getattr(project, field.name) for field in Project._meta.fields if field.name not in own}
    for number in numbers:
        code = f"C{chr(65 + number // 26)}{chr(65 + number % 26)}"
        biller = Biller.objects.create(name=f"Copy {number}", code=code, vertical="utility")
        row = Project(**same, code=f"{code}-1", start_key=uuid.uuid4(), biller=biller)
        bring_in([row], Project.objects.bulk_create, states=[{"phase": project.phase}], by=None, note="", at=[NOW])
        ProjectPlaybook.objects.bulk_create([ProjectPlaybook(project=row, version_id=pin.version_id) for pin in pins])
        Seat.objects.bulk_create([Seat(project=row, role_id=seat.role_id, person_id=seat.person_id) for seat in seats])
        new = [ProjectStep(project=row, template_id=step.template_id, due=step.due) for step in steps]
        bring_in(
            new, ProjectStep.objects.bulk_create, states=[{"status": "not_started"}] * len(new), by=None, note="",
            at=[NOW] * len(new),
        )  # fmt: skip


def test_a_sweep_asks_as_often_whatever_there_is_to_read(cast, make_project):
    """The whole registry at 10 and at 60 projects; new notices are written a thousand in a statement."""
    project = make_project()
    copies(project, range(9))
    moment = dt.datetime(2026, 10, 9, 12, tzinfo=dt.UTC)
    sweep(moment)  # each process reads the versions once
    counts, made = [], []
    for number, more in enumerate((range(0), range(9, 59))):
        copies(project, more)
        for turn in range(2):
            with CaptureQueriesContext(connection) as found:
                row = sweep(moment + (number + 1) * 3 * DAY + turn * HOUR)
            assert row is not None
            made.append(sum(row.made.values()))
            counts.append(len([query for query in found if 'INTO "projects_notice"' not in query["sql"]]))
    assert Project.objects.count() == 60
    assert (made[0] > 10, made[2] > 60) == (True, True)
    assert made[1] == made[3] == 0
    assert counts == [37] * 4
