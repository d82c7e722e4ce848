"""The Integration Summary: every field filled, or N/A by a named person; accepted as it stands, and reopened by a change."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from handoff.marks import Ready, marks_of
from handoff.models import SummaryAcceptance, SummaryEntry
from handoff.summary.completeness import complete_ids, completeness, summary_rows
from handoff.summary.fields import BY_KEY, FIELDS, LONGEST_TEXT, SECTIONS
from handoff.summary.filling import SummaryRefused, accept_summary, set_field, take_known
from handoff.summary.mark import summary_marks
from handoff.summary.values import clean, differences, digest, is_link, snapshot
from history.tracking import history_of
from projects.models import Notice, NoticeKind, Project
from projects.models.archive import DecisionIsFinal
from projects.settled import Topic, settled
from reminders.project_rows import read
from reminders.project_sources import decide
from tests.cast import MakeProject, finish_phase
from transitions.blockers import Archived, NotPermitted, StaleRow
from transitions.moves import perform

BOTH = ("integration", "transition-to-cs")


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    """A partner integration that is handed over; Priya and Ivan run it, Tess and Cora take it over."""
    return make_project(playbooks=BOTH, mrr=Decimal("3000"))


def fill(project: Project, by: Any, *, leave: tuple[str, ...] = ()) -> None:
    """Say something of every field that is open: links where links are asked for, and N/A for the telephone."""
    said = completeness(project).fields
    for field in FIELDS:
        if field.key in leave or (field.key in said and not said[field.key].is_open):
            continue
        revision = said[field.key].revision if field.key in said else 0
        if field.key == "ivr":
            set_field(project, "ivr", revision=revision, by=by, not_applicable=True, reason="No telephone.")
        else:
            value = "https://files.example.org/x" if field.kind.value == "links" else f"About {field.title}"
            set_field(project, field.key, revision=revision, by=by, value=value)


def accept(project: Project, by: Any, **fields: Any) -> SummaryAcceptance:
    return accept_summary(project, digest=completeness(project).digest, by=by, **fields)


# The fields, against the source.


def test_every_field_of_the_source_is_asked_for():
    assert [field.title for field in FIELDS] == [
        "Integrator", "Biller Software", "General comment", "Invoice types", "Integration videos", "Project notes", "RAID log",
        "Project schedule", "UAT results", "SIT results", "Scope plan", "Invoices", "BIF customizations", "Payments",
        "Adjustments", "Daily balance file", "Change logs", "Rejects", "Conveyance", "IVR",
    ]  # fmt: skip
    assert len(BY_KEY) == len(FIELDS) == 20
    assert len({section.anchor for section in SECTIONS} | set(BY_KEY)) == len(SECTIONS) + len(FIELDS)


# Values, pure.


@pytest.mark.parametrize(
    ("key", "typed", "kept"),
    [
        ("integrator", "  Tyndall \n Systems ", "Tyndall Systems"),
        ("payments", "First\r\nsecond\x00", "First\nsecond"),
        ("invoice-types", " Regular\n\nFinal \nRegular", "Regular\nFinal"),
        ("videos", "https://files.example.org/a b\n", None),
        ("videos", "https://files.example.org/a\n/projects/MRW-1/", "https://files.example.org/a\n/projects/MRW-1/"),
        ("videos", "javascript:alert(1)", None),
        ("videos", "http://files.example.org/", None),
        ("videos", "//files.example.org/", None),
        ("integrator", "x" * 201, None),
        ("payments", "x" * (LONGEST_TEXT + 1), None),
        ("invoice-types", "x" * 101, None),
        ("invoice-types", "\n".join(map(str, range(51))), None),
        ("videos", "\n".join(f"/v{number}" for number in range(21)), None),
    ],
)
def test_values_are_kept_plain_or_refused(key, typed, kept):
    if kept is None:
        with pytest.raises(ValidationError):
            clean(BY_KEY[key], typed)
    else:
        assert clean(BY_KEY[key], typed) == kept


def test_links_of_this_site_may_have_its_host(settings):
    settings.SITE_URL = "http://gatehouse.example.org"
    assert is_link("http://gatehouse.example.org/projects/")
    assert not is_link("http://gatehouse.example.org.elsewhere.org/")


def test_the_digest_is_of_what_is_said_alone():
    one = snapshot([("payments", "Daily", False, ""), ("ivr", "", True, "None"), ("rejects", "", False, "")])
    other = snapshot([("ivr", "", True, "None"), ("payments", "Daily", False, "")])
    assert digest(one) == digest(other)
    assert [(field.key, *words) for field, *words in differences(one, {"payments": {"value": "Weekly"}})] == [
        ("payments", "Daily", "Weekly"),
        ("ivr", "N/A: None", "–"),
    ]


# Filling.


def test_a_field_is_filled_by_name_and_changed_over_what_was_seen(project, cast):
    row = set_field(project, "payments", revision=0, by=cast.sofia, value="Posted nightly.")
    assert (row.value, row.by, row.revision, row.prefilled) == ("Posted nightly.", cast.sofia, 1, False)
    with pytest.raises(StaleRow) as stale:
        set_field(project, "payments", revision=0, by=cast.ivan, value="Posted hourly.")
    assert stale.value.row.value == "Posted nightly."
    row = set_field(project, "payments", revision=1, by=cast.ivan, not_applicable=True, reason=" None  yet ")
    assert (row.value, row.not_applicable, row.reason, row.by) == ("", True, "None yet", cast.ivan)
    row = set_field(project, "payments", revision=2, by=cast.ivan, value="")
    assert row.is_open
    trail = history_of(SummaryEntry).objects.order_by("history_id").values_list("value", "reason", "history_user")
    assert list(trail) == [
        ("Posted nightly.", "", cast.sofia.pk),
        ("", "None yet", cast.ivan.pk),
        ("", "", cast.ivan.pk),
    ]


def test_saying_the_same_again_leaves_no_trace(project, cast):
    set_field(project, "payments", revision=0, by=cast.sofia, value="Nightly.")
    row = set_field(project, "payments", revision=1, by=cast.ivan, value=" Nightly. ")
    assert (row.revision, row.by) == (1, cast.sofia)
    assert history_of(SummaryEntry).objects.count() == 1


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ({"value": ""}, "value"),
        ({"value": "x" * 200_000}, "value"),
        ({"not_applicable": True, "reason": "  "}, "reason"),
        ({"not_applicable": True, "reason": "x" * 501}, "reason"),
    ],
)
def test_what_says_nothing_or_too_much_is_refused(project, cast, said, at):
    with pytest.raises(ValidationError) as refused:
        set_field(project, "payments", revision=0, by=cast.ivan, **said)
    assert list(refused.value.message_dict) == [at]
    assert not SummaryEntry.objects.exists()


def test_an_unknown_field_is_refused(project, cast):
    with pytest.raises(ValidationError, match="no field"):
        set_field(project, "colour", revision=0, by=cast.ivan, value="Red")


@pytest.mark.parametrize("who", ["bo", "pat", "mallory"])
def test_only_who_has_a_seat_inside_writes(project, cast, who):
    with pytest.raises(NotPermitted):
        set_field(project, "payments", revision=0, by=getattr(cast, who), value="x")
    with pytest.raises(NotPermitted):
        take_known(project, by=getattr(cast, who))


def test_client_services_without_a_seat_reads_and_accepts_and_writes_nothing(make_project, cast):
    project = make_project(playbooks=BOTH, people={"PM": cast.priya, "IM": cast.ivan})
    with pytest.raises(NotPermitted):
        set_field(project, "payments", revision=0, by=cast.tess, value="x")
    fill(project, cast.ivan)
    assert accept(project, cast.tess).by == cast.tess


def test_nothing_changes_in_an_archived_project(make_project, cast):
    project = make_project(playbooks=("addon-post-live",), kind="add_on", biller="Ashby Gas", by=cast.adele)
    fill(project, cast.adele)
    finish_phase(project, cast)
    project = perform(Project.objects.get(pk=project.pk), "complete", by=cast.adele).row
    for act in (
        lambda: set_field(project, "payments", revision=1, by=cast.adele, value="x"),
        lambda: take_known(project, by=cast.adele),
        lambda: accept(project, cast.adele),
    ):
        with pytest.raises(Archived):
            act()


def test_the_database_refuses_a_value_beside_na(project, cast):
    for fields in (
        {"value": "x", "not_applicable": True, "reason": "y"},
        {"not_applicable": True},
        {"value": "x", "reason": "y"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            SummaryEntry.objects.create(project=project, key="payments", by=cast.ivan, **fields)


# How far it is.


def test_completeness_counts_by_section(project, cast):
    set_field(project, "integrator", revision=0, by=cast.ivan, value="Tyndall")
    set_field(project, "ivr", revision=0, by=cast.ivan, not_applicable=True, reason="None")
    state = completeness(project)
    assert (state.filled, state.total, state.complete, state.words) == (2, 20, False, "2 of 20")
    by_slug = {section.section.slug: section for section in state.sections}
    general, ivr = by_slug["general"], by_slug["ivr"]
    assert (general.filled, general.na, general.total) == (1, 0, 3)
    assert [field.key for field in general.gaps] == ["biller-software", "general-comment"]
    assert (ivr.filled, ivr.na, ivr.total, ivr.gaps) == (0, 1, 1, ())
    assert complete_ids([project.pk]) == set()
    fill(project, cast.ivan)
    assert completeness(project).complete
    assert complete_ids([project.pk]) == {project.pk} == settled(Topic.SUMMARY, [project.pk])


def test_the_rows_of_the_package(project, cast):
    set_field(project, "integrator", revision=0, by=cast.ivan, value="Tyndall")
    set_field(project, "ivr", revision=0, by=cast.sofia, not_applicable=True, reason="None")
    rows = summary_rows(project)
    assert len(rows) == 20
    assert rows[0][:4] == ("General", "Integrator", "Tyndall", cast.ivan.name)
    assert rows[-1][:4] == ("IVR", "IVR", "N/A: None", cast.sofia.name)
    assert rows[1] == ("General", "Biller Software", "", "", None)


# Acceptance.


def test_client_services_accepts_what_is_complete_as_it_stands(project, cast):
    fill(project, cast.ivan, leave=("payments", "raid-log", "scope-plan"))
    with pytest.raises(SummaryRefused) as refused:
        accept(project, cast.tess)
    assert [(each.subject, each.text) for each in refused.value.blockers] == [
        ("files", "Integration Summary: Exported files lacks RAID log, Scope plan."),
        ("payments", "Integration Summary: Payments is open."),
    ]
    fill(project, cast.ivan)
    with pytest.raises(NotPermitted):
        accept(project, cast.priya)
    with pytest.raises(StaleRow):
        accept_summary(project, digest="0" * 64, by=cast.tess)
    row = accept(project, cast.tess, note="Seen.")
    assert (row.note, row.digest, len(row.said)) == ("Seen.", completeness(project).digest, 20)
    assert completeness(project).accepted
    with pytest.raises(SummaryRefused, match="accepted as it stands"):
        accept(project, cast.cora)
    with pytest.raises(DecisionIsFinal):
        row.delete()


def test_a_change_reopens_it_and_is_told_once(project, cast):
    fill(project, cast.ivan)
    row = accept(project, cast.tess)
    Notice.objects.all().delete()
    set_field(project, "payments", revision=1, by=cast.sofia, value="Hourly now.")
    state = completeness(project)
    assert (state.accepted, state.reopened) == (False, True)
    assert [(each.field.key, each.accepted, each.now, each.by) for each in state.changes] == [
        ("payments", "About Payments", "Hourly now.", cast.sofia.name)
    ]
    set_field(project, "rejects", revision=1, by=cast.sofia, value="By mail.")
    told = Notice.objects.filter(kind=NoticeKind.SUMMARY_REOPENED).order_by("person__name")
    assert [(each.person.name, each.occasion) for each in told] == [
        (person.name, f"summary:{row.pk}") for person in (cast.cora, cast.ivan, cast.tess)
    ]
    assert {each.text for each in told} == {
        f"{cast.sofia.name} changed the Integration Summary of {project.name} after it was accepted: Payments."
    }
    assert told.get(person=cast.tess).why == "You accepted it for Client Services."
    assert told[0].address == f"/projects/{project.code}/summary/"
    again = accept(project, cast.cora)
    assert completeness(project).acceptance == again
    assert completeness(project).accepted


def test_put_back_as_it_was_the_acceptance_holds(project, cast):
    fill(project, cast.ivan)
    accept(project, cast.tess)
    set_field(project, "payments", revision=1, by=cast.ivan, value="Other")
    set_field(project, "payments", revision=2, by=cast.ivan, value="About Payments")
    assert completeness(project).accepted


def test_whoever_changes_it_does_not_hear_of_it(project, cast):
    fill(project, cast.ivan)
    accept(project, cast.tess)
    set_field(project, "payments", revision=1, by=cast.ivan, value="Other")
    told = Notice.objects.filter(kind=NoticeKind.SUMMARY_REOPENED).values_list("person", flat=True)
    assert set(told) == {cast.tess.pk, cast.cora.pk}


# The criterion of readiness.


def test_the_mark_names_each_section_with_gaps_and_who_owns_them(project, cast, make_project):
    mark = marks_of([project], dt.date(2026, 11, 21))[project.pk][Ready.SUMMARY]
    assert (mark.words, mark.met, mark.link) == ("0 of 20", False, f"/projects/{project.code}/summary/")
    assert len(mark.blockers) == len(SECTIONS)
    first = mark.blockers[0]
    assert (first.code, first.subject, first.link, first.owner) == (
        "summary-incomplete", "general", f"/projects/{project.code}/summary/#section-general", cast.ivan.name,
    )  # fmt: skip
    assert len({(each.code, each.subject) for each in mark.blockers}) == len(mark.blockers)
    other = make_project(biller="Ashby Gas")
    assert marks_of([other], dt.date(2026, 11, 21)) == {other.pk: {}}


def test_the_mark_is_met_when_complete_and_not_when_changed_since_accepted(project, cast):
    def mark() -> Any:
        return summary_marks([project], dt.date(2026, 11, 21))[project.pk]

    fill(project, cast.ivan)
    assert (mark().words, mark().met) == ("20 of 20", True)
    accept(project, cast.tess)
    assert (mark().words, mark().met) == ("20 of 20, accepted", True)
    set_field(project, "payments", revision=1, by=cast.ivan, value="Other")
    (blocker,) = mark().blockers
    assert blocker.text == "Integration Summary changed since it was accepted: Payments."
    assert (blocker.subject, blocker.owner) == ("changed-since-accepted", cast.tess.name)


@pytest.mark.parametrize("many", [1, 4])
def test_marks_and_settled_cost_the_same_for_any_number(make_project, cast, many, django_assert_num_queries):
    projects = [make_project(playbooks=BOTH, biller=f"Biller {letter}") for letter in "ABCD"[:many]]
    for project in projects:
        fill(project, cast.ivan)
        accept(project, cast.tess)
    with django_assert_num_queries(3):
        assert all(mark.met for mark in summary_marks(projects, dt.date(2026, 11, 21)).values())
    with django_assert_num_queries(1):
        assert len(complete_ids([project.pk for project in projects])) == many


# Reminders.


def _reminded(project: Project) -> set[int]:
    now = dt.datetime.combine(project.target_go_live - dt.timedelta(days=7), dt.time(12), dt.UTC)
    return {due.person_id for due in decide(now, read(now)) if due.kind == NoticeKind.SUMMARY_INCOMPLETE}


def test_the_im_is_reminded_until_it_is_complete(project, cast: SimpleNamespace):
    assert _reminded(project) == {cast.ivan.pk, cast.priya.pk}
    fill(project, cast.ivan)
    assert _reminded(project) == set()
    set_field(project, "payments", revision=1, by=cast.ivan, value="")
    assert cast.ivan.pk in _reminded(project)
