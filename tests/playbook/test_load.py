"""Loading, drafts, publication and the edits in between, through the services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from playbook.data import PlaybookData, StepData
from playbook.format import FormatError, digest, dump_yaml, parse
from playbook.lint import lint, warning_ids
from playbook.models import Playbook, PublishedIsFinal, Role, Step, StepRole, Version
from playbook.services import (
    add_step,
    load_playbook,
    move_step,
    new_draft,
    publish_version,
    rename_step,
    retire_version,
    set_letters,
    version_of,
)
from raci.letters import Raci
from transitions.blockers import MoveRefused, NotPermitted
from transitions.models import TransitionRecord
from transitions.version import VersionStatus

pytestmark = pytest.mark.django_db
MakePlaybook = Callable[..., PlaybookData]
MakeStep = Callable[..., StepData]
MakeDraft = Callable[..., Version]


@contextmanager
def counted() -> Iterator[CaptureQueriesContext]:
    with CaptureQueriesContext(connection) as queries:
        yield queries


def everything() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Playbook, Version, Role, Step, StepRole, TransitionRecord))


def order(version: Version) -> list[tuple[int, str]]:
    return list(version.steps.values_list("number", "title"))


# -- Loading ----------------------------------------------------------------------------------------------------------


def test_a_first_load_publishes_when_asked(make_playbook: MakePlaybook) -> None:
    data = make_playbook()
    result = load_playbook(dump_yaml(data), publish=True)

    assert (result.slug, result.outcome, result.version.number) == ("sample", "created", 1)
    assert result.version.status == VersionStatus.PUBLISHED
    assert result.version.as_data() == data
    assert result.version.digest == digest(data) == result.version.loaded_digest
    record = TransitionRecord.objects.get()
    assert (record.move, record.by, record.subject) == ("publish", None, "Sample v1")


def test_a_first_load_is_a_draft_otherwise(make_playbook: MakePlaybook) -> None:
    result = load_playbook(dump_yaml(make_playbook()))

    assert (result.outcome, result.version.status) == ("created", VersionStatus.DRAFT)


def test_a_load_with_errors_stays_a_draft(make_playbook: MakePlaybook, make_step: MakeStep) -> None:
    broken = make_playbook(make_step(1, raci=Raci(R=("SE",), A=("INM", "PM"), C=("B",))))
    version = load_playbook(dump_yaml(broken), publish=True).version

    assert version.status == VersionStatus.DRAFT
    assert [found.code for found in lint(version.as_data())] == ["several-accountable"]


def test_the_same_file_again_changes_nothing(make_playbook: MakePlaybook) -> None:
    text = dump_yaml(make_playbook())
    load_playbook(text, publish=True)
    before = everything()

    assert load_playbook(text, publish=True).outcome == "unchanged"
    assert load_playbook("# a remark\n" + text, publish=True).outcome == "unchanged"
    assert everything() == before


def test_another_digest_is_a_new_draft_and_the_published_stays(make_playbook: MakePlaybook) -> None:
    old = load_playbook(dump_yaml(make_playbook()), publish=True).version
    text = dump_yaml(make_playbook(title="Sample, mended"))
    result = load_playbook(text, publish=True)

    assert (result.outcome, result.version.number, result.version.status) == ("drafted", 2, VersionStatus.DRAFT)
    assert version_of("sample") == old
    assert old.as_data().title == "Sample"
    assert load_playbook(text).outcome == "unchanged"


def test_a_file_of_long_ago_is_not_loaded_over_what_came_since(make_playbook: MakePlaybook) -> None:
    first = dump_yaml(make_playbook())
    load_playbook(first, publish=True)
    second = load_playbook(dump_yaml(make_playbook(title="Sample, mended"))).version
    publish_version(second, by=None, note="", confirmed=())

    assert load_playbook(first, publish=True).outcome == "unchanged"


def test_a_draft_that_was_edited_since_does_not_make_its_file_new(make_playbook: MakePlaybook) -> None:
    text = dump_yaml(make_playbook())
    version = load_playbook(text).version
    Step.objects.filter(version=version, number=1).update(title="Edited by hand")
    assert load_playbook(text).outcome == "unchanged"

    publish_version(version, by=None, note="", confirmed=())
    assert load_playbook(text).outcome == "unchanged"


def test_a_new_title_shows_once_it_is_published(make_playbook: MakePlaybook) -> None:
    load_playbook(dump_yaml(make_playbook()), publish=True)
    version = load_playbook(dump_yaml(make_playbook(title="Renamed", kind="support"))).version
    playbook = Playbook.objects.get()
    assert (playbook.title, playbook.kind) == ("Sample", "phased")

    publish_version(version, by=None, note="", confirmed=())
    playbook.refresh_from_db()
    assert (playbook.title, playbook.kind) == ("Renamed", "support")


def test_a_file_that_is_no_playbook_changes_nothing() -> None:
    before = everything()

    with pytest.raises(FormatError):
        load_playbook("playbook: sample\ntitle: x\n")
    assert everything() == before


def test_a_version_number_of_the_file_is_taken_where_it_is_free(make_playbook: MakePlaybook) -> None:
    assert load_playbook(dump_yaml(make_playbook(version=4))).version.number == 4
    assert load_playbook(dump_yaml(make_playbook(version=2, title="Other"))).version.number == 5


def test_loading_and_reading_cost_the_same_at_any_size(make_playbook: MakePlaybook, make_step: MakeStep) -> None:
    counts = []
    # 50 steps: SQLite takes 999 values at a time, so that more rows are more batches there.
    for slug, size in (("warm-up", 1), ("small", 2), ("large", 50)):
        text = dump_yaml(make_playbook(*(make_step(number) for number in range(1, size + 1)), playbook=slug))
        with counted() as loading:
            version = load_playbook(text, publish=True).version
        version = Version.objects.select_related("playbook").get(pk=version.pk)
        with counted() as reading:
            version.as_data()
        counts.append((len(loading), len(reading)))

    assert counts[1] == counts[2]
    assert counts[2][1] == 4


def test_what_is_loaded_is_exported(make_playbook: MakePlaybook, make_step: MakeStep) -> None:
    data = make_playbook(
        make_step(1, needs=("design.step-2",), documents=("a/b",), open_questions=("Why?",), derived=("A",)),
        make_step(2, raci=Raci(R=("B", "SE"), A=("SE",), C=("INM", "PM")), approval="architect_review"),
        source={"file": "sample.txt", "page": "7"},
        open_questions=("Whose?",),
    )

    assert parse(dump_yaml(load_playbook(dump_yaml(data)).version.as_data())) == data


# -- Drafts -----------------------------------------------------------------------------------------------------------


def test_a_new_draft_says_the_same(published: Version, cast: SimpleNamespace) -> None:
    draft = new_draft(published, cast.adele)

    assert (draft.number, draft.status) == (2, VersionStatus.DRAFT)
    assert replace(draft.as_data(), version=1) == published.as_data()


def test_a_second_draft_is_refused_by_the_name_of_the_first(published: Version, cast: SimpleNamespace) -> None:
    draft = new_draft(published, cast.adele)
    before = everything()

    with pytest.raises(MoveRefused) as caught:
        new_draft(published, cast.adele)
    assert [(blocker.code, blocker.link) for blocker in caught.value.blockers] == [("draft-exists", draft.admin_url())]
    assert caught.value.blockers[0].text.startswith("Sample v2 is a draft already.")
    assert everything() == before


def test_a_draft_is_deleted_with_all_that_is_in_it(published: Version, cast: SimpleNamespace) -> None:
    before = everything()
    new_draft(published, cast.adele).delete()

    assert everything() == before


# -- Publication ------------------------------------------------------------------------------------------------------


def test_publication_keeps_who_when_why_and_what_was_confirmed(
    make_draft: MakeDraft, make_step: MakeStep, cast: SimpleNamespace
) -> None:
    draft = make_draft(make_step(1, derived=("A",)))
    version = publish_version(
        draft, by=cast.adele, note="First edition", confirmed=["design.step-1:derived-accountable"]
    ).row
    version.refresh_from_db()

    assert (version.status, version.published_by, version.change_note) == ("published", cast.adele, "First edition")
    assert version.published_at is not None
    assert version.confirmed_warnings == ["design.step-1:derived-accountable"]
    assert version.digest == digest(version.as_data())


def test_errors_and_unconfirmed_warnings_refuse(
    make_draft: MakeDraft, make_step: MakeStep, cast: SimpleNamespace
) -> None:
    draft = make_draft(make_step(1, raci=Raci(R=("SE",), A=("INM", "PM"), C=("B",))), make_step(2, derived=("A",)))
    before = everything()

    with pytest.raises(MoveRefused) as caught:
        publish_version(draft, by=cast.adele, note="", confirmed=["design.step-1:several-accountable"])
    assert [(blocker.code, blocker.subject, blocker.link) for blocker in caught.value.blockers] == [
        ("several-accountable", "design.step-1", draft.admin_url()),
        ("unconfirmed-warning", "design.step-2:derived-accountable", draft.admin_url()),
    ]
    draft.refresh_from_db()
    assert (draft.status, everything()) == (VersionStatus.DRAFT, before)


@pytest.mark.parametrize("name", ["priya", "mallory", "bo"])
def test_publication_takes_its_permission(draft: Version, cast: SimpleNamespace, name: str) -> None:
    with pytest.raises(NotPermitted):
        publish_version(draft, by=getattr(cast, name), note="", confirmed=())
    draft.refresh_from_db()
    assert draft.is_draft


def test_a_version_is_published_once_and_retired_with_a_reason(published: Version, cast: SimpleNamespace) -> None:
    with pytest.raises(MoveRefused):
        publish_version(published, by=cast.adele, note="again", confirmed=warning_ids(lint(published.as_data())))
    with pytest.raises(MoveRefused):
        retire_version(published, by=cast.adele, note="  ")
    row = retire_version(published, by=cast.adele, note="Replaced").row

    assert (row.status, list(Version.objects.latest_published())) == (VersionStatus.RETIRED, [])


# -- Edits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "by", "moved", "titles"),
    [
        (1, 1, True, ["Step 2", "Step 1", "Step 3"]),
        (3, -1, True, ["Step 1", "Step 3", "Step 2"]),
        (2, -1, True, ["Step 2", "Step 1", "Step 3"]),
        (1, -1, False, ["Step 1", "Step 2", "Step 3"]),
        (3, 1, False, ["Step 1", "Step 2", "Step 3"]),
    ],
)
def test_a_step_changes_places(draft: Version, number: int, by: int, moved: bool, titles: list[str]) -> None:
    step = draft.steps.get(number=number)

    assert move_step(step, places=by) is moved  # type: ignore[arg-type]
    assert order(draft) == list(enumerate(titles, 1))
    assert step.number == titles.index(step.title) + 1


def test_a_step_moves_over_a_gap(make_draft: MakeDraft, make_step: MakeStep) -> None:
    draft = make_draft(make_step(1), make_step(7))
    move_step(draft.steps.get(number=7), places=-1)

    assert order(draft) == [(1, "Step 7"), (7, "Step 1")]


@pytest.mark.parametrize(("phase", "number"), [("discovery", 1), ("design", 3), ("sit", 4), ("release", 5)])
def test_a_new_step_stands_behind_its_phase(
    make_draft: MakeDraft, make_step: MakeStep, phase: str, number: int
) -> None:
    draft = make_draft(make_step(1), make_step(2), make_step(3, phase="sit"), make_step(4, phase="release"))
    add_step(Step(version=draft, key="x.new", phase=phase, title="New"))

    titles = ["Step 1", "Step 2", "Step 3", "Step 4"]
    titles.insert(number - 1, "New")
    assert order(draft) == list(enumerate(titles, 1))


def test_adding_costs_the_same_at_any_size(make_draft: MakeDraft, make_step: MakeStep) -> None:
    counts = []
    for slug, size in (("small", 2), ("large", 200)):
        draft = make_draft(*(make_step(number) for number in range(1, size + 1)), playbook=slug)
        with counted() as queries:
            add_step(Step(version=draft, key="x.new", phase="discovery", title="New"))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_letters_are_replaced_and_those_that_change_are_derived_no_longer(
    make_draft: MakeDraft, make_step: MakeStep
) -> None:
    draft = make_draft(make_step(1, derived=("A", "C")))
    step = draft.steps.get()
    set_letters(step, Raci(R=("SE",), A=("PM",), C=("PM",)))
    step = draft.steps.get()

    assert (step.raci, step.derived) == (Raci(R=("SE",), A=("PM",), C=("PM",)), ["C"])
    with pytest.raises(KeyError):
        set_letters(step, Raci(R=("XX",)))
    assert draft.steps.get().raci == Raci(R=("SE",), A=("PM",), C=("PM",))


def test_a_new_key_is_needed_by_its_new_name(make_draft: MakeDraft, make_step: MakeStep) -> None:
    draft = make_draft(make_step(1), make_step(2, needs=("design.step-1",)), make_step(3))
    step = draft.steps.get(number=1)
    step.key = "design.renamed"
    step.save()
    rename_step(step, old_key="design.step-1")

    assert list(draft.steps.values_list("needs", flat=True)) == [[], ["design.renamed"], []]


def test_no_edit_reaches_a_published_version(published: Version) -> None:
    step = published.steps.get(number=1)
    before = published.as_data()

    for edit in (
        lambda: move_step(step, places=1),
        lambda: add_step(Step(version=published, key="x.new", phase="design", title="New")),
        lambda: set_letters(step, Raci(R=("PM",))),
    ):
        with pytest.raises(PublishedIsFinal):
            edit()
    assert Version.objects.get(pk=published.pk).as_data() == before
