"""Planning series: one meeting, this and following, all; ending, clashes, attendees; who hears of it, and what is refused."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError

from meetings.changes import Change, _followers, follow_with
from meetings.following import edit_following
from meetings.models import AgendaItem, Occurrence, Series
from meetings.planned import last_meeting_before, occurrence_of, planned
from meetings.reach import series_of, series_seen_by
from meetings.series import edit_all, end_series, make_series, set_attendees
from meetings.single import cancel_meeting, edit_meeting, hold_after_all, keep_clash, rehost
from projects.models import Notice, Project
from tests.meetings.planning import NOW, TUESDAY, at, tdr
from tests.records.test_raid import complete
from tests.transitions.made_up import a_step, publish, started
from transitions.blockers import Archived, MoveRefused, NotPermitted, StaleRow
from transitions.moves import perform

pytestmark = pytest.mark.django_db

WEEK = dt.timedelta(days=7)
BEFORE_CHRISTMAS = at(2026, 12, 23)


@pytest.fixture
def series(cast: SimpleNamespace) -> Series:
    return tdr(cast.adele, host=cast.ingrid, attendees=[cast.sofia, cast.arun])


@pytest.fixture
def project(cast: SimpleNamespace) -> Project:
    return started(cast, publish(a_step(1), a_step(2)))


@pytest.fixture
def heard():
    """What is announced meanwhile, to others than ourselves."""
    changes: list[Change] = []
    follow_with(changes.append)
    yield changes
    _followers.remove(changes.append)


def afresh(row: Any) -> Any:
    return type(row)._default_manager.get(pk=row.pk)


def times(series: Any, until: dt.datetime = BEFORE_CHRISTMAS, since: dt.datetime = NOW) -> list[str]:
    series = series if isinstance(series, list) else [series]
    rows = planned([afresh(one) for one in series], since, until)
    return [f"{one.starts:%a %b %-d %H:%M}{' cancelled' if one.cancelled else ''}" for one in rows]


def notices(person: Any) -> list[str]:
    return list(
        Notice.objects.filter(person=person, kind="meeting_changed").order_by("pk").values_list("text", flat=True)
    )


# Making ----------------------------------------------------------------------------------------------------------------------


def test_a_series_begins_on_the_first_day_that_its_rule_gives(cast):
    series = tdr(cast.adele, rule="freq=weekly;byday=tu", starts_on=dt.date(2026, 11, 18))
    assert (series.rule, series.starts_on, series.revision) == ("FREQ=WEEKLY;BYDAY=TU", TUESDAY, 0)
    assert times(series) == [
        "Tue Nov 24 13:00",
        "Tue Dec 1 13:00",
        "Tue Dec 8 13:00",
        "Tue Dec 15 13:00",
        "Tue Dec 22 13:00",
    ]


def test_who_plans_meetings(cast, project):
    for person in (cast.priya, cast.mallory, cast.bo):
        with pytest.raises(NotPermitted):
            tdr(person)
    days = [TUESDAY, TUESDAY + WEEK]
    said = {"title": "Talk", "starts_on": TUESDAY, "starts_at": dt.time(9), "minutes": 30, "now": NOW, "days": days}
    for person in (cast.sofia, cast.mallory, cast.bo):
        with pytest.raises(NotPermitted):
            make_series("other", by=person, project=project, host=person if person == cast.mallory else None, **said)
    made = make_series("other", by=cast.priya, project=project, attendees=[cast.ivan], **said)
    assert times(made) == ["Tue Nov 24 09:00", "Tue Dec 1 09:00"]
    assert set(made.occurrences.values_list("project", flat=True)) == {project.pk}
    assert made.attendees.get().project == project


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "rule"),
        ({"rule": ""}, "rule"),
        ({"days": [TUESDAY]}, "rule"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 5000}, "minutes"),
        ({"zone_name": "Mars/Olympus"}, "zone_name"),
        ({"title": "Two\nlines"}, "title"),
        ({"capacity": 0}, "capacity"),
    ],
)
def test_what_is_no_series_is_refused(cast, values, field):
    with pytest.raises(ValidationError) as refused:
        tdr(cast.adele, **values)
    assert list(refused.value.message_dict) == [field]
    assert not Series.objects.exists()


def test_nobody_outside_hosts_or_attends_where_they_have_no_seat(cast, project):
    with pytest.raises(ValidationError, match="cannot host"):
        tdr(cast.adele, host=cast.bo)
    with pytest.raises(ValidationError, match="Bo Halvorsen cannot attend"):
        tdr(cast.adele, attendees=[cast.bo])
    with pytest.raises(ValidationError, match="Pat Quinn cannot attend"):  # noqa: PT012
        said = {"title": "Talk", "starts_on": TUESDAY, "starts_at": dt.time(9), "minutes": 30, "days": [TUESDAY]}
        own = make_series("other", by=cast.priya, project=project, now=NOW, **said)
        set_attendees(own, [cast.pat], by=cast.priya, now=NOW)


# This one --------------------------------------------------------------------------------------------------------------------


def test_one_meeting_is_moved_alone(cast, series, heard):
    row = edit_meeting(series, TUESDAY, by=cast.ingrid, starts=at(2026, 11, 25, 11), minutes=60, now=NOW)
    assert times(series, at(2026, 12, 9)) == ["Wed Nov 25 11:00", "Tue Dec 1 13:00", "Tue Dec 8 13:00"]
    assert (row.day, row.sequence, row.revision, row.minutes) == (TUESDAY, 1, 1, 60)
    assert [(list(change.days), change.words) for change in heard] == [
        ([TUESDAY], "is moved from Tue Nov 24, 13:00 to Wed Nov 25, 11:00")
    ]
    # Said again it is no change; moved back it is as its rule says.
    edit_meeting(series, TUESDAY, by=cast.ingrid, starts=at(2026, 11, 25, 11), minutes=60, now=NOW)
    assert len(heard) == 1
    row = edit_meeting(series, TUESDAY, by=cast.ingrid, starts=at(2026, 11, 24, 13), minutes=90, now=NOW)
    assert (row.moved_to, row.minutes, row.sequence) == (None, None, 2)


@pytest.mark.parametrize(
    ("starts", "words"),
    [
        ((2026, 12, 1, 9), "is held on Dec 1 already"),
        ((2026, 11, 20, 9), "not moved into the past"),
        ((2026, 11, 3, 13), "not moved into the past"),
    ],
)
def test_a_meeting_is_not_moved_onto_another_or_into_the_past(cast, series, starts, words):
    with pytest.raises(ValidationError, match=words):
        edit_meeting(series, TUESDAY, by=cast.ingrid, starts=at(*starts), now=NOW)
    assert not Occurrence.objects.exists()


def test_a_day_that_was_left_is_free(cast, series):
    edit_meeting(series, TUESDAY + WEEK, by=cast.ingrid, starts=at(2026, 12, 3, 13), now=NOW)
    with pytest.raises(ValidationError, match="held on Dec 3 already"):
        edit_meeting(series, TUESDAY, by=cast.ingrid, starts=at(2026, 12, 3, 9), now=NOW)
    edit_meeting(series, TUESDAY, by=cast.ingrid, starts=at(2026, 12, 1, 13), now=NOW)
    assert times(series, at(2026, 12, 9)) == ["Tue Dec 1 13:00", "Thu Dec 3 13:00", "Tue Dec 8 13:00"]


def test_a_day_that_is_none_of_the_series_is_no_meeting(cast, series):
    with pytest.raises(LookupError):
        edit_meeting(series, TUESDAY + dt.timedelta(days=1), by=cast.ingrid, minutes=30, now=NOW)


def test_a_meeting_is_given_to_another_host_who_then_runs_it(cast, series):
    with pytest.raises(NotPermitted):
        edit_meeting(series, TUESDAY, by=cast.sofia, minutes=60, now=NOW)
    rehost(series, TUESDAY, cast.sofia, by=cast.ingrid, now=NOW)
    edit_meeting(series, TUESDAY, by=cast.sofia, minutes=60, now=NOW)
    with pytest.raises(NotPermitted):
        edit_meeting(series, TUESDAY + WEEK, by=cast.sofia, minutes=60, now=NOW)
    row = rehost(series, TUESDAY, None, by=cast.sofia, now=NOW)
    assert row.host is None
    with pytest.raises(ValidationError, match="cannot host"):
        rehost(series, TUESDAY, cast.bo, by=cast.ingrid, now=NOW)


def test_two_editors_of_one_meeting(cast, series):
    edit_meeting(series, TUESDAY, by=cast.ingrid, minutes=60, revision=0, now=NOW)
    with pytest.raises(StaleRow) as stale:
        edit_meeting(series, TUESDAY, by=cast.adele, minutes=30, revision=0, now=NOW)
    assert stale.value.row.minutes == 60
    edit_meeting(series, TUESDAY, by=cast.adele, minutes=30, revision=1, now=NOW)


def test_a_meeting_is_cancelled_with_a_reason_and_held_after_all(cast, series, heard):
    with pytest.raises(MoveRefused):
        cancel_meeting(series, TUESDAY, by=cast.ingrid, note="", now=NOW)
    row = cancel_meeting(series, TUESDAY, by=cast.ingrid, note="Nothing to review", now=NOW)
    assert (row.state, row.sequence, row.cancelled_at) == ("cancelled", 1, NOW)
    assert times(series, at(2026, 12, 2)) == ["Tue Nov 24 13:00 cancelled", "Tue Dec 1 13:00"]
    with pytest.raises(MoveRefused, match="is cancelled: it is not changed"):
        edit_meeting(series, TUESDAY, by=cast.ingrid, minutes=30, now=NOW)
    hold_after_all(series, TUESDAY, by=cast.ingrid, now=NOW)
    assert times(series, at(2026, 12, 2)) == ["Tue Nov 24 13:00", "Tue Dec 1 13:00"]
    assert [change.words for change in heard] == ["is cancelled", "is held after all"]


def test_what_is_past_or_given_away_is_not_held_after_all(cast, series):
    cancel_meeting(series, TUESDAY, by=cast.ingrid, note="Nobody is there", now=NOW)
    with pytest.raises(MoveRefused, match="would have been held by now"):
        hold_after_all(series, TUESDAY, by=cast.ingrid, now=at(2026, 11, 24, 14))
    edit_meeting(series, TUESDAY + WEEK, by=cast.ingrid, starts=at(2026, 11, 24, 9), now=NOW)
    with pytest.raises(MoveRefused, match="by another meeting of it"):
        hold_after_all(series, TUESDAY, by=cast.ingrid, now=NOW)


def test_a_holiday_clashes_until_a_person_decides(cast):
    series = make_series("triage", by=cast.adele, title="Triage call", rule="FREQ=WEEKLY;BYDAY=TU,TH",
                         starts_on=dt.date(2026, 11, 3), starts_at=dt.time(10), minutes=60, now=NOW)  # fmt: skip
    thanksgiving = dt.date(2026, 11, 26)

    def clashes() -> list[tuple[dt.date, str]]:
        return [(one.day, one.clash) for one in planned([series], NOW, at(2026, 12, 1)) if one.clash]

    assert clashes() == [(thanksgiving, "Thanksgiving Day")]
    with pytest.raises(MoveRefused, match="on no holiday"):
        keep_clash(series, TUESDAY, by=cast.adele, now=NOW)
    row = keep_clash(series, thanksgiving, by=cast.adele, now=NOW)
    assert (clashes(), row.clash_kept_by) == ([], cast.adele)
    # Moved to another date the decision is of no more use.
    edit_meeting(series, thanksgiving, by=cast.adele, starts=at(2026, 12, 25, 10), now=NOW)
    assert [one.clash for one in planned([series], NOW, at(2027, 1, 1)) if one.clash] == ["Christmas Day"] * 1
    cancel_meeting(series, thanksgiving, by=cast.adele, note="Christmas", now=NOW)
    assert not [one for one in planned([series], NOW, at(2026, 12, 31)) if one.clash]


# All -------------------------------------------------------------------------------------------------------------------------


def test_all_of_a_series_is_changed_and_what_was_held_stays(cast, series):
    held = occurrence_of(series, dt.date(2026, 11, 17), by=cast.ingrid)
    perform(held, "open_meeting", by=cast.ingrid, now=at(2026, 11, 17, 13))
    perform(held, "close_meeting", by=cast.ingrid, now=at(2026, 11, 17, 14))
    changed = edit_all(series, by=cast.adele, starts_at=dt.time(15), minutes=60, now=NOW)
    assert (changed.sequence, changed.revision) == (1, 1)
    assert times(series, at(2026, 12, 2)) == ["Tue Nov 24 15:00", "Tue Dec 1 15:00"]
    assert times(series, NOW, since=at(2026, 11, 16)) == ["Tue Nov 17 13:00"]
    assert afresh(held).minutes == 90


def test_meetings_that_a_new_rule_loses_are_named_first_and_cancelled_then(cast, series):
    edit_meeting(series, TUESDAY, by=cast.ingrid, minutes=60, now=NOW)
    cancel_meeting(series, TUESDAY + WEEK, by=cast.ingrid, note="Nothing to review", now=NOW)
    wednesdays = {"rule": "FREQ=WEEKLY;BYDAY=WE"}
    with pytest.raises(MoveRefused) as refused:
        edit_all(series, by=cast.adele, now=NOW, **wednesdays)
    assert [blocker.text for blocker in refused.value.blockers] == [
        "Technical Design Review, Nov 24, 2026 would be cancelled: the new rule gives no meeting on that day."
    ]
    assert afresh(series).rule == "FREQ=WEEKLY;BYDAY=TU"
    edit_all(series, by=cast.adele, cancels=[TUESDAY], now=NOW, **wednesdays)
    assert times(series, at(2026, 12, 9)) == [
        "Tue Nov 24 13:00 cancelled", "Wed Nov 25 13:00", "Tue Dec 1 13:00 cancelled", "Wed Dec 2 13:00",
    ]  # fmt: skip


def test_two_editors_of_a_series(cast, series):
    edit_all(series, by=cast.ingrid, minutes=60, revision=0, now=NOW)
    with pytest.raises(StaleRow):
        edit_all(series, by=cast.adele, minutes=30, revision=0, now=NOW)


def test_a_capacity_is_no_change_of_the_event(cast, series, heard):
    changed = edit_all(series, by=cast.adele, capacity=6, cutoff_hours=92, now=NOW)
    assert (changed.capacity, changed.sequence, changed.revision, heard) == (6, 0, 1, [])


# This and following ----------------------------------------------------------------------------------------------------------


def test_a_series_is_continued_by_another_from_a_day_on(cast, series):
    moved = edit_meeting(series, TUESDAY + 2 * WEEK, by=cast.ingrid, starts=at(2026, 12, 9, 9), now=NOW)
    item = AgendaItem.objects.create(occurrence=moved, title="Talk about the file", source="added")
    before = edit_meeting(series, TUESDAY, by=cast.ingrid, minutes=30, now=NOW)
    new = edit_following(series, TUESDAY + WEEK, by=cast.adele, starts_at=dt.time(16), now=NOW)
    old = afresh(series)
    assert (old.rule, old.ended_on, old.sequence) == ("FREQ=WEEKLY;BYDAY=TU;UNTIL=20261130", dt.date(2026, 12, 1), 1)
    assert (new.rule, new.starts_on, new.continues) == ("FREQ=WEEKLY;BYDAY=TU", dt.date(2026, 12, 1), old)
    assert new.uid != old.uid
    assert sorted(one.person.name for one in new.attendees.all()) == ["Arun Patel", "Sofia Reyes"]
    assert times(old) == ["Tue Nov 24 13:00"]
    assert times(new) == ["Tue Dec 1 16:00", "Wed Dec 9 09:00", "Tue Dec 15 16:00", "Tue Dec 22 16:00"]
    assert (afresh(item).occurrence.series, afresh(before).series) == (new, old)


def test_what_hangs_on_a_meeting_goes_along_to_another_weekday_of_its_week(cast, series):
    row = occurrence_of(series, TUESDAY + WEEK, by=cast.ingrid)
    item = AgendaItem.objects.create(occurrence=row, title="Talk about the file", source="added")
    new = edit_following(
        series, TUESDAY + WEEK, by=cast.adele, rule="FREQ=WEEKLY;BYDAY=WE", starts_on=dt.date(2026, 12, 2), now=NOW
    )
    assert times([series, new], at(2026, 12, 10)) == ["Tue Nov 24 13:00", "Wed Dec 2 13:00", "Wed Dec 9 13:00"]
    assert (afresh(item).occurrence.series, afresh(item).occurrence.day) == (new, dt.date(2026, 12, 2))


def test_what_has_no_place_in_the_new_rule_is_named_first(cast, series):
    edit_meeting(series, TUESDAY + WEEK, by=cast.ingrid, minutes=60, now=NOW)
    monthly = {"rule": "FREQ=MONTHLY;BYDAY=-1TU"}
    with pytest.raises(MoveRefused, match="would be cancelled"):
        edit_following(series, TUESDAY + WEEK, by=cast.adele, now=NOW, **monthly)
    assert Series.objects.count() == 1
    new = edit_following(series, TUESDAY + WEEK, by=cast.adele, cancels=[TUESDAY + WEEK], now=NOW, **monthly)
    assert times([series, new], at(2027, 1, 1)) == ["Tue Nov 24 13:00", "Tue Dec 1 13:00 cancelled", "Tue Dec 29 13:00"]


def test_following_from_the_first_meeting_on_is_the_whole_series(cast):
    series = tdr(cast.adele, starts_on=TUESDAY)
    same = edit_following(series, TUESDAY, by=cast.adele, starts_at=dt.time(9), now=NOW)
    assert (same, Series.objects.count()) == (series, 1)


def test_a_count_is_what_is_left_of_it(cast):
    series = tdr(cast.adele, rule="FREQ=WEEKLY;BYDAY=TU;COUNT=6")
    new = edit_following(series, TUESDAY, by=cast.adele, starts_at=dt.time(9), now=NOW)
    assert times([series, new], since=at(2026, 11, 1)) == [
        "Tue Nov 3 13:00", "Tue Nov 10 13:00", "Tue Nov 17 13:00", "Tue Nov 24 09:00", "Tue Dec 1 09:00", "Tue Dec 8 09:00",
    ]  # fmt: skip


def test_what_cannot_be_followed(cast, series, project):
    with pytest.raises(MoveRefused, match="should have begun by now"):
        edit_following(series, dt.date(2026, 11, 17), by=cast.adele, minutes=30, now=NOW)
    with pytest.raises(LookupError):
        edit_following(series, dt.date(2026, 11, 25), by=cast.adele, minutes=30, now=NOW)
    with pytest.raises(ValidationError, match="The meeting before it is on Nov 24"):
        edit_following(
            series, TUESDAY + WEEK, by=cast.adele, rule="FREQ=WEEKLY;BYDAY=MO", starts_on=dt.date(2026, 11, 23), now=NOW
        )
    days = make_series("other", by=cast.priya, project=project, title="Talk", starts_on=TUESDAY, starts_at=dt.time(9),
                       minutes=30, days=[TUESDAY, TUESDAY + WEEK], now=NOW)  # fmt: skip
    with pytest.raises(MoveRefused, match="single days"):
        edit_following(days, TUESDAY, by=cast.priya, minutes=60, now=NOW)
    assert Series.objects.count() == 2


# Ending ----------------------------------------------------------------------------------------------------------------------


def test_a_series_is_ended_and_never_deleted(cast, series):
    row = occurrence_of(series, TUESDAY + WEEK, by=cast.ingrid)
    AgendaItem.objects.create(occurrence=row, title="Talk about the file", source="added")
    with pytest.raises(ProtectedError):
        Series.objects.filter(pk=series.pk).delete()
    with pytest.raises(ValidationError, match="does not end in the past"):
        end_series(series, dt.date(2026, 11, 19), by=cast.ingrid, now=NOW)
    end_series(series, TUESDAY + WEEK, by=cast.ingrid, reason="Merged into another", now=NOW)
    assert times(series) == ["Tue Nov 24 13:00", "Tue Dec 1 13:00 cancelled"]
    assert end_series(series, TUESDAY + 3 * WEEK, by=cast.ingrid, now=NOW).ended_on == TUESDAY + WEEK
    with pytest.raises(MoveRefused, match="has ended"):
        edit_all(series, by=cast.adele, minutes=30, now=at(2026, 12, 2, 9))


def test_an_ended_series_presents_nothing(cast, series):
    end_series(series, TUESDAY, by=cast.ingrid, now=NOW)
    assert last_meeting_before(afresh(series), dt.date(2027, 3, 2)).day == dt.date(2026, 11, 17)


def test_meetings_of_an_archived_project_stay_as_they_are(cast, project):
    series = make_series("other", by=cast.priya, project=project, title="Talk", starts_on=TUESDAY, starts_at=dt.time(9),
                         minutes=30, days=[TUESDAY], now=NOW)  # fmt: skip
    complete(project, cast)
    for act in (
        lambda: edit_meeting(series, TUESDAY, by=cast.adele, minutes=60, now=NOW),
        lambda: edit_all(series, by=cast.adele, minutes=60, now=NOW),
        lambda: cancel_meeting(series, TUESDAY, by=cast.adele, note="No", now=NOW),
        lambda: end_series(series, TUESDAY, by=cast.adele, now=NOW),
        lambda: set_attendees(series, [cast.ivan], by=cast.adele, now=NOW),
        lambda: make_series("other", by=cast.adele, project=project, title="Talk", starts_on=TUESDAY, starts_at=dt.time(9),
                            minutes=30, days=[TUESDAY], now=NOW),
    ):  # fmt: skip
        with pytest.raises(Archived):
            act()


# Who hears and who sees ------------------------------------------------------------------------------------------------------


def test_attendees_hear_of_a_change_and_not_whoever_made_it(cast, series):
    Notice.objects.all().delete()
    edit_meeting(series, TUESDAY, by=cast.ingrid, starts=at(2026, 11, 25, 11), now=NOW)
    text = "Technical Design Review of Nov 24 is moved from Tue Nov 24, 13:00 to Wed Nov 25, 11:00, by Ingrid Berg."
    assert (notices(cast.sofia), notices(cast.arun), notices(cast.ingrid), notices(cast.priya)) == (
        [text],
        [text],
        [],
        [],
    )
    assert Notice.objects.first().address == f"/meetings/{series.pk}/2026-11-24/"


def test_a_hundred_edits_in_a_row_are_one_thing_to_hear(cast, series):
    Notice.objects.all().delete()
    for number in range(100):
        edit_meeting(series, TUESDAY, by=cast.ingrid, minutes=30 + number % 2, now=NOW + dt.timedelta(seconds=number))
    assert notices(cast.sofia) == ["Technical Design Review of Nov 24 takes 31 minutes now, by Ingrid Berg."]
    cancel_meeting(series, TUESDAY + WEEK, by=cast.ingrid, note="No", now=NOW)
    assert notices(cast.sofia)[1:] == ["Technical Design Review of Dec 1 is cancelled, by Ingrid Berg."]
    # What was read is not written over.
    Notice.objects.update(read_at=NOW)
    edit_meeting(series, TUESDAY, by=cast.ingrid, minutes=45, now=NOW)
    assert len(notices(cast.sofia)) == 3


def test_no_notice_carries_the_link_or_what_somebody_wrote(cast, series):
    series.join_link = "https://meet.example/sekret"
    series.save()
    edit_all(series, by=cast.ingrid, place="Sekret room", title="Sekret review", now=NOW)
    cancel_meeting(series, TUESDAY, by=cast.ingrid, note="Sekret reason", now=NOW)
    said = " ".join(notices(cast.sofia))
    assert "meet.example" not in said
    assert "room" not in said
    assert "reason" not in said
    assert (
        not Series.history.filter(id=series.pk).values().filter(history_change_reason__contains="meet.example").exists()
    )
    assert "join_link" not in {field.name for field in Series.history.model._meta.get_fields()}


def test_who_sees_which_series(cast, series, project):
    own = make_series("other", by=cast.priya, project=project, title="Talk", starts_on=TUESDAY, starts_at=dt.time(9),
                      minutes=30, days=[TUESDAY], attendees=[cast.priya], now=NOW)  # fmt: skip
    seen = {name: {row.pk for row in series_seen_by(getattr(cast, name))} for name in vars(cast)}
    assert {name for name, rows in seen.items() if series.pk in rows} == {
        "priya", "ivan", "sofia", "arun", "ingrid", "tess", "cora", "dele", "adele",
    }  # fmt: skip
    assert {name for name, rows in seen.items() if own.pk in rows} >= {"priya", "adele"}
    assert seen["mallory"] == set()
    assert seen["bo"] == set()
    assert {row.pk for row in series_of(cast.priya)} == {own.pk}
    assert {row.pk for row in series_of(cast.arun)} == {series.pk}
    set_attendees(series, [cast.mallory], by=cast.ingrid, now=NOW)
    assert {row.pk for row in series_seen_by(cast.mallory)} == {series.pk}


def test_a_span_costs_one_query_however_many_series(cast, django_assert_num_queries):
    many = [tdr(cast.adele, title=f"Review {number}") for number in range(6)]
    rows = list(Series.objects.filter(pk__in=[one.pk for one in many]))
    for some in (rows[:1], rows):
        with django_assert_num_queries(1):
            assert len(planned(some, NOW, at(2026, 12, 2))) == 2 * len(some)
