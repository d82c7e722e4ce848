"""Support after go-live: begun with it, counted, evaluated, extended, ended, taken back; told to the biller in writing."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import OutgoingMail
from handoff.models import SupportPeriod, SupportTurn
from handoff.support import terms
from handoff.support.gate import support_criteria
from handoff.support.letters import Letter
from handoff.support.periods import end_due, ensure_period, evaluate, name_tsm, send_letter
from handoff.support.reminding import decide, read
from handoff.support.tasks import end_support_periods
from handoff.support.terms import Terms
from handoff.support.vocabulary import Turn
from projects.demo import live_through, plans, seed_people
from projects.models import Project, Seat
from projects.replace import plan, replace_person
from projects.team import fill_seat
from reminders.sweep import sweep
from tests.cast import usual_people
from tests.transitions.made_up import a_step, publish, started
from transitions.blockers import Archived, MoveRefused, NotPermitted, StaleRow
from transitions.models import TransitionRecord
from transitions.moves import perform
from transitions.support import SupportState

pytestmark = pytest.mark.django_db

GO_LIVE = dt.datetime(2026, 11, 24, 15, tzinfo=dt.UTC)
DAY = GO_LIVE.date()
FIXED = Terms("Transition Success", 90)
OPEN = Terms("Transition Success", 30, open_ended=True)
HELP_DESK = Terms("Client Services Help Desk", 0)


@pytest.fixture(autouse=True)
def decided(monkeypatch) -> SimpleNamespace:
    """What is decided for every project; a test says otherwise by setting `terms`."""
    said = SimpleNamespace(terms=FIXED)
    monkeypatch.setattr(terms, "_sources", [lambda project: said.terms])
    return said


@pytest.fixture
def version(cast):
    from playbook.data import RoleData
    from tests.transitions.made_up import ROLES

    ours = (
        RoleData("TSM", "Transition Success Manager", "Client Services", "internal"),
        RoleData("CSM", "Client Success Manager", "Client Services", "internal"),
    )
    return publish(a_step(1, "release"), a_step(2, "post_live", applies="if_applicable"), roles=(*ROLES, *ours))


@pytest.fixture
def make_live(cast, version):
    """A function that makes a project and takes it live, at GO_LIVE unless told otherwise."""

    def make(name: str = "Marrow County Tax", code: str = "MRW", at: dt.datetime = GO_LIVE, **people: Any) -> Project:
        with time_machine.travel(at, tick=False):
            project = started(cast, version, biller_name=name, biller_code=code, **people)
            work(project, cast)
            return perform(Project.objects.get(pk=project.pk), "advance", by=cast.priya).row

    return make


def work(project: Project, cast: SimpleNamespace) -> None:
    from tests.cast import move, step_of

    if step_of(project, "release.step-1").status == "not_started":
        move(project, "release.step-1", "start", cast.sofia)
        move(project, "release.step-1", "complete", cast.sofia)


def the_period(project: Project) -> SupportPeriod:
    return SupportPeriod.objects.filter(project=project).latest("number")


def at(days: int) -> dt.datetime:
    return GO_LIVE + dt.timedelta(days=days)


# -- It begins ---------------------------------------------------------------------------------------------------------------


def test_it_begins_with_the_go_live_and_the_biller_is_told(make_live, cast):
    with time_machine.travel(GO_LIVE, tick=False):
        project = make_live()
        period = the_period(project)
    assert (period.number, period.starts_on, period.days, period.planned_end) == (1, DAY, 90, dt.date(2027, 2, 22))
    assert (period.state, period.tsm, period.evaluate_on) == (SupportState.RUNNING, cast.tess, None)
    turn = period.turns.get()
    assert (turn.kind, turn.by, turn.told) == (Turn.STARTED, cast.priya, ["Bo Halvorsen"])
    mail = OutgoingMail.objects.get(kind="support-started")
    assert (mail.person, mail.key) == (cast.bo, f"support:{turn.pk}:{cast.bo.pk}")
    said = Letter.of(turn.letter)
    assert said.subject == "Marrow County Tax: your support begins"
    assert "lasts until February 22, 2027" in turn.letter
    assert "Tess Moreau (tess@example.org)" in turn.letter
    assert "Open a case in the Biller Portal" in turn.letter


def test_a_moved_target_does_not_move_it(make_live, cast):
    """The presentation was held for another day: what counts is when it went live."""
    project = make_live(at=GO_LIVE + dt.timedelta(days=9), target_go_live=dt.date(2026, 11, 24))
    assert the_period(project).starts_on == DAY + dt.timedelta(days=9)


def test_the_help_desk_supports_from_the_first_day(make_live, decided):
    decided.terms = HELP_DESK
    with time_machine.travel(GO_LIVE, tick=False):
        project = make_live()
    period = the_period(project)
    assert (period.state, period.planned_end, period.ended_on, period.tsm) == ("ended", DAY, DAY, None)
    assert "Help Desk supports you from this day on" in period.turns.get().letter
    assert not [c for c in support_criteria(project.gate_facts(DAY)) if not c.met]


def test_nothing_begins_where_nothing_is_decided_and_it_begins_late(make_live, decided, cast):
    decided.terms = None
    with time_machine.travel(GO_LIVE, tick=False):
        project = make_live()
        assert not SupportPeriod.objects.exists()
        assert ensure_period(project, by=cast.tess) is None
    decided.terms = OPEN
    with time_machine.travel(at(4), tick=False):
        with pytest.raises(NotPermitted):
            ensure_period(project, by=cast.priya)
        period = ensure_period(project, by=cast.tess)
        assert period is not None
        assert period.starts_on == DAY
        assert ensure_period(project, by=cast.tess) is None
    assert SupportPeriod.objects.count() == 1


def test_a_return_takes_it_back_and_the_next_go_live_begins_the_second(make_live, cast):
    with time_machine.travel(GO_LIVE, tick=False):
        project = make_live()
    with time_machine.travel(at(3), tick=False):
        back = perform(project, "return_to", by=cast.priya, phase="release", note="Payments fail").row
        period = the_period(project)
        assert (period.state, period.ended_on) == ("withdrawn", DAY + dt.timedelta(days=3))
        turn = period.turns.get(kind=Turn.WITHDRAWN)
        assert turn.reason == "Payments fail"
        assert "Payments fail" not in turn.letter
        assert "taken back" in turn.letter
        assert TransitionRecord.objects.of(period).first().move == "withdraw_support"
    with time_machine.travel(at(10), tick=False):
        work(back, cast)
        perform(Project.objects.get(pk=back.pk), "advance", by=cast.priya)
    assert list(project.support_periods.order_by("number").values_list("number", "state", "starts_on")) == [
        (1, "withdrawn", DAY), (2, "running", DAY + dt.timedelta(days=10)),
    ]  # fmt: skip


# -- It is moved -------------------------------------------------------------------------------------------------------------


def test_it_is_extended_with_a_reason_by_client_services(make_live, cast):
    project = make_live()
    period, until = the_period(project), dt.date(2027, 3, 22)
    with time_machine.travel(at(40), tick=False):
        with pytest.raises(NotPermitted):
            perform(period, "extend_support", by=cast.priya, until=until, note="x")
        for wrong in (
            {"note": "x"},
            {"until": until},
            {"until": period.planned_end, "note": "x"},
            {"until": dt.date(2028, 6, 1), "note": "x"},
        ):
            with pytest.raises(MoveRefused):
                perform(period, "extend_support", by=cast.tess, **wrong)
        row = perform(period, "extend_support", by=cast.tess, until=until, note="Rejects", revision=0).row
        with pytest.raises(StaleRow):
            perform(period, "extend_support", by=cast.cora, until=dt.date(2027, 4, 1), note="x", revision=0)
    assert (row.state, row.planned_end) == ("running", until)
    turn = row.turns.get(kind=Turn.EXTENDED)
    assert (turn.old_end, turn.new_end, turn.reason) == (dt.date(2027, 2, 22), until, "Rejects")
    assert "until March 22, 2027, not February 22, 2027" in turn.letter
    assert "Rejects" not in turn.letter


def test_an_open_end_waits_for_its_evaluation(make_live, cast, decided):
    decided.terms = OPEN
    period = the_period(make_live())
    assert period.evaluate_on == dt.date(2026, 12, 24)
    assert end_due(at(35)) == 0
    for move, more in (("end_support", {}), ("extend_support", {"until": dt.date(2027, 1, 20)})):
        with pytest.raises(MoveRefused, match=r"[Ee]valuate"):
            perform(period, move, by=cast.tess, note="x", now=at(31), **more)
    with pytest.raises(MoveRefused, match="30 days"):
        evaluate(period, by=cast.tess, note="x", now=at(20))
    row = evaluate(period, by=cast.tess, note="Rejects", until=dt.date(2027, 1, 20), now=at(31))
    assert (row.state, row.planned_end, row.evaluated_on, row.evaluate_on) == (
        "running", dt.date(2027, 1, 20), at(31).date(), None,
    )  # fmt: skip
    assert "goes on until January 20, 2027" in row.turns.get(kind=Turn.EVALUATED).letter
    with pytest.raises(MoveRefused, match="already"):
        evaluate(row, by=cast.tess, note="x", now=at(32))
    assert end_due(at(56)) == 0
    assert end_due(at(57)) == 1


def test_an_evaluation_that_does_not_go_on_ends_on_its_day_and_not_before(make_live, cast, decided):
    decided.terms = OPEN
    early, late = the_period(make_live()), the_period(make_live("Copperline Gas", "CPG"))
    row = evaluate(early, by=cast.tess, note="All is well", now=at(28))
    assert (row.state, row.planned_end) == ("running", DAY + dt.timedelta(days=30))
    with pytest.raises(MoveRefused, match="at least 30 days"):
        perform(row, "end_support", by=cast.tess, note="x", now=at(29))
    row = evaluate(late, by=cast.tess, note="All is well", now=at(33))
    assert (row.state, row.ended_on) == ("ended", at(33).date())
    assert [bool(turn.letter) for turn in row.turns.order_by("pk")] == [True, False, True]
    assert end_due(at(33)) == 1


def test_it_ends_before_its_day_with_a_reason_alone(make_live, cast):
    period = the_period(make_live())
    with pytest.raises(MoveRefused, match="say why"):
        perform(period, "end_support", by=cast.tess, now=at(20))
    with pytest.raises(MoveRefused, match="runs until"):
        perform(period, "end_support", by=None, now=at(20))
    row = perform(period, "end_support", by=cast.cora, note="They asked for it", now=at(20)).row
    assert (row.state, row.ended_on) == ("ended", at(20).date())
    assert "help desk supports you now" in row.turns.get(kind=Turn.ENDED).letter


def test_the_clock_ends_it_once_on_the_companys_day(make_live):
    period = the_period(make_live())
    with time_machine.travel(dt.datetime(2027, 2, 22, 4, 59, tzinfo=dt.UTC), tick=False):  # 23:59 of the 21st there
        assert end_support_periods() == 0
    with time_machine.travel(dt.datetime(2027, 2, 22, 5, 1, tzinfo=dt.UTC), tick=False):
        assert end_support_periods() == 1
        assert end_support_periods() == 0
    turn = period.turns.get(kind=Turn.ENDED)
    assert (turn.by, turn.day) == (None, dt.date(2027, 2, 22))
    assert OutgoingMail.objects.filter(kind="support-ended").count() == 1


def test_only_the_projects_return_takes_it_back(make_live, cast):
    with pytest.raises(NotPermitted):
        perform(the_period(make_live()), "withdraw_support", by=cast.adele, note="x")


# -- It holds the project open -----------------------------------------------------------------------------------------------


def test_a_project_is_not_completed_while_support_runs(make_live, cast):
    from tests.cast import move

    project = make_live()
    move(project, "post-live.step-2", "mark_not_applicable", cast.sofia, note="No app")
    with pytest.raises(MoveRefused, match="runs until Feb 22, 2027: end it, or wait"):
        perform(Project.objects.get(pk=project.pk), "complete", by=cast.priya, now=at(10))
    end_due(at(95))
    perform(Project.objects.get(pk=project.pk), "complete", by=cast.priya, now=at(96))
    period = the_period(project)
    for act in (
        lambda: perform(period, "extend_support", by=cast.tess, until=dt.date(2027, 5, 1), note="x"),
        lambda: name_tsm(period, cast.cora, by=cast.tess),
        lambda: send_letter(period.turns.first(), by=cast.tess),
        lambda: ensure_period(project, by=cast.tess),
        lambda: SupportPeriod.objects.filter(pk=period.pk).update(support="x"),
        lambda: SupportTurn(project=project, period=period, kind="ended", day=DAY, new_end=DAY).save(),
    ):
        with pytest.raises(Archived), transaction.atomic():
            act()
    client = Client()
    client.force_login(cast.tess)
    page = client.get(reverse("support", args=[project.code]))
    assert page.status_code == 200
    assert "<form class" not in page.content.decode().split("<main")[1]
    assert (
        client.post(reverse("support", args=[project.code]), {"act": "end", "note": "x", "revision": 9}).status_code
        == 409
    )


# -- Its people --------------------------------------------------------------------------------------------------------------


def test_the_tsm_leaves_and_the_biller_is_told_of_the_next(make_live, cast):
    with time_machine.travel(GO_LIVE, tick=False):
        project = make_live()
        seen = plan(cast.tess, cast.cora)
        assert "supports the biller (Transition Success)" in str(seen.projects[0].facts)
        replace_person(cast.tess, cast.cora, by=cast.adele, fingerprint=seen.fingerprint)
        period = the_period(project)
        assert period.tsm == cast.cora
        turn = period.turns.get(kind=Turn.TSM)
        assert "Cora Lindqvist" in turn.letter
        assert turn.reason == "Cora Lindqvist, before: Tess Moreau"
        assert OutgoingMail.objects.filter(kind="support-tsm", person=cast.bo).count() == 1


def test_a_tsm_who_leaves_without_a_successor_is_missed_on_the_page(make_live, cast):
    with time_machine.travel(GO_LIVE, tick=False):
        project = make_live()
        replace_person(cast.tess, None, by=cast.adele, fingerprint=plan(cast.tess).fingerprint)
        period = the_period(project)
        assert (period.tsm, period.turns.get(kind=Turn.TSM).letter) == (None, "")
        with pytest.raises(ValidationError):
            name_tsm(period, cast.sofia, by=cast.cora)
        name_tsm(period, cast.cora, by=cast.cora, revision=period.revision)
    assert the_period(project).tsm == cast.cora


def test_nobody_to_tell_is_said_and_told_later(make_live, cast):
    with time_machine.travel(GO_LIVE, tick=False):
        project = make_live(people={role: who for role, who in usual_people(cast).items() if role != "B"})
        turn = the_period(project).turns.get()
        assert turn.told == []
        assert not OutgoingMail.objects.filter(kind="support-started").exists()
        client = Client()
        client.force_login(cast.tess)
        here = reverse("support", args=[project.code])
        assert "Nobody was told" in client.get(here).content.decode()
        send = reverse("support-letter", args=[project.code, turn.pk])
        refused = client.post(send)
        assert refused.status_code == 409
        fill_seat(project, Seat.objects.get(project=project, role__code="B").pk, cast.bo, by=cast.priya)
        assert client.post(send).status_code == 302
        assert OutgoingMail.objects.get(kind="support-started").person == cast.bo
        assert client.post(send).status_code == 409
        shown = client.get(here).content.decode()
    assert "Nobody was told" not in shown
    assert "Bo Halvorsen" in shown


def test_a_contact_is_told_where_no_playbook_has_a_seat_for_the_biller(
    make_live, cast, mailoutbox, django_capture_on_commit_callbacks
):
    with time_machine.travel(GO_LIVE, tick=False), django_capture_on_commit_callbacks(execute=True):
        project = make_live(people={r: who for r, who in usual_people(cast).items() if r != "B"})
        tess, address = as_(cast.tess), reverse("support-contact", args=[project.code])
        assert "Name the contact" in tess.get(reverse("support", args=[project.code])).content.decode()
        for wrong in (cast.sofia.pk, cast.pat.pk, "x"):
            assert tess.post(address, {"contact": wrong, "revision": 0}).status_code == 400
        assert as_(cast.priya).post(address, {"contact": cast.bo.pk, "revision": 0}).status_code == 403
        assert tess.post(address, {"contact": cast.bo.pk, "revision": 0}).status_code == 302
        assert tess.post(address, {"contact": cast.bo.pk, "revision": 0}).status_code == 409
        started_ = the_period(project).turns.get()
        assert tess.post(reverse("support-letter", args=[project.code, started_.pk])).status_code == 302
        turn = perform(the_period(project), "end_support", by=cast.tess, note="x").row.turns.latest("pk")
        assert turn.told == ["Bo Halvorsen"]
        assert as_(cast.bo).get(project.get_absolute_url()).status_code == 404
    letters = [one for one in mailoutbox if "support" in one.subject]
    assert [one.to for one in letters] == [["bo@example.org"]] * 2
    assert "Open your project" not in letters[0].body


def test_the_letter_goes_out_as_text_and_html_with_one_button(
    make_live, cast, mailoutbox, settings, django_capture_on_commit_callbacks
):
    settings.WELCOME_LEAFLET_URL = "https://files.example/welcome.pdf"
    with time_machine.travel(GO_LIVE, tick=False), django_capture_on_commit_callbacks(execute=True):
        make_live()
    [mail] = [one for one in mailoutbox if one.to == ["bo@example.org"] and "support" in one.subject]
    assert mail.subject == "[MRW-1] Marrow County Tax: your support begins"
    html = mail.alternatives[0][0]
    for words in ("https://files.example/welcome.pdf", "Tess Moreau", "Biller Portal", "Open your project"):
        assert words in mail.body
        assert words in html


# -- What is due -------------------------------------------------------------------------------------------------------------


def said(now: dt.datetime) -> set[tuple[str, str]]:
    from accounts.models import User

    names = dict(User.objects.values_list("pk", "name"))
    return {
        (names[due.person_id].split()[0], due.occasion.split(":")[0])
        for due in decide(now, read(now))
        if due.until > now
    }


def test_what_is_due_is_said_to_whom_it_concerns(make_live, decided, cast):
    decided.terms = OPEN
    period = the_period(make_live())
    assert said(at(26)) == set()
    assert said(at(27)) == {("Tess", "support-evaluate")}
    evaluate(period, by=cast.tess, note="x", until=dt.date(2027, 1, 20), now=at(30))
    assert said(at(31)) == set()
    assert said(at(50)) == {("Tess", "support-ends"), ("Cora", "support-ends")}
    end_due(at(57))
    assert said(at(58)) == {("Tess", "support-ended"), ("Cora", "support-ended")}
    assert said(at(70)) == set()


def test_the_sweep_writes_each_once_and_still_knows_when_it_is_so_no_more(make_live, decided, cast):
    from handoff.support.reminding import still_so
    from projects.models import Notice

    decided.terms = OPEN
    period = the_period(make_live())
    with time_machine.travel(at(27), tick=False):
        sweep(at(27))
        sweep(at(27) + dt.timedelta(minutes=10))
        notice = Notice.objects.get(kind="support_evaluation")
        assert notice.person == cast.tess
        assert list(still_so([notice])) == [notice.pk]
        evaluate(period, by=cast.tess, note="x", until=dt.date(2027, 1, 20))
        assert list(still_so([notice])) == []


# -- Pages -------------------------------------------------------------------------------------------------------------------


def as_(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_who_sees_and_moves_it_on_its_page(make_live, cast):
    project = make_live()
    here = reverse("support", args=[project.code])
    with time_machine.travel(at(11), tick=False):
        shown = as_(cast.tess).get(here).content.decode()
        assert "Day 12 of 90, ends Feb 22, 2027" in shown
        assert "There is no hypercare" in shown
        assert "Extend it" in shown
        assert "Write the evaluation down" not in shown
        assert "Extend it" not in as_(cast.priya).get(here).content.decode()
        for outside in (cast.bo, cast.pat, cast.mallory):
            assert as_(outside).get(here).status_code == 404
            assert as_(outside).post(here, {"act": "end"}).status_code == 404
        assert as_(cast.priya).post(here, {"act": "end", "note": "x", "revision": 0}).status_code == 403
        tess = as_(cast.tess)
        refused = tess.post(here, {"act": "extend", "until": "2027-01-01", "note": "Kept words", "revision": 0})
        assert refused.status_code == 409
        assert "Kept words" in refused.content.decode()
        assert "choose a later day" in refused.content.decode()
        for wrong in (
            {"act": "extend", "until": "soon", "note": "x"},
            {"act": "extend", "note": "x" * 2001},
            {"act": "fly"},
            {},
        ):
            assert tess.post(here, {"revision": 0, **wrong}).status_code == 400
        sent = {"act": "extend", "until": "2027-03-22", "note": "Rejects", "revision": 0}
        assert tess.post(here, sent).status_code == 302
        stale = tess.post(here, {**sent, "until": "2027-04-22"})
        assert stale.status_code == 409
        assert "changed since you saw it" in stale.content.decode()
        assert tess.post(here, {"act": "end", "note": "", "revision": 1}).status_code == 409
        assert tess.post(here, {"act": "end", "note": "Agreed", "revision": 1}).status_code == 302
        assert tess.post(here, {"act": "end", "note": "Agreed", "revision": 2}).status_code == 409
        assert "Ended" in tess.get(here).content.decode()


def test_the_evaluation_on_its_page(make_live, decided, cast):
    decided.terms = OPEN
    project = make_live()
    here = reverse("support", args=[project.code])
    with time_machine.travel(at(33), tick=False):
        tess = as_(cast.tess)
        shown = tess.get(here).content.decode()
        assert "Evaluation was due Dec 24, 3 days ago" in shown
        assert "Extend it" not in shown
        base = {"act": "evaluate", "revision": 0, "note": "Fine"}
        assert tess.post(here, {**base, "goes_on": "yes"}).status_code == 400
        assert tess.post(here, {**base, "goes_on": "no", "until": "2027-02-01"}).status_code == 400
        assert tess.post(here, {**base, "goes_on": "no"}).status_code == 302
    assert the_period(project).state == "ended"


def test_the_page_of_a_go_live_without_a_tier(make_live, decided, cast):
    decided.terms = None
    project = make_live()
    here, tess = reverse("support", args=[project.code]), as_(cast.tess)
    with time_machine.travel(at(1), tick=False):
        assert "its tier was never decided" in tess.get(here).content.decode()
        assert tess.post(reverse("begin-support", args=[project.code])).status_code == 409
        assert "the tier was never decided" in as_(cast.priya).get(project.get_absolute_url()).content.decode()
        decided.terms = FIXED
        assert "Begin the support" in tess.get(here).content.decode()
        assert as_(cast.priya).post(reverse("begin-support", args=[project.code])).status_code == 403
        assert tess.post(reverse("begin-support", args=[project.code])).status_code == 302
        assert "Day 2 of 90" in as_(cast.priya).get(project.get_absolute_url()).content.decode()


def test_naming_the_tsm_on_the_page(make_live, cast):
    project = make_live()
    address, tess = reverse("support-tsm", args=[project.code]), as_(cast.tess)
    assert tess.post(address, {"tsm": cast.sofia.pk, "revision": 0}).status_code == 400
    assert as_(cast.priya).post(address, {"tsm": cast.cora.pk, "revision": 0}).status_code == 403
    assert tess.post(address, {"tsm": cast.cora.pk, "revision": 0}).status_code == 302
    assert tess.post(address, {"tsm": cast.tess.pk, "revision": 0}).status_code == 409


def test_people_outside_read_who_supports_them(make_live, decided, cast, settings):
    settings.WELCOME_LEAFLET_URL = "https://files.example/welcome.pdf"
    project = make_live()
    with time_machine.travel(at(11), tick=False):
        shown = as_(cast.bo).get(project.get_absolute_url()).content.decode()
        for words in (
            "Your support",
            "Tess Moreau",
            "Feb 22, 2027",
            "Biller Portal",
            "https://files.example/welcome.pdf",
        ):
            assert words in shown
        perform(the_period(project), "end_support", by=cast.tess, note="Secret reason")
        shown = as_(cast.bo).get(project.get_absolute_url()).content.decode()
    assert "supports you since Dec 5, 2026" in shown
    assert "Secret reason" not in shown


def test_the_list_shows_what_one_may_see_and_costs_the_same_for_many(make_live, cast, django_assert_num_queries):
    here = reverse("supports")
    tess, sofia = as_(cast.tess), as_(cast.sofia)
    assert "No support runs" in tess.get(here).content.decode()
    assert "You support nobody just now" in as_(cast.cora).get(f"{here}?mine=on").content.decode()
    make_live()
    with time_machine.travel(at(11), tick=False):
        with django_assert_num_queries(5):
            tess.get(here)
        for number, letters in enumerate(("AAA", "BBB", "CCC")):
            make_live(
                f"Other {number}",
                letters,
                people={"PM": cast.priya, "SE": cast.sofia, "INM": cast.ingrid} if number else None,
            )
        with django_assert_num_queries(5):
            shown = tess.get(here).content.decode()
        assert shown.count("Day 12 of 90") == 3 * 4
        assert "Other 2" in sofia.get(here).content.decode()
        assert "Other 2" not in tess.get(f"{here}?mine=on").content.decode()
        assert as_(cast.mallory).get(here).status_code == 200
        assert "Other 2" not in as_(cast.mallory).get(here).content.decode()
        assert as_(cast.bo).get(here).status_code == 404


def test_its_page_costs_the_same_for_many_turns(make_live, cast, django_assert_num_queries):
    project = make_live()
    here, tess = reverse("support", args=[project.code]), as_(cast.tess)
    with time_machine.travel(at(11), tick=False):
        with django_assert_num_queries(PAGE_QUERIES):
            tess.get(here)
        for month in (3, 4, 5, 6):
            perform(the_period(project), "extend_support", by=cast.tess, until=dt.date(2027, month, 22), note="x")
        with django_assert_num_queries(PAGE_QUERIES):
            tess.get(here)


PAGE_QUERIES = 11


def test_history_tells_of_it(make_live, cast):
    project = make_live()
    perform(the_period(project), "extend_support", by=cast.tess, until=dt.date(2027, 3, 22), note="Rejects", now=at(11))
    shown = as_(cast.priya).get(reverse("project-history", args=[project.code])).content.decode()
    assert "Transition Success" in shown
    assert "extended" in shown


def test_the_demo_has_one_extended_and_one_ended(make_live, cast, decided):
    from handoff.support.demo import chapter

    people = seed_people("x" * 12)
    for number, letters in enumerate(("AAA", "BBB", "CCC")):
        project = make_live(f"Other {number}", letters)
        chapter(project, "post_live", people, at(20), False)
    kinds = [sorted(period.turns.values_list("kind", flat=True)) for period in SupportPeriod.objects.order_by("pk")]
    assert kinds == [["extended", "started"], ["ended", "started"], ["started"]]


def test_a_demo_project_that_is_live_has_support(playbooks):
    people = seed_people("every-gate-opens")
    versions = {version.playbook.slug: version for version in playbooks.values()}
    now = dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)
    with time_machine.travel(now, tick=False):
        project = live_through(list(plans(9))[8], people, versions, now)
    period = the_period(project)
    assert period.starts_on == project.actual_go_live
    assert period.turns.filter(kind=Turn.STARTED).count() == 1
