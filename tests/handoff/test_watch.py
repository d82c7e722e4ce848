"""The watch as people and machines write it: payments, projections, dispositions, the gate, the sweep, the archive."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction

from handoff import intake
from handoff.models import AnomalyWord, PaymentDay, Projection
from handoff.watch.acts import dispose, remove_projection, set_projection
from handoff.watch.demo import watch_chapter
from handoff.watch.payments import apply_draft, keep_draft, plan_table, set_day, take_payments
from handoff.watch.reading import watch_over
from handoff.watch.reminding import decide, read
from handoff.watch.rights import NO_ADD_ON
from history.final import RowIsFinal
from projects.models import Notice, Project, ProjectStep, SheetDraft
from projects.notice_kinds import NoticeKind
from reminders.kinds import DEFAULTS
from reminders.sweep import sweep
from sheets.reading import Row, Table
from tests.cast import finish, move, step_of
from transitions.blockers import Archived, MoveRefused, NotPermitted, StaleRow
from transitions.clock import business_day
from transitions.gates import blockers_of, gate
from transitions.models import TransitionRecord
from transitions.moves import perform

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 12, 15, 17, tzinfo=dt.UTC)
TODAY = dt.date(2026, 12, 15)
LIVE = dt.date(2026, 11, 30)
DAY = dt.timedelta(days=1)
PLAYBOOK = "addon-post-live"


@pytest.fixture(autouse=True)
def _on_a_tuesday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def add_on(make_project, cast) -> Project:
    return an_add_on(make_project, cast)


def an_add_on(make_project: Any, cast: SimpleNamespace, biller: str = "Ashby Gas") -> Project:
    return make_project(playbooks=(PLAYBOOK,), kind="add_on", biller=biller, kickoff=LIVE, by=cast.priya)


def rows(*counts: int | None, begin: dt.date = LIVE) -> list[dict[str, Any]]:
    return [
        {"day": str(begin + DAY * place), "payments": count, "amount": f"{count * 150}.00", "currency": "USD"}
        for place, count in enumerate(counts)
        if count is not None
    ]


def told(project: Project) -> list[str]:
    return [one.finding.words(TODAY) for one in watch_over(project, TODAY).found]


def projected(project: Project, by: Any, payments: int = 40) -> Projection:
    return set_projection(project, LIVE, payments=Decimal(payments), amount=None, source="The order", by=by)


def table(*lines: tuple[str, str, str]) -> Table:
    keys = ("day", "payments", "amount")
    return Table([Row(number, dict(zip(keys, line, strict=True))) for number, line in enumerate(lines, start=2)], [])


# Payments from machines, sheets and by hand ----------------------------------------------------------------------------------


def test_a_machine_sends_days_and_the_same_again_changes_nothing(add_on, cast):
    taken = intake.take("payments", add_on, rows(40, 41, 42), by=cast.dele)
    assert (taken.made, taken.changed, taken.same, taken.errors) == (3, 0, 0, None)
    taken = intake.take("payments", add_on, rows(40, 50, 42, 43), by=cast.dele)
    assert (taken.made, taken.changed, taken.same) == (1, 1, 2)
    day = PaymentDay.objects.get(day=LIVE + DAY)
    assert (day.payments, day.amount, day.source, day.by) == (50, Decimal("7500.00"), "api", cast.dele)
    assert [row.payments for row in day.history.order_by("history_id")] == [41, 50]


def test_of_what_a_machine_sends_all_is_taken_or_nothing(add_on, cast):
    sent = [
        *rows(40, 41),
        {"day": "2026-12-02", "payments": 4, "amount": 1, "currency": "CAD"},
        *rows(40),
        "nonsense",
        {"day": True},
    ]
    taken = take_payments(add_on, sent, by=cast.dele)
    assert sorted(taken.errors) == [3, 4, 5, 6]
    assert taken.errors[4] == ["2026-11-30 is there twice, in rows 1 and 4. Leave the one that is right."]
    assert not PaymentDay.objects.exists()
    assert sorted(take_payments(add_on, [{}] * 1001, by=cast.dele).errors) == [1001]
    assert take_payments(add_on, [{"day": "2026-12-01", "payments": 3, "amount": 10.5}], by=cast.dele).made == 1


def test_a_sheet_is_looked_at_and_then_imported_whole(add_on, cast):
    take_payments(add_on, rows(40), by=cast.dele)
    sheet = table(("2026-11-30", "44", "100"), ("2026-12-01", "5", "10"), ("2026-12-04", "6", "11.50"))
    plan = plan_table(add_on, sheet, TODAY)
    assert [(line.what, line.sent.payments) for line in plan.lines] == [("changed", 44), ("new", 5), ("new", 6)]
    assert plan.gaps == [(dt.date(2026, 12, 2), dt.date(2026, 12, 3))]
    draft = keep_draft(add_on, "days.csv", sheet, by=cast.dele)
    assert PaymentDay.objects.count() == 1
    set_day(add_on, LIVE, payments=39, amount=Decimal(1), by=cast.dele, seen=0)
    with pytest.raises(StaleRow):
        apply_draft(draft, by=cast.dele, fingerprint=plan.fingerprint)
    assert PaymentDay.objects.count() == 1
    apply_draft(draft, by=cast.dele, fingerprint=plan_table(add_on, sheet, TODAY).fingerprint)
    assert list(PaymentDay.objects.values_list("payments", "source")) == [(44, "csv"), (5, "csv"), (6, "csv")]
    with pytest.raises(MoveRefused, match="imported already"):
        apply_draft(draft, by=cast.dele, fingerprint=plan.fingerprint)


def test_a_day_by_hand_is_not_written_over_unseen(add_on, cast):
    one = set_day(add_on, LIVE, payments=4, amount=Decimal(10), by=cast.dele)
    assert set_day(add_on, LIVE, payments=4, amount=Decimal(10), by=cast.dele).revision == one.revision
    with pytest.raises(StaleRow, match=r"says 4 payments, \$10.00 already"):
        set_day(add_on, LIVE, payments=5, amount=Decimal(10), by=cast.dele)
    assert set_day(add_on, LIVE, payments=5, amount=Decimal(10), by=cast.dele, seen=0).payments == 5
    with pytest.raises(MoveRefused, match="lies in the future"):
        set_day(add_on, TODAY + DAY, payments=5, amount=Decimal(10), by=cast.dele)


@pytest.mark.parametrize("first", ["priya", "sofia", "mallory", "bo", "tess"])
def test_who_has_no_part_in_the_add_on_writes_nothing(add_on, cast, first):
    by = getattr(cast, first)
    acts = [
        lambda: take_payments(add_on, rows(1), by=by),
        lambda: set_day(add_on, LIVE, payments=1, amount=Decimal(1), by=by),
        lambda: projected(add_on, by),
        lambda: keep_draft(add_on, "x.csv", table(("2026-12-01", "1", "1")), by=by),
        lambda: dispose(add_on, "none", LIVE, last=LIVE, outcome="explained", note="x", by=by),
    ]
    for act in acts:
        with pytest.raises(NotPermitted):
            act()
    assert not PaymentDay.objects.exists()
    assert not SheetDraft.objects.exists()


def test_a_project_without_add_on_is_not_watched(make_project, cast):
    project = make_project()
    with pytest.raises(MoveRefused, match=NO_ADD_ON):
        take_payments(project, rows(1), by=cast.priya)


# Projections -----------------------------------------------------------------------------------------------------------------


def test_a_projection_is_written_changed_by_who_saw_it_and_removed(add_on, cast):
    one = projected(add_on, cast.dele)
    assert projected(add_on, cast.dele).revision == 0
    with pytest.raises(StaleRow, match="40 payments a day are projected already"):
        projected(add_on, cast.dele, 50)
    two = set_projection(add_on, LIVE, payments=Decimal(50), amount=Decimal(9), source="", by=cast.dele, seen=0)
    assert (two.pk, two.revision, Projection.objects.count()) == (one.pk, 1, 1)
    with pytest.raises(StaleRow):
        remove_projection(two, revision=0, by=cast.dele)
    remove_projection(two, revision=1, by=cast.dele)
    assert not Projection.objects.exists()
    assert [row.history_type for row in Projection.history.order_by("history_id")] == ["+", "~", "-"]


# Anomalies -------------------------------------------------------------------------------------------------------------------


def test_a_day_that_is_corrected_makes_its_anomaly_vanish_and_the_word_stays(add_on, cast):
    projected(add_on, cast.dele)
    take_payments(add_on, rows(40, 0, 0, *[40] * 12), by=cast.dele)
    assert told(add_on) == ["Dec 1 to Dec 2: no payments; 40 a day were projected."]
    word = dispose(add_on, "none", LIVE + DAY, last=LIVE + 2 * DAY, outcome="explained", note="Closed.", by=cast.dele)
    assert word.found == "Dec 1, 2026 to Dec 2, 2026: no payments; 40 a day were projected."
    take_payments(add_on, rows(40, 38, 39), by=cast.dele)
    watched = watch_over(add_on, TODAY)
    assert (watched.found, watched.past) == ([], [word])


def test_what_is_asked_of_a_disposition(add_on, cast):
    projected(add_on, cast.dele)
    take_payments(add_on, rows(40, 0, 0, *[40] * 12), by=cast.dele)

    def say(**values: Any) -> AnomalyWord:
        asked = {
            "kind": "none",
            "first": LIVE + DAY,
            "last": LIVE + 2 * DAY,
            "outcome": "case",
            "by": cast.dele,
        } | values
        return dispose(add_on, asked.pop("kind"), asked.pop("first"), **asked)

    with pytest.raises(MoveRefused, match="number of the case"):
        say()
    with pytest.raises(MoveRefused, match="Write what was done"):
        say(outcome="remedied")
    with pytest.raises(MoveRefused, match="Write what it was"):
        say(outcome="explained", note="  ")
    with pytest.raises(MoveRefused, match="no longer found"):
        say(first=LIVE, case_number="CS-1")
    with pytest.raises(MoveRefused, match="no longer found"):
        say(kind="drop", case_number="CS-1")
    with pytest.raises(StaleRow, match="changed since you saw it"):
        say(last=LIVE + DAY, case_number="CS-1")
    with pytest.raises(ValidationError):
        say(case_number="CS-1", case_link="javascript:alert(1)")
    with pytest.raises(ValidationError):
        say(outcome="forgotten", note="x")
    assert not AnomalyWord.objects.exists()
    word = say(case_number="CS-1", case_link="https://cases.example/1")
    assert say(case_number="CS-1", case_link="https://cases.example/1").pk == word.pk  # the form sent twice
    with pytest.raises(RowIsFinal):
        word.delete()


# The gate --------------------------------------------------------------------------------------------------------------------


def fresh(project: Project) -> Project:
    return Project.objects.get(pk=project.pk)


def in_the_way(project: Project) -> dict[str, str]:
    return {b.subject: b.text for b in blockers_of(gate(fresh(project).gate_facts(TODAY))) if b.code == "anomaly-open"}


def test_the_gate_asks_for_a_word_on_each_anomaly(add_on, cast):
    projected(add_on, cast.dele)
    take_payments(add_on, rows(40, 0, 40, 500, 40, None, None, None, None), by=cast.dele)
    assert in_the_way(add_on) == {
        "none-2026-12-01": "Say what became of it. Dec 1: no payments; 40 a day were projected.",
        "above-2026-12-03": "Say what became of it. Dec 3: 500 payments ($75,000.00); 40 a day were projected.",
    }  # what was not sent holds up nothing
    dispose(add_on, "none", LIVE + DAY, last=LIVE + DAY, outcome="remedied", note="Turned on.", by=cast.dele)
    dispose(add_on, "above", LIVE + 3 * DAY, last=LIVE + 3 * DAY, outcome="explained", note="A campaign.", by=cast.dele)
    assert in_the_way(add_on) == {}


def test_the_gate_costs_the_same_for_few_anomalies_and_many(add_on, cast, django_assert_num_queries):
    projected(add_on, cast.dele)
    for counts in ((40, 0), (40, 0, 40, 0, 40, None, None, 0, 40, 0, 40, 500, 40, None, 40)):
        take_payments(add_on, rows(*counts), by=cast.dele)
        facts = fresh(add_on).gate_facts(TODAY)
        with django_assert_num_queries(5):
            gate(facts)


def test_the_gate_of_other_projects_costs_nothing(make_project, django_assert_num_queries):
    facts = make_project().gate_facts(TODAY)
    with django_assert_num_queries(0):
        gate(facts)


# The sweep -------------------------------------------------------------------------------------------------------------------


def test_the_delivery_manager_hears_of_each_anomaly_once(add_on, cast):
    assert DEFAULTS[NoticeKind.ANOMALY] == "now"
    cast.cora.groups.add(Group.objects.get(name="Delivery managers"))
    projected(add_on, cast.dele)
    take_payments(add_on, rows(40, 0, *[40] * 13), by=cast.dele)
    notices = Notice.objects.filter(kind=NoticeKind.ANOMALY).order_by("person__name")
    for _ in range(2):
        sweep(NOW)
    assert [(n.person, n.why) for n in notices] == [
        (cast.cora, "You are a Delivery manager."),
        (cast.dele, "You run this project."),
    ]
    assert notices[0].text == f"Payments of {add_on.code}, Dec 1: no payments; 40 a day were projected."
    assert notices[0].address == f"/projects/{add_on.code}/watch/anomalies/none/2026-12-01"
    take_payments(add_on, rows(40, 0, 0), by=cast.dele)  # the stretch grows: that was heard
    sweep(NOW + dt.timedelta(minutes=5))
    assert notices.count() == 2


def test_what_was_remedied_and_goes_on_is_heard_of_again_and_what_was_explained_is_not(add_on, cast):
    projected(add_on, cast.dele)
    take_payments(add_on, rows(40, 0), by=cast.dele)
    at = NOW - 13 * DAY  # Dec 2
    dispose(add_on, "none", LIVE + DAY, last=LIVE + DAY, outcome="remedied", note="Turned on.", by=cast.dele, now=at)
    assert list(decide(NOW, read(NOW))) != []  # nothing was sent since
    take_payments(add_on, rows(*[40] * 12, begin=LIVE + 3 * DAY), by=cast.dele)
    assert list(decide(NOW, read(NOW))) == []
    take_payments(add_on, rows(0, 0, begin=LIVE + 2 * DAY), by=cast.dele)
    (due,) = decide(NOW, read(NOW))
    assert due.text.startswith("Said to be remedied, and goes on. Payments of")
    dispose(add_on, "none", LIVE + DAY, last=LIVE + 3 * DAY, outcome="explained", note="Year end.", by=cast.dele)
    assert list(decide(NOW, read(NOW))) == []


def test_the_sweep_costs_the_same_for_few_and_many(make_project, cast, django_assert_num_queries):
    for number, biller in enumerate(("Ashby Gas", "Harbor Water", "Wexley Mutual")):
        project = an_add_on(make_project, cast, biller)
        projected(project, cast.dele)
        take_payments(project, rows(*[40, 0] * (number + 1)), by=cast.dele)
        with django_assert_num_queries(6):
            read(NOW)


# A whole life ----------------------------------------------------------------------------------------------------------------


def close_steps(project: Project, cast: SimpleNamespace) -> None:
    finish(project, f"{PLAYBOOK}/post-live.monitor-service", worker=cast.dele, decider=cast.dele)
    move(
        project,
        f"{PLAYBOOK}/post-live.address-functionality",
        "mark_not_applicable",
        cast.dele,
        note="Nothing was found.",
    )
    finish(project, f"{PLAYBOOK}/post-live.transition-to-cs", worker=cast.dele, decider=cast.dele)


def test_completing_closes_the_step_that_says_to_complete(add_on, cast):
    with pytest.raises(MoveRefused) as refused:
        perform(fresh(add_on), "complete", by=cast.dele)
    assert "Mark Project Complete is not started" in [blocker.text for blocker in refused.value.blockers]
    close_steps(add_on, cast)
    done = perform(fresh(add_on), "complete", by=cast.dele).row
    assert (done.standing, done.steps_total, done.steps_done, done.next_due) == ("complete", 3, 3, None)
    last = step_of(add_on, f"{PLAYBOOK}/post-live.mark-complete")
    assert last.status == "done"
    moves = TransitionRecord.objects.of(last).order_by("pk").values_list("move", "by", "note")
    note = "Done by completing the project."
    assert list(moves) == [("start", cast.dele.pk, note), ("complete", cast.dele.pk, note)]
    record = TransitionRecord.objects.of(done).get(move="complete")
    assert record.facts["steps"][f"{PLAYBOOK}/post-live.mark-complete"] == "done"


def test_a_closing_step_that_is_blocked_holds_the_project_up(add_on, cast):
    close_steps(add_on, cast)
    key = f"{PLAYBOOK}/post-live.mark-complete"
    move(add_on, key, "block", cast.dele, note="The schedule lies elsewhere", owner=cast.dele, until=TODAY)
    with pytest.raises(MoveRefused, match="is blocked"):
        perform(fresh(add_on), "complete", by=cast.dele)
    assert step_of(add_on, key).status == "blocked"


@pytest.fixture
def archived(add_on, cast) -> Project:
    projected(add_on, cast.dele)
    take_payments(add_on, rows(40, 0, *[40] * 13), by=cast.dele)
    keep_draft(add_on, "x.csv", table(("2026-12-05", "1", "1")), by=cast.dele)
    dispose(add_on, "none", LIVE + DAY, last=LIVE + DAY, outcome="case", case_number="CS-1", by=cast.dele)
    close_steps(add_on, cast)
    return perform(fresh(add_on), "complete", by=cast.dele).row


def test_an_archived_project_refuses_every_write(archived, cast):
    by, day, projection = cast.dele, PaymentDay.objects.first(), Projection.objects.get()
    draft = SheetDraft.objects.get()
    acts = [
        lambda: intake.take("payments", archived, rows(41), by=by),
        lambda: take_payments(archived, rows(40), by=by),  # the same again, too
        lambda: set_day(archived, LIVE, payments=1, amount=Decimal(1), by=by, seen=0),
        lambda: keep_draft(archived, "x.csv", table(("2026-12-01", "1", "1")), by=by),
        lambda: apply_draft(draft, by=by, fingerprint="x"),
        lambda: projected(archived, by, 50),
        lambda: remove_projection(projection, revision=0, by=by),
        lambda: dispose(archived, "none", LIVE + DAY, last=LIVE + DAY, outcome="explained", note="x", by=by),
        day.save,
        day.delete,
        projection.save,
        projection.delete,
        lambda: PaymentDay.objects.update(payments=1),
        lambda: PaymentDay.objects.all().delete(),
        lambda: PaymentDay.objects.bulk_update([day], ["payments"]),
        lambda: PaymentDay.objects.bulk_create(
            [PaymentDay(project=archived, day=TODAY, payments=1, amount=1, source="api", by=by)]
        ),
        lambda: AnomalyWord(
            project=archived, kind="none", first=LIVE, last=LIVE, found="x", outcome="remedied", by=by
        ).save(),
        lambda: perform(ProjectStep.objects.filter(project=archived).first(), "reopen", note="x", by=by),
    ]
    before = (PaymentDay.objects.count(), AnomalyWord.objects.count(), PaymentDay.history.count())
    for act in acts:
        with pytest.raises(Archived), transaction.atomic():
            act()
    assert (PaymentDay.objects.count(), AnomalyWord.objects.count(), PaymentDay.history.count()) == before
    assert not {PaymentDay, Projection, AnomalyWord} & set(admin.site._registry)
    assert told(archived) == ["Dec 1: no payments; 40 a day were projected."]
    assert business_day() == TODAY


# The demo --------------------------------------------------------------------------------------------------------------------


def test_the_demo_shows_a_drop_and_a_case(make_project, cast):
    people = {"IS": cast.dele}
    one, two = (an_add_on(make_project, cast, biller) for biller in ("Ashby Gas", "Harbor Water"))
    for project in (one, two):
        watch_chapter(project, "post_live", people, NOW, False)
    assert PaymentDay.objects.count() == 80
    dropped, failed = (watch_over(project, TODAY).found for project in (one, two))
    assert [(found.finding.kind, found.open) for found in dropped] == [("drop", True)]
    assert [(found.finding.kind, found.open) for found in failed] == [("none", False)]
    assert AnomalyWord.objects.get().case_number == "CS-10482"
