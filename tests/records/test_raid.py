"""The RAID log's services: what an item may say, who may write it, how it moves, and whether the log is active."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from projects.models import Approval, Notice, Project
from projects.replace import plan, replace_person
from records.models import RaidItem, RaidLink, RaidReview
from records.raid import (
    Verdict,
    become_issue,
    change_item,
    link_item,
    log_is_active,
    raise_item,
    review_item,
    review_log,
    show_item,
    unlink_item,
)
from records.raid_page import sentence
from tests.cast import step_of
from tests.transitions.made_up import a_step, publish, started
from transitions.blockers import Archived, MoveRefused, NotPermitted, StaleRow
from transitions.machine import StateGuarded
from transitions.models import TransitionRecord
from transitions.moves import perform

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
TODAY = NOW.date()


@pytest.fixture
def project(cast: SimpleNamespace) -> Project:
    """Everybody usual has a seat, save Tess, Cora, Pat and Mallory."""
    return started(cast, publish(a_step(1), a_step(2)))


@pytest.fixture
def foreign(cast: SimpleNamespace, project: Project) -> Project:
    return started(cast, publish(a_step(1), slug="other"), biller_name="Copperline Gas", biller_code="CPG", people={})


def a_risk(project: Project, by: User, **changes: Any) -> RaidItem:
    values = {
        "title": "The balance file is late", "cause": "the nightly run grows", "event": "the file misses the cut-off",
        "effect": "payers see an old balance", "probability": 4, "impact": 5, "strategy": "reduce", "response": "A second window",
        "due": dt.date(2026, 12, 1), "trend": "up", "notes": "sekret",
    }  # fmt: skip
    return raise_item(project, "risk", by=by, **{**values, **changes})


def afresh(item: RaidItem) -> RaidItem:
    return RaidItem.objects.get(pk=item.pk)


def complete(project: Project, cast: SimpleNamespace) -> None:
    for key in ("design.step-1", "design.step-2"):
        for name in ("start", "complete"):
            perform(step_of(project, key), name, by=cast.sofia)
    perform(Project.objects.get(pk=project.pk), "complete", by=cast.priya)


# What an item says


def test_an_item_is_numbered_by_project_and_kind(project, foreign, cast):
    made = [
        raise_item(project, kind, title="x", by=cast.sofia)
        for kind in ("risk", "assumption", "issue", "dependency", "risk")
    ]
    elsewhere = raise_item(foreign, "risk", title="x", by=cast.adele)

    assert [item.code for item in made] == ["R-1", "A-1", "I-1", "D-1", "R-2"]
    assert (elsewhere.code, elsewhere.state, elsewhere.raised_by) == ("R-1", "open", cast.adele)
    assert RaidItem.objects.filter(project=project).called("r-2").get() == made[4]
    assert [list(RaidItem.objects.called(name)) for name in ("", "R", "X-1", "R-", "R-²", "R-999999")] == [[]] * 6


def test_a_risk_has_an_exposure_and_a_sentence(project, cast):
    risk = a_risk(project, cast.priya, owner=cast.sofia)

    assert (risk.exposure, risk.owner) == (20, cast.sofia)
    assert sentence(risk) == (
        "Because the nightly run grows, it may happen that the file misses the cut-off, and then payers see an old balance."
    )
    assert (
        sentence(raise_item(project, "issue", title="x", event="It broke.", by=cast.priya))
        == "It came about that It broke."
    )
    assert sentence(raise_item(project, "issue", title="x", by=cast.priya)) == ""


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("risk", {"probability": 4}),
        ("risk", {"impact": 4}),
        ("risk", {"probability": 6, "impact": 1}),
        ("risk", {"probability": 0, "impact": 1}),
        ("issue", {"probability": 4, "impact": 5}),
        ("issue", {"strategy": "avoid"}),
        ("risk", {"strategy": "hope"}),
        ("risk", {"trend": "sideways"}),
        ("risk", {"title": "  "}),
        ("risk", {"title": "x" * 201}),
        ("risk", {"cause": "x" * 2001}),
        ("risk", {"notes": "x" * 4001}),
        ("wish", {}),
    ],
)
def test_what_is_impossible_is_refused(project, cast, kind, values):
    with pytest.raises(ValidationError), transaction.atomic():
        raise_item(project, kind, by=cast.priya, **{"title": "x", **values})
    assert RaidItem.objects.count() == 0


def test_the_database_refuses_half_an_exposure_and_weighed_issues(project, cast):
    risk, issue = a_risk(project, cast.priya), raise_item(project, "issue", title="x", by=cast.priya)
    for row, values in ((risk, {"impact": None}), (risk, {"probability": 6}), (issue, {"probability": 1, "impact": 1})):
        with pytest.raises(IntegrityError), transaction.atomic():
            RaidItem.objects.filter(pk=row.pk).update(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        RaidLink(project=project, item=risk).save()


def test_an_owner_has_a_seat_and_hears_of_it_unless_it_was_their_own_act(project, cast):
    for person in (cast.tess, cast.mallory, cast.pat):
        with pytest.raises(ValidationError), transaction.atomic():
            a_risk(project, cast.priya, owner=person)
    risk = a_risk(project, cast.priya, owner=cast.sofia)
    raise_item(project, "issue", title="sekret", owner=cast.priya, by=cast.priya)
    told = Notice.objects.filter(kind="owned")

    assert [(n.person, n.text, n.address) for n in told] == [
        (cast.sofia, "R-1 in the RAID log of Marrow County Tax is yours now.", risk.get_absolute_url())
    ]
    change_item(risk, by=cast.sofia, owner=cast.arun)
    change_item(risk, by=cast.sofia, title="Another title")
    assert [n.person for n in told.order_by("pk")] == [cast.sofia, cast.arun]


def test_an_owner_outside_hears_of_what_they_may_read_alone(project, cast):
    item = raise_item(project, "dependency", title="Samples", owner=cast.bo, by=cast.priya)
    assert Notice.objects.filter(kind="owned").count() == 0
    show_item(item, visible=True, by=cast.priya)
    change_item(item, by=cast.priya, owner=cast.sofia)
    change_item(item, by=cast.priya, owner=cast.bo)
    assert [(n.person, n.address) for n in Notice.objects.filter(kind="owned", person=cast.bo)] == [
        (cast.bo, project.get_absolute_url())
    ]


# Who may


@pytest.mark.parametrize("who", ["tess", "mallory", "bo", "pat"])
def test_who_has_no_seat_inside_writes_nothing(project, cast, who):
    person, risk = getattr(cast, who), a_risk(project, cast.priya)
    link = link_item(risk, step_id=project.board.steps[0].id, by=cast.priya)
    acts: list[Any] = [
        lambda: raise_item(project, "risk", title="x", by=person),
        lambda: change_item(risk, title="x", by=person),
        lambda: review_item(risk, by=person),
        lambda: become_issue(risk, by=person),
        lambda: show_item(risk, visible=True, by=person),
        lambda: link_item(risk, step_id=project.board.steps[1].id, by=person),
        lambda: unlink_item(risk, link.pk, by=person),
        lambda: review_log(project, by=person),
        lambda: perform(risk, "mitigate", by=person),
    ]
    before = list(RaidItem.objects.values())
    for act in acts:
        with pytest.raises(NotPermitted), transaction.atomic():
            act()
    assert (list(RaidItem.objects.values()), RaidLink.objects.count(), RaidReview.objects.count()) == (before, 1, 0)


def test_only_who_runs_the_project_shows_an_item_to_the_customer(project, cast):
    risk = a_risk(project, cast.sofia)
    for person in (cast.sofia, cast.arun):
        with pytest.raises(NotPermitted), transaction.atomic():
            show_item(risk, visible=True, by=person)
    shown = show_item(risk, visible=False, with_response=True, by=cast.ivan)
    assert (shown.visible_to_customer, shown.response_to_customer) == (False, False)
    shown = show_item(risk, visible=True, with_response=True, by=cast.priya)
    assert (shown.visible_to_customer, shown.response_to_customer, shown.revision) == (True, True, 1)
    with pytest.raises(StaleRow), transaction.atomic():
        show_item(risk, visible=True, by=cast.priya, revision=0)


# Changing


def test_a_change_counts_and_a_stale_one_is_refused(project, cast):
    risk = a_risk(project, cast.priya, now=NOW)
    later = NOW + dt.timedelta(days=3)
    assert change_item(risk, by=cast.sofia, revision=0, title=risk.title, probability=4, now=later).revision == 0
    assert afresh(risk).touched_at == NOW
    changed = change_item(risk, by=cast.sofia, revision=0, title=" Late file ", probability=2, now=later)
    assert (changed.title, changed.exposure, changed.revision, changed.touched_at) == ("Late file", 10, 1, later)
    with pytest.raises(StaleRow) as refused, transaction.atomic():
        change_item(risk, by=cast.priya, revision=0, title="Mine")
    assert refused.value.row.title == "Late file"
    kept = RaidItem.history.filter(id=risk.pk, history_type="~").get()
    assert (kept.before, kept.history_user) == ({"title": "The balance file is late", "probability": 4}, cast.sofia)


def test_what_is_no_field_is_a_fault_of_ours(project, cast):
    for name in ("state", "visible_to_customer", "became", "raised_by"):
        with pytest.raises(TypeError), transaction.atomic():
            raise_item(project, "risk", title="x", by=cast.priya, **{name: None})


def test_a_review_is_an_act_of_its_own(project, cast):
    risk = a_risk(project, cast.priya)
    for _ in range(2):
        review_item(risk, by=cast.sofia, now=NOW)
    row = afresh(risk)
    assert (row.reviewed_on, row.reviewed_by, row.touched_at, row.revision) == (TODAY, cast.sofia, NOW, 0)
    assert RaidItem.history.filter(id=risk.pk, history_type="~").count() == 1


# Moves


def test_its_life_and_the_record_of_it(project, cast):
    risk = a_risk(project, cast.priya)
    perform(risk, "mitigate", by=cast.sofia, now=NOW)
    for name in ("close_item", "mitigate", "reopen_item"):
        with pytest.raises(MoveRefused), transaction.atomic():
            perform(risk, name, by=cast.sofia)
    perform(risk, "close_item", by=cast.sofia, note="Two windows now")
    with pytest.raises(MoveRefused), transaction.atomic():
        perform(risk, "reopen_item", by=cast.sofia)
    row = perform(risk, "reopen_item", by=cast.arun, note="It is late again").row

    assert (row.state, row.revision) == ("open", 3)
    told = TransitionRecord.objects.of(risk).order_by("pk").values_list("move", "source", "target", "note", "root_id")
    assert list(told) == [
        ("mitigate", "open", "mitigating", "", project.pk),
        ("close_item", "mitigating", "closed", "Two windows now", project.pk),
        ("reopen_item", "closed", "open", "It is late again", project.pk),
    ]
    for write in (
        lambda: RaidItem.objects.update(state="closed"),
        lambda: setattr(row, "state", "closed"),
        lambda: RaidItem(project=project, kind="risk", number=9, title="x", raised_by=cast.priya, state="closed"),
        lambda: row.delete(),
    ):
        with pytest.raises((StateGuarded, AttributeError)), transaction.atomic():
            write()


def test_a_risk_becomes_an_issue_in_one_act(project, cast):
    risk = a_risk(project, cast.priya, owner=cast.arun)
    show_item(risk, visible=True, by=cast.priya)
    link_item(risk, step_id=project.board.steps[0].id, by=cast.priya)
    raise_item(project, "issue", title="Another", by=cast.priya)

    issue = become_issue(risk, by=cast.sofia, revision=1, now=NOW)
    row = afresh(risk)

    assert (issue.code, issue.kind, issue.state, issue.exposure, issue.strategy) == ("I-2", "issue", "open", None, "")
    carried = ("title", "cause", "event", "effect", "response", "owner_id", "due", "notes")
    assert [getattr(issue, name) for name in carried] == [getattr(row, name) for name in carried]
    assert (issue.visible_to_customer, issue.raised_by, issue.raised_at) == (False, cast.sofia, NOW)
    assert (
        [link.step_id for link in issue.links.all()]
        == [link.step_id for link in row.links.all()]
        == [project.board.steps[0].id]
    )
    assert (row.state, row.became, issue.came_from) == ("closed", issue, row)
    assert TransitionRecord.objects.of(risk).get().note == "Became I-2."
    assert [n.person for n in Notice.objects.filter(occasion__startswith=f"raid:{issue.pk}:")] == [cast.arun]
    with pytest.raises(MoveRefused) as refused, transaction.atomic():
        perform(risk, "reopen_item", by=cast.priya, note="Again")
    assert [(b.code, b.link) for b in refused.value.blockers] == [("became-issue", issue.get_absolute_url())]


def test_what_is_no_open_risk_becomes_nothing(project, cast):
    risk, issue = a_risk(project, cast.priya), raise_item(project, "issue", title="x", by=cast.priya)
    with pytest.raises(StaleRow), transaction.atomic():
        become_issue(risk, by=cast.priya, revision=7)
    with pytest.raises(MoveRefused), transaction.atomic():
        become_issue(issue, by=cast.priya)
    become_issue(risk, by=cast.priya)
    with pytest.raises(MoveRefused), transaction.atomic():
        become_issue(risk, by=cast.priya)
    assert RaidItem.objects.filter(kind="issue").count() == 2


# Links


def test_links_lead_to_steps_and_decisions_of_the_same_project(project, foreign, cast):
    risk, step = a_risk(project, cast.priya), project.board.steps[0].id
    decision = Approval(project=project, step_id=step, decision="approved", by=cast.ingrid)
    decision.save()
    theirs = Approval(project=foreign, step_id=foreign.board.steps[0].id, decision="approved", by=cast.adele)
    theirs.save()
    made = [link_item(risk, step_id=step, by=cast.sofia), link_item(risk, decision_id=decision.pk, by=cast.sofia)]
    assert [
        link_item(risk, step_id=step, by=cast.sofia),
        link_item(risk, decision_id=decision.pk, by=cast.sofia),
    ] == made
    for wrong in (
        {"step_id": foreign.board.steps[0].id}, {"decision_id": theirs.pk}, {}, {"step_id": step, "decision_id": decision.pk},
    ):  # fmt: skip
        with pytest.raises(ValidationError), transaction.atomic():
            link_item(risk, by=cast.sofia, **wrong)
    assert RaidLink.objects.count() == 2
    unlink_item(risk, made[0].pk, by=cast.sofia, now=NOW)
    unlink_item(risk, made[0].pk, by=cast.sofia)
    assert (list(risk.links.all()), afresh(risk).touched_at) == ([made[1]], NOW)
    assert RaidLink.history.filter(history_type="-").get().step_id == step


# Whether it is active


def test_the_log_is_active_while_an_open_item_was_touched_in_thirty_days(project, cast):
    assert log_is_active(project, TODAY) == Verdict(False, "The log is not active: no item is open.", None)
    risk = a_risk(project, cast.priya, now=NOW)
    day = dt.timedelta(days=1)

    assert log_is_active(project, TODAY + 30 * day) == Verdict(
        True, "The log is active: an open item was last touched on Nov 20.", TODAY
    )
    assert log_is_active(project, TODAY + 31 * day) == Verdict(
        False, "The log is not active: no open item was touched in 30 days, the last on Nov 20.", TODAY
    )
    for number, act in enumerate(
        (
            lambda now: review_item(risk, by=cast.sofia, now=now),
            lambda now: change_item(risk, by=cast.sofia, title="x", now=now),
            lambda now: perform(risk, "mitigate", by=cast.sofia, now=now),
            lambda now: link_item(risk, step_id=project.board.steps[0].id, by=cast.sofia, now=now),
        ),
        start=1,
    ):
        act(NOW + number * day)
        assert log_is_active(project, TODAY).last_touched == TODAY + number * day
    perform(risk, "close_item", by=cast.sofia, note="Done", now=NOW + 9 * day)
    with CaptureQueriesContext(connection) as asked:
        assert not log_is_active(project, TODAY + 9 * day).active
    assert len(asked) == 1


def test_an_empty_log_can_show_that_it_was_looked_at(project, cast):
    a_risk(project, cast.priya)
    review = review_log(project, by=cast.ivan, note=" Nothing new ", now=NOW)
    assert (review.by, review.at, review.open_items, review.note) == (cast.ivan, NOW, 1, "Nothing new")
    with pytest.raises(ValidationError), transaction.atomic():
        review_log(project, by=cast.ivan, note="x" * 501)
    assert not log_is_active(project, TODAY + dt.timedelta(days=400)).active


# The end of a project, and of a person’s time on it


def test_the_log_of_a_finished_project_stays(project, cast):
    risk = a_risk(project, cast.priya)
    link = link_item(risk, step_id=project.board.steps[0].id, by=cast.priya)
    complete(project, cast)
    before = list(RaidItem.objects.values())
    for act in (
        lambda: raise_item(project, "risk", title="x", by=cast.priya),
        lambda: change_item(risk, title="x", by=cast.priya),
        lambda: review_item(risk, by=cast.priya),
        lambda: become_issue(risk, by=cast.priya),
        lambda: show_item(risk, visible=True, by=cast.priya),
        lambda: unlink_item(risk, link.pk, by=cast.priya),
        lambda: review_log(project, by=cast.priya),
        lambda: perform(risk, "mitigate", by=cast.priya),
        lambda: RaidItem.objects.update(title="x"),
        lambda: RaidLink.objects.all().delete(),
        lambda: RaidReview(project=project, by=cast.priya, open_items=0).save(),
    ):
        with pytest.raises(Archived), transaction.atomic():
            act()
    assert (list(RaidItem.objects.values()), RaidLink.objects.count()) == (before, 1)


def test_what_a_leaver_owns_passes_on_while_it_is_open(project, cast):
    mine, closed = (
        a_risk(project, cast.priya, owner=cast.arun),
        a_risk(project, cast.priya, owner=cast.arun, title="Old"),
    )
    perform(closed, "close_item", by=cast.priya, note="Done")
    shown = plan(cast.arun, cast.tess)
    assert ("Also", "owns R-1 The balance file is late") in shown.projects[0].facts

    replace_person(cast.arun, cast.tess, by=cast.adele, fingerprint=shown.fingerprint)
    assert (afresh(mine).owner, afresh(mine).revision, afresh(closed).owner) == (cast.tess, 1, cast.arun)
    replace_person(cast.tess, None, by=cast.adele, fingerprint=plan(cast.tess, None).fingerprint)
    assert afresh(mine).owner is None


def test_two_requests_for_one_risk_make_one_issue(project, cast):
    risk = a_risk(project, cast.priya)
    stale = afresh(risk)
    become_issue(risk, by=cast.priya)
    with pytest.raises(MoveRefused), transaction.atomic():
        become_issue(stale, by=cast.sofia)
    assert RaidItem.objects.filter(kind="issue").count() == 1
    assert timezone.is_aware(afresh(risk).touched_at)
