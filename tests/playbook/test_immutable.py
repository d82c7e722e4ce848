"""A published version does not change, by whatever door somebody comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import serializers
from django.core.management import call_command
from django.core.serializers.base import DeserializationError
from django.db import connection, transaction
from django.db.models import F, ProtectedError, RestrictedError

from playbook.format import dump_yaml
from playbook.models import Playbook, PublishedIsFinal, Role, RowStays, Step, StepRole, Version
from playbook.services import publish_version
from transitions.machine import StateGuarded
from transitions.version import VersionStatus

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def said(published: Version) -> Iterator[str]:
    """What the version says before the test, to be the same after it."""

    def now() -> str:
        row = Version.objects.get(pk=published.pk)
        return dump_yaml(row.as_data()) + f"{row.status} {row.digest} {row.change_note} {row.confirmed_warnings}"

    before = now()
    yield before
    assert now() == before


def version() -> Version:
    return Version.objects.get(status=VersionStatus.PUBLISHED)


def role() -> Role:
    return version().roles.get(code="SE")


def step() -> Step:
    return version().steps.get(number=1)


def letter() -> StepRole:
    return step().letters.get(letter="R")


def edited(row: Any, **values: Any) -> Any:
    for name, value in values.items():
        setattr(row, name, value)
    return row


def a_draft_of(published: Version) -> Version:
    return Version.objects.create(playbook=published.playbook, number=9, title="Draft")


DOORS: dict[str, Callable[[], object]] = {
    # The version itself.
    "version.save": lambda: edited(version(), title="x").save(),
    "version.save of one field": lambda: edited(version(), change_note="x").save(update_fields=["change_note"]),
    "version.save_base": lambda: edited(version(), title="x").save_base(),
    "version.delete": lambda: version().delete(),
    "versions.update": lambda: Version.objects.update(title="x"),
    "versions.filter.update": lambda: Version.objects.filter(number=1).update(change_note="x"),
    "versions.bulk_update": lambda: Version.objects.bulk_update([edited(version(), title="x")], ["title"]),
    "versions.delete": lambda: Version.objects.all().delete(),
    "versions.update_or_create": lambda: Version.objects.update_or_create(
        playbook=version().playbook, number=1, defaults={"title": "x"}
    ),
    "versions of the playbook": lambda: version().playbook.versions.update(title="x"),
    # Its rows, one by one.
    "role.save": lambda: edited(role(), name="x").save(),
    "role.delete": lambda: role().delete(),
    "new role": lambda: Role(version=version(), code="X", name="x").save(),
    "step.save": lambda: edited(step(), title="x").save(),
    "step.save_base": lambda: edited(step(), title="x").save_base(raw=True),
    "step.delete": lambda: step().delete(),
    "letter.save": lambda: edited(letter(), letter="C").save(),
    "letter.delete": lambda: letter().delete(),
    # Managers.
    "roles.create": lambda: version().roles.create(code="X", name="x"),
    "steps.create": lambda: version().steps.create(key="a.b", number=9, phase="sit", title="x"),
    "letters.create": lambda: step().letters.create(role=role(), letter="I"),
    "steps.get_or_create": lambda: Step.objects.get_or_create(
        version=version(), key="a.b", defaults={"number": 9, "phase": "sit", "title": "x"}
    ),
    "steps.update_or_create": lambda: Step.objects.update_or_create(
        version=version(), number=1, defaults={"title": "x"}
    ),
    # In bulk.
    "roles.update": lambda: Role.objects.update(name="x"),
    "steps.update": lambda: Step.objects.update(title="x"),
    "steps.update by expression": lambda: Step.objects.filter(number=3).update(number=F("number") + 10),
    "letters.update": lambda: StepRole.objects.filter(letter="R").update(letter="I"),
    "steps of the version": lambda: version().steps.update(title="x"),
    "roles.bulk_update": lambda: Role.objects.bulk_update([edited(role(), name="x")], ["name"]),
    "steps.bulk_update": lambda: Step.objects.bulk_update([edited(step(), title="x")], ["title"]),
    "letters.bulk_update": lambda: StepRole.objects.bulk_update([edited(letter(), letter="C")], ["letter"]),
    "roles.bulk_create": lambda: Role.objects.bulk_create([Role(version=version(), code="X", name="x")]),
    "steps.bulk_create": lambda: Step.objects.bulk_create(
        [Step(version=version(), key="a.b", number=9, phase="sit", title="x")]
    ),
    "letters.bulk_create": lambda: StepRole.objects.bulk_create([StepRole(step=step(), role=role(), letter="I")]),
    "roles.delete": lambda: Role.objects.all().delete(),
    "steps.delete": lambda: Step.objects.filter(number=1).delete(),
    "letters.delete": lambda: StepRole.objects.all().delete(),
    "letters of the step": lambda: step().letters.all().delete(),
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS.keys())
def test_a_door_is_shut(door: Callable[[], object]) -> None:
    with pytest.raises((PublishedIsFinal, StateGuarded)):
        door()


@pytest.mark.parametrize("status", [VersionStatus.DRAFT, VersionStatus.RETIRED])
def test_the_status_is_not_written_by_hand(status: str) -> None:
    with pytest.raises(AttributeError):
        version().status = status
    with pytest.raises((PublishedIsFinal, StateGuarded)):
        Version.objects.update(status=status)


@pytest.mark.parametrize(
    "handed_over",
    [
        lambda draft: edited(step(), version=draft).save(),
        lambda draft: edited(role(), version_id=draft.pk).save(),
        lambda draft: Step.objects.filter(number=1).update(version=draft),
        lambda draft: Role.objects.filter(code="SE").update(version_id=draft.pk),
        lambda draft: StepRole.objects.update(step=draft.steps.create(key="a.b", number=1, phase="sit", title="x")),
        lambda draft: Step.objects.bulk_create(
            [Step(pk=step().pk, version=draft, key="a.b", number=1, phase="sit", title="x")],
            update_conflicts=True,
            unique_fields=["pk"],
            update_fields=["title"],
        ),
        lambda draft: draft.steps.add(step()),
    ],
)  # fmt: skip
def test_no_row_is_handed_to_a_draft(handed_over: Callable[[Version], object]) -> None:
    draft = a_draft_of(version())

    with pytest.raises(RowStays):
        handed_over(draft)


def test_no_row_of_a_draft_is_handed_in() -> None:
    new = a_draft_of(version()).steps.create(key="a.b", number=9, phase="sit", title="x")

    with pytest.raises(RowStays):
        version().steps.add(new)
    with pytest.raises(RowStays):
        edited(new, version=version()).save()


def test_no_version_is_written_over_by_a_conflict() -> None:
    row = Version(pk=version().pk, playbook=version().playbook, number=1, title="x")

    with pytest.raises(PublishedIsFinal):
        Version.objects.bulk_create([row], update_conflicts=True, unique_fields=["pk"], update_fields=["title"])


@pytest.mark.parametrize("row", [version, role, step, letter])
def test_no_fixture_is_loaded_over_it(row: Callable[[], Any], tmp_path: Any) -> None:
    file = tmp_path / "rows.json"
    file.write_text(serializers.serialize("json", [row()]))

    with pytest.raises((PublishedIsFinal, DeserializationError)):
        call_command("loaddata", str(file), verbosity=0)


def test_its_playbook_is_not_deleted() -> None:
    with pytest.raises(ProtectedError):
        Playbook.objects.get().delete()


def test_a_draft_changes_by_every_door(published: Version) -> None:
    draft = a_draft_of(published)
    role_row = draft.roles.create(code="PM", name="Project Manager")
    step_row = draft.steps.create(key="a.b", number=1, phase="sit", title="x")
    step_row.letters.create(role=role_row, letter="R")
    edited(step_row, title="y").save()
    draft.steps.update(number=2)
    edited(draft, title="z").save()

    assert Version.objects.get(pk=draft.pk).as_data().steps[0].title == "y"
    with pytest.raises(RestrictedError):
        role_row.delete()
    draft.delete()
    assert list(Version.objects.all()) == [published]


@pytest.mark.django_db(transaction=True)
def test_an_edit_does_not_slip_in_while_somebody_publishes() -> None:
    # The published version of the fixture stands beside it; the race is about a draft of its own.
    draft = a_draft_of(version())
    row = draft.steps.create(key="a.b", number=1, phase="sit", title="x")
    for code, held in (("PM", "RA"), ("SE", "C")):
        role_row = draft.roles.create(code=code, name=code)
        for one in held:
            row.letters.create(role=role_row, letter=one)
    published_now, editor_waits = threading.Event(), threading.Event()

    def publish() -> None:
        try:
            with transaction.atomic():
                publish_version(draft, by=None, note="", confirmed=())
                published_now.set()
                editor_waits.wait(timeout=10)
                time.sleep(0.3)
        finally:
            connection.close()

    publisher = threading.Thread(target=publish)
    publisher.start()
    assert published_now.wait(timeout=10)
    editor_waits.set()
    with pytest.raises(PublishedIsFinal):
        edited(row, title="Slipped in").save()
    publisher.join()

    assert Step.objects.get(pk=row.pk).title == "x"
