"""Agendas that build themselves: who is on which, who waits, and why (domain.md, Time, Meetings)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from meetings import agenda_facts
from meetings.agenda import agenda_of, agendas_of, attendees, meetings_held, presentation_of
from meetings.agenda_facts import About, Facts, OpenStep, Review
from meetings.agenda_rules import allocate, closes_at, counting, decide, key_of, local_day
from meetings.closing import add_item, close_agenda, close_agendas, remove_item
from meetings.models import AgendaItem, Occurrence, Series, SeriesAttendee
from meetings.planned import Planned, as_planned, last_meeting_before, occurrence_of
from meetings.vocabulary import Kind, Outcome, Source
from projects import settled
from projects.dates import move_due_date, move_target_go_live
from projects.models import Project, ProjectStep
from records.raid import raise_item
from tests.cast import move, step_of
from tests.meetings.agendas import (
    BEFORE,
    NEXT_TUESDAY,
    NOW,
    REVIEW,
    TUESDAY,
    at,
    in_design,
    make_go_live,
    make_tdr,
    meeting_of,
    ready,
    review_version,
)
from transitions.blockers import MoveRefused, NotPermitted
from transitions.moves import bring_in, perform

DAY = dt.timedelta(days=1)
MONDAY = dt.date(2026, 11, 30)


# Pure: the Mondays of a year ------------------------------------------------------------------------------------------------


def mondays(
    cancelled: set[dt.date] = frozenset(),
    moved: dict[dt.date, dt.datetime] | None = None,  # type: ignore[assignment]
) -> list[Planned]:
    """The presentations of 2026, as plain values: some cancelled, some moved."""
    series = Series(
        pk=1, kind=Kind.GO_LIVE, title="CS go-live presentation", starts_on=dt.date(2026, 1, 5), starts_at=dt.time(9), minutes=60,
        rule="FREQ=WEEKLY;BYDAY=MO",
    )  # fmt: skip
    found = []
    for week in range(52):
        day = dt.date(2026, 1, 5) + 7 * week * DAY
        planned = as_planned(series, day)
        starts = (moved or {}).get(day, planned.starts)
        state = "cancelled" if day in cancelled else "planned"
        found.append(Planned(series, day, starts, starts + dt.timedelta(hours=1), state, None, "", ""))
    return sorted(found, key=lambda one: one.starts)


in_2026 = st.dates(dt.date(2026, 3, 1), dt.date(2026, 12, 31))


@given(in_2026)
def test_the_presentation_is_on_the_last_monday_strictly_before(target):
    found = counting(mondays(), target)
    assert found is not None
    day = local_day(found)
    assert day.weekday() == 0
    assert DAY <= target - day <= 7 * DAY


@given(target=in_2026, weeks=st.sets(st.integers(0, 51), max_size=8), late=st.sets(st.integers(0, 51), max_size=4))
def test_it_is_the_last_of_those_that_are_held_on_the_day_that_they_are_held(target, weeks, late):
    first = dt.date(2026, 1, 5)
    cancelled = {first + 7 * week * DAY for week in weeks}
    moved = {first + 7 * week * DAY: at(first + (7 * week + 2) * DAY, 11) for week in late}
    held = sorted(
        moved[day].date() if day in moved else day
        for day in (first + 7 * week * DAY for week in range(52))
        if day not in cancelled
    )
    before = [day for day in held if day < target]
    found = counting(mondays(cancelled, moved), target)
    assert (found and local_day(found)) == (before[-1] if before else None)


@given(in_2026)
def test_both_ways_to_the_last_meeting_agree(target):
    series = mondays()[0].series
    found = last_meeting_before(series, target)
    assert found is not None
    assert found.day == counting(mondays(), target).day  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("target", "day"),
    [
        (dt.date(2026, 12, 7), dt.date(2026, 11, 30)),  # a Monday presents on the one before
        (dt.date(2026, 12, 8), dt.date(2026, 12, 7)),
        (dt.date(2026, 12, 13), dt.date(2026, 12, 7)),
        (dt.date(2026, 11, 26), dt.date(2026, 11, 23)),  # Thanksgiving
        (dt.date(2026, 11, 2), dt.date(2026, 10, 26)),  # the Monday after summer time ended
        (dt.date(2026, 1, 5), None),  # none is left before the first
    ],
)
def test_go_lives_of_which_people_ask(target, day):
    found = counting(mondays(), target)
    assert (found.day if found else None) == day


# Pure: Tuesdays with a capacity ----------------------------------------------------------------------------------------------


def tuesdays(capacity: int | None, count: int = 4) -> list[Planned]:
    series = Series(
        pk=2, kind=Kind.TDR, title="TDR", rule="FREQ=WEEKLY;BYDAY=TU", starts_on=TUESDAY, starts_at=dt.time(13), minutes=90,
        capacity=capacity, cutoff_hours=92,
    )  # fmt: skip
    return [as_planned(series, TUESDAY + 7 * week * DAY) for week in range(count)]


def a_review(number: int, target: dt.date, ready_at: dt.datetime | None = NOW, **more: Any) -> Review:
    return Review(About(number, f"P-{number}", f"Project {number}", target), number, "", ready_at, **more)


reviews = st.lists(
    st.tuples(st.dates(dt.date(2026, 12, 1), dt.date(2027, 6, 1)), st.booleans(), st.booleans()), max_size=20
).map(
    lambda drawn: [
        a_review(
            number, target, None if still else NOW + (3 * DAY if late else 0 * DAY),
            open_steps=(OpenStep("Payments", "", dt.date(2026, 11, 27)),) if still else (),
        )
        for number, (target, late, still) in enumerate(drawn, 1)
    ]
)  # fmt: skip


@given(reviews, st.integers(1, 5))
def test_nobody_who_is_ready_waits_for_somebody_who_is_not_or_goes_live_later(found, capacity):
    slots = tuesdays(capacity, 30)
    places = allocate(found, slots, {}, today=NOW.date())
    by_slot: dict[dt.date, list[Review]] = {}
    for review in found:
        if review.about.id in places:
            by_slot.setdefault(places[review.about.id].day, []).append(review)
    assert all(len(there) <= capacity for there in by_slot.values())
    for review in found:
        for slot in slots:
            mine = places[review.about.id]
            if mine.starts <= slot.starts:
                break
            if review.ready_at is None or review.ready_at > closes_at(slot):  # type: ignore[operator]
                continue
            # I could have been there: it was full of people who go live no later than I.
            there = by_slot[slot.day]
            assert len(there) == capacity
            assert all(
                one.ready_at is not None
                and (one.about.target, one.about.code) <= (review.about.target, review.about.code)
                for one in there
            )


def test_a_meeting_whose_agenda_is_closed_takes_nobody_more():
    slots = tuesdays(2)
    slots[0] = Planned(
        *[getattr(slots[0], name) for name in ("series", "day", "starts", "ends", "state", "host_id", "place", "clash")],
        Occurrence(series=slots[0].series, day=TUESDAY, agenda_closed_at=NOW),
    )  # fmt: skip
    found = [a_review(1, dt.date(2027, 1, 4)), a_review(2, dt.date(2026, 12, 4))]
    places = allocate(found, slots, {key_of(slots[0]): {1}}, today=NOW.date())
    assert {one: slot.day for one, slot in places.items()} == {1: TUESDAY, 2: NEXT_TUESDAY}


def test_the_cutoff_is_at_the_wall_clock_over_a_clock_change():
    series = tuesdays(2)[0].series
    cutoff = closes_at(as_planned(series, dt.date(2027, 3, 16)))  # summer time began on Sunday
    assert cutoff == at(dt.date(2027, 3, 12), 17)
    assert closes_at(as_planned(series, TUESDAY)) == at(dt.date(2026, 11, 20), 17)


def test_the_same_facts_give_the_same_agenda():
    slots = tuesdays(1)
    facts = Facts(
        meetings={Kind.TDR: slots}, reviews=[a_review(1, dt.date(2027, 2, 1)), a_review(2, dt.date(2027, 1, 5))]
    )
    assert decide(slots[0], facts, NOW) == decide(slots[0], facts, NOW)


# With rows ---------------------------------------------------------------------------------------------------------------


def codes(agenda: Any) -> list[str]:
    return [entry.about.code for entry in agenda.listed]


def waits(agenda: Any) -> list[tuple[str, str, dt.date | None]]:
    return [(one.about.code, one.why, one.expected.day if one.expected else None) for one in agenda.waiting]


@pytest.fixture
def version(db):
    return review_version()


@pytest.fixture
def four(cast, version) -> dict[str, Project]:
    """Three that are ready, one of them after the cutoff, and one that is not, ordered by go-live: D, C, B, A."""
    days = {
        "AAA": dt.date(2027, 3, 4),
        "BBB": dt.date(2027, 3, 3),
        "CCC": dt.date(2027, 3, 2),
        "DDD": dt.date(2027, 3, 1),
    }
    made = {code: ready(cast, version, code=code, target_go_live=days[code]) for code in ("AAA", "BBB", "CCC")}
    return made | {"DDD": in_design(cast, version, code="DDD", target_go_live=days["DDD"])}


def test_ready_projects_are_listed_by_go_live_and_the_rest_wait_visibly(four):
    agenda = agenda_of(meeting_of(make_tdr(), TUESDAY), NOW)
    assert codes(agenda) == ["CCC-1", "BBB-1"]
    assert agenda.closes_at == at(dt.date(2026, 11, 20), 17)
    assert waits(agenda) == [
        ("DDD-1", "Still open: Step 1.", None),  # overdue: nobody knows
        ("AAA-1", "Over capacity: the meeting takes 2, and others go live earlier.", NEXT_TUESDAY),
    ]
    assert agenda.waiting[0].links == (("Step 1", "/projects/DDD-1/steps/short/design.draft/"),)


def test_who_is_not_ready_is_expected_when_the_last_open_step_is_due(cast, version):
    project = in_design(cast, version)
    move_due_date(step_of(project, BEFORE), dt.date(2026, 11, 25), by=cast.sofia)
    assert waits(agenda_of(meeting_of(make_tdr(), TUESDAY), NOW)) == [("MRW-1", "Still open: Step 1.", NEXT_TUESDAY)]


def test_who_waits_is_on_the_next_tuesday(four):
    series = make_tdr()
    agenda = agenda_of(meeting_of(series, NEXT_TUESDAY), NOW)
    assert codes(agenda) == ["AAA-1"]
    assert [one.about.code for one in agenda.waiting] == ["DDD-1"]


def test_ready_after_the_cutoff_waits_for_the_next(cast, version):
    ready(cast, version, now=at(dt.date(2026, 11, 20), 18))
    agenda = agenda_of(meeting_of(make_tdr(), TUESDAY), at(dt.date(2026, 11, 21), 9))
    assert codes(agenda) == []
    assert waits(agenda) == [
        ("MRW-1", "Ready only after the agenda closed (Fri Nov 20, 17:00 ET).", NEXT_TUESDAY),
    ]


def test_a_review_that_is_blocked_says_so(cast, version):
    project = ready(cast, version)
    move(project, REVIEW, "block", cast.sofia, note="No architect", owner=cast.priya, until=dt.date(2027, 11, 27))
    (waiting,) = agenda_of(meeting_of(make_tdr(), TUESDAY), NOW).waiting
    assert waiting.why == "Blocked: No architect."


def test_neither_resting_projects_nor_those_of_another_phase_are_waited_for(cast, version, make_project):
    perform(ready(cast, version), "hold", by=cast.priya, note="Budget")
    make_project(code="OTH", biller="Other County")  # in Discovery
    agenda = agenda_of(meeting_of(make_tdr(), TUESDAY), NOW)
    assert (agenda.listed, agenda.waiting) == ((), ())


def test_a_cancelled_tuesday_is_nobodys(cast, four):
    series = make_tdr(host=cast.arun)
    perform(occurrence_of(series, TUESDAY, by=cast.arun), "call_off", by=cast.arun, note="Holiday week", now=NOW)
    assert agenda_of(meeting_of(series, TUESDAY), NOW).listed == ()
    assert codes(agenda_of(meeting_of(series, NEXT_TUESDAY), NOW)) == ["CCC-1", "BBB-1"]


def test_at_the_cutoff_the_agenda_is_written_down_once_and_stays(cast, four):
    series = make_tdr()
    assert close_agendas(at(dt.date(2026, 11, 20), 16, 59)) == 0
    assert close_agendas(at(dt.date(2026, 11, 20), 17)) == 1
    assert close_agendas(at(dt.date(2026, 11, 20), 17, 10)) == 0
    rows = AgendaItem.objects.values_list("project__code", "position", "source", "step__template__key")
    assert list(rows) == [("CCC-1", 1, "rule", "design.review"), ("BBB-1", 2, "rule", "design.review")]
    move_target_go_live(four["AAA"], dt.date(2026, 12, 15), reason="Sooner", by=cast.priya)
    agenda = agenda_of(meeting_of(series, TUESDAY), at(dt.date(2026, 11, 23), 9))
    assert (agenda.closed, codes(agenda)) == (True, ["CCC-1", "BBB-1"])
    assert ("AAA-1", "Over capacity: the meeting takes 2, and others go live earlier.", NEXT_TUESDAY) in waits(agenda)


def test_what_was_decided_elsewhere_is_settled_on_the_agenda(cast, four):
    series = make_tdr()
    close_agenda(series, TUESDAY, by=None, now=NOW)
    move(four["CCC"], REVIEW, "start", cast.sofia)
    move(four["CCC"], REVIEW, "submit", cast.sofia)
    move(four["CCC"], REVIEW, "approve", cast.ingrid, note="Looked at beforehand")
    item = AgendaItem.objects.get(project=four["CCC"])
    assert (item.outcome, item.note, item.settled_by) == (Outcome.APPROVED, "Looked at beforehand", cast.ingrid)


def test_an_agenda_costs_the_same_for_any_number_of_projects(cast, version):
    series = make_tdr()

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            agenda_of(meeting, NOW)
        return len(caught.captured_queries)

    project = ready(cast, version, code="ZZZ")
    meeting = meeting_of(series, TUESDAY)
    agenda_of(meeting, NOW)
    few = cost()
    bring_in_more(project, 99)
    assert Project.objects.count() == 100
    assert len(agenda_of(meeting, NOW).waiting) == 98
    assert (few, cost()) == (6, 6)


def bring_in_more(project: Project, count: int) -> None:
    """More projects just like it, without their seats."""
    names = [
        field.attname
        for field in Project._meta.concrete_fields
        if field.attname not in {"id", "code", "number", "start_key"}
    ]
    values = {name: getattr(Project.objects.get(pk=project.pk), name) for name in names} | {"phase": "discovery"}
    states = {"phase": "design"}
    rows = [
        Project(**values | {"code": f"ZZZ-{number + 2}", "number": number + 2, "start_key": uuid.uuid4()})
        for number in range(count)
    ]
    when = [NOW] * count
    bring_in(rows, Project.objects.bulk_create, states=[states] * count, by=None, note="More", at=when)
    made = list(Project.objects.exclude(pk=project.pk))
    steps = list(project.steps.order_by("template__number"))
    copies = [
        ProjectStep(project=one, template_id=step.template_id, due=step.due, status_since=step.status_since)
        for one in made
        for step in steps
    ]
    wanted = [{"status": step.status} for _ in made for step in steps]
    bring_in(copies, ProjectStep.objects.bulk_create, states=wanted, by=None, note="More", at=[NOW] * len(copies))


# The other kinds ---------------------------------------------------------------------------------------------------------


def test_a_project_is_on_the_monday_that_counts_and_moves_with_its_date(cast, version):
    series = make_go_live()
    project = in_design(cast, version, target_go_live=dt.date(2026, 12, 4))
    assert codes(agenda_of(meeting_of(series, MONDAY), NOW)) == ["MRW-1"]
    assert presentation_of(project, NOW).meeting.day == MONDAY  # type: ignore[union-attr]
    move_target_go_live(project, dt.date(2026, 12, 14), reason="Later", by=cast.priya)
    fresh = Project.objects.get(pk=project.pk)
    assert codes(agenda_of(meeting_of(series, MONDAY), NOW)) == []
    assert codes(agenda_of(meeting_of(series, dt.date(2026, 12, 7)), NOW)) == ["MRW-1"]
    assert presentation_of(fresh, NOW).meeting.day == dt.date(2026, 12, 7)  # type: ignore[union-attr]


def test_a_date_that_is_moved_over_the_presentation_is_called_missing(cast, version):
    series = make_go_live()
    project = in_design(cast, version, target_go_live=dt.date(2026, 12, 14))
    move_target_go_live(
        project, dt.date(2026, 11, 23), reason="Sooner", by=cast.priya
    )  # a Monday; the one before has passed
    (waiting,) = agenda_of(meeting_of(series, dt.date(2026, 11, 23)), NOW).waiting
    assert waiting.why == (
        "Presentation missing. Go-live Mon Nov 23: the last meeting before it was on Mon Nov 16, and it was not presented there."
    )


def test_a_monday_on_a_holiday_is_shown_as_clashing(cast, version):
    series = make_go_live()
    in_design(cast, version, target_go_live=dt.date(2027, 1, 20))
    agenda = agenda_of(meeting_of(series, dt.date(2027, 1, 18)), NOW)
    assert codes(agenda) == ["MRW-1"]
    assert agenda.notes[0].startswith("It falls on a holiday (Martin Luther King Jr. Day)")


def test_who_comes_before_a_closed_monday_by_a_moved_date_is_named(cast, version):
    series = make_go_live()
    close_agenda(series, MONDAY, by=None, now=NOW)
    in_design(cast, version, target_go_live=dt.date(2026, 12, 2))
    agenda = agenda_of(meeting_of(series, MONDAY), NOW)
    assert (codes(agenda), waits(agenda)) == ([], [("MRW-1", "It came up after the agenda closed.", None)])


@pytest.fixture
def transition(make_project, cast) -> Project:
    project = make_project(
        code="HLD", biller="Halden Water", kind="existing", playbooks=("transition-to-cs",), phased_go_live=True,
        target=dt.date(2026, 12, 10),
    )  # fmt: skip
    return project


def series_of(kind: str, rule: str = "FREQ=WEEKLY;BYDAY=TU,TH") -> Series:
    return Series.objects.create(
        kind=kind,
        title=str(Kind(kind).label),
        rule=rule,
        starts_on=dt.date(2026, 1, 6),
        starts_at=dt.time(10),
        minutes=60,
    )


def test_triage_has_phased_projects_with_a_tsm_and_their_open_issues(cast, transition, make_project):
    make_project(
        code="OTH",
        biller="Other",
        kind="existing",
        playbooks=("transition-to-cs",),
        phased_go_live=True,
        people={},
        by=cast.priya,
    )
    raise_item(transition, "issue", title="Rejects pile up", by=cast.priya)
    raise_item(transition, "risk", title="A risk is no issue", by=cast.priya)
    agenda = agenda_of(meeting_of(series_of(Kind.TRIAGE), TUESDAY), NOW)
    assert codes(agenda) == ["HLD-1"]
    assert agenda.listed[0].points == (("I-1 Rejects pile up", "/projects/HLD-1/raid/I-1/"),)
    assert agenda.listed[0].note == "1 open issue"


def test_tsm_review_has_who_goes_live_and_is_not_decided(cast, transition, version, monkeypatch):
    monkeypatch.setattr(settled, "_sources", {})  # where no room above knows what is decided, the step says so
    in_design(cast, version)  # has no such step
    series = series_of(Kind.TSM_REVIEW)
    assert codes(agenda_of(meeting_of(series, TUESDAY), NOW)) == ["HLD-1", "MRW-1"]
    decision = "transition-to-cs/release.tsm-decision"
    move(transition, decision, "start", cast.cora)
    move(transition, decision, "complete", cast.cora)
    assert codes(agenda_of(meeting_of(series, TUESDAY), NOW)) == ["MRW-1"]


def test_who_is_on_a_meeting(cast, four):
    series = make_tdr(host=cast.arun, attendees=[cast.ingrid])
    assert attendees(series, TUESDAY) == {cast.arun.pk, cast.ingrid.pk, cast.priya.pk, cast.ivan.pk, cast.sofia.pk}
    steering = Series.objects.create(
        kind=Kind.STEERING, project=four["AAA"], title="Steering", rule="FREQ=WEEKLY;BYDAY=WE", starts_on=TUESDAY,
        starts_at=dt.time(10), minutes=60,
    )  # fmt: skip
    SeriesAttendee.objects.create(series=steering, person=cast.bo, project=four["AAA"])
    assert attendees(steering, dt.date(2026, 11, 25)) == {cast.bo.pk, cast.priya.pk, cast.ivan.pk}


def test_agendas_of_many_meetings_are_read_once(cast, four):
    series = make_tdr()
    meetings = [meeting_of(series, TUESDAY + 7 * week * DAY) for week in range(8)]
    with CaptureQueriesContext(connection) as caught:
        agendas = agendas_of(meetings, NOW)
    assert (len(agendas), len(caught.captured_queries)) == (8, 6)


def test_meetings_held_counts_those_that_were(cast, four):
    tsm = Series.objects.create(
        kind=Kind.TSM, project=four["AAA"], title="TSM meetings", starts_on=TUESDAY, starts_at=dt.time(10), minutes=60,
        host=cast.priya,
    )  # fmt: skip
    for day in (dt.date(2026, 11, 17), dt.date(2026, 11, 18), TUESDAY):
        Occurrence.objects.create(series=tsm, day=day, project=four["AAA"])
    for day in (dt.date(2026, 11, 17), dt.date(2026, 11, 18)):
        row = occurrence_of(tsm, day, by=cast.priya)
        perform(perform(row, "open_meeting", by=cast.priya, now=NOW).row, "close_meeting", by=cast.priya, now=NOW)
    assert [row.day.day for row in meetings_held(four["AAA"], Kind.TSM)] == [17, 18]


# By hand -----------------------------------------------------------------------------------------------------------------


def test_a_project_put_on_by_hand_brings_its_review(cast, four):
    series = make_tdr(host=cast.arun)
    item = add_item(series, TUESDAY, project=four["AAA"], by=cast.priya, now=NOW)
    assert (item.title, item.step.template.key, item.source) == ("AAA-1 Aaa County Tax", "design.review", Source.ADDED)
    agenda = agenda_of(meeting_of(series, TUESDAY), NOW)
    assert codes(agenda) == ["CCC-1", "BBB-1", "AAA-1"]
    assert "AAA-1" not in [one.about.code for one in agenda.waiting]
    with pytest.raises(MoveRefused, match="AAA-1 is on this agenda already"):
        add_item(series, TUESDAY, project=four["AAA"], by=cast.arun, now=NOW)
    remove_item(item, by=cast.priya)
    assert codes(agenda_of(meeting_of(series, TUESDAY), NOW)) == ["CCC-1", "BBB-1"]


def test_who_may_add_to_an_agenda(cast, four):
    series = make_tdr(host=cast.arun)
    with pytest.raises(NotPermitted):
        add_item(series, TUESDAY, project=four["AAA"], by=cast.sofia, now=NOW)
    with pytest.raises(NotPermitted):
        add_item(series, TUESDAY, title="A word on tools", by=cast.priya, now=NOW)
    assert Occurrence.objects.count() == 0
    close_agenda(series, TUESDAY, by=None, now=NOW)
    with pytest.raises(NotPermitted, match="The agenda is closed"):
        add_item(series, TUESDAY, project=four["AAA"], by=cast.priya, now=NOW)
    assert add_item(series, TUESDAY, title="A word on tools", by=cast.arun, now=NOW).position == 3


def test_what_was_added_to_a_meeting_that_nobody_held_goes_to_the_next(cast, four):
    series = make_tdr(host=cast.arun)
    add_item(series, TUESDAY, title="A word on tools", by=cast.arun, now=NOW)
    perform(occurrence_of(series, TUESDAY, by=cast.arun), "call_off", by=cast.arun, note="No time", now=NOW)
    agenda = agenda_of(meeting_of(series, NEXT_TUESDAY), NOW)
    assert [(entry.title, entry.source) for entry in agenda.listed][-1] == ("A word on tools", "carried")
    assert "A word on tools" not in [
        entry.title for entry in agenda_of(meeting_of(series, NEXT_TUESDAY + 7 * DAY), NOW).listed
    ]
    close_agenda(series, NEXT_TUESDAY, by=None, now=NOW)
    close_agenda(series, NEXT_TUESDAY, by=None, now=NOW)
    rows = AgendaItem.objects.filter(title="A word on tools").values_list("occurrence__day", "source", "outcome")
    assert sorted(rows) == [(TUESDAY, "added", "deferred"), (NEXT_TUESDAY, "carried", "")]


def test_only_what_was_added_is_taken_off(cast, four):
    series = make_tdr(host=cast.arun)
    close_agenda(series, TUESDAY, by=None, now=NOW)
    with pytest.raises(MoveRefused, match="by its rule"):
        remove_item(AgendaItem.objects.first(), by=cast.arun)


def test_reading_reviews_of_one_project_is_two_queries(cast, four):
    agenda_facts.read_reviews()
    with CaptureQueriesContext(connection) as caught:
        (review,) = agenda_facts.read_reviews(four["AAA"].pk)
    assert (review.about.code, len(caught.captured_queries)) == ("AAA-1", 2)
    assert step_of(four["AAA"], REVIEW).pk == review.step_id
