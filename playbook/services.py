"""What is done to playbooks: load, start a draft, edit its steps, publish. All writes of this room go through here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from history.context import named
from playbook.format import PlaybookData, StepData, digest, parse
from playbook.lint import lint, warning_ids
from playbook.models import Playbook, PublishedIsFinal, Role, Step, StepRole, Version, refuse_final
from playbook.numbering import renumber
from raci.letters import LETTERS, Raci
from transitions.blockers import Blocker, MoveRefused, NotPermitted
from transitions.moves import Outcome, perform
from transitions.version import VersionStatus

Outcomes = Literal["created", "unchanged", "drafted"]


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What loading a file came to: a new playbook, nothing, or a new draft of one that was there."""

    slug: str
    version: Version
    outcome: Outcomes


@named
@transaction.atomic
def load_playbook(text: str, *, by: User | None = None, publish: bool = False) -> LoadResult:
    """Load a playbook from YAML; a text that was loaded before, or says what some version says, changes nothing.

    Source: design.md, "Playbook as code".

    Args:
        text: the file.
        by: who loads, for the record of a publication; None for the system.
        publish: publish the first version of a playbook, with its warnings confirmed: for what ships with the product.
            Errors in it leave it a draft. A later version is always a draft, for a person to look at.

    Raises:
        FormatError: the file is no playbook; nothing has changed.
    """
    data = parse(text)
    loaded = digest(data)
    playbook, is_new = Playbook.objects.select_for_update().get_or_create(
        slug=data.playbook, defaults={"title": data.title, "kind": data.kind}
    )
    same = playbook.versions.select_related("playbook").filter(Q(digest=loaded) | Q(loaded_digest=loaded)).first()
    if same is not None:
        return LoadResult(data.playbook, same, "unchanged")
    version = write_draft(data, playbook=playbook, loaded_digest=loaded)
    findings = lint(data)
    if publish and is_new and not any(finding.is_error for finding in findings):
        version = publish_version(version, by=by, note="Loaded with the product.", confirmed=warning_ids(findings)).row
    return LoadResult(data.playbook, version, "created" if is_new else "drafted")


@transaction.atomic
def write_draft(
    data: PlaybookData,
    *,
    playbook: Playbook,
    loaded_digest: str = "",
    notes: Sequence[dict[str, str]] = (),
    change_note: str = "",
) -> Version:
    """Write a draft that says what `data` says, in the same number of queries whatever its size.

    Args:
        data: the whole version. Its number is taken where it is above those there are; else the next one is.
        playbook: the playbook that it becomes a version of.
        loaded_digest: the digest of the file that it comes from, if any.
        notes: what an import found no place for (playbook.importing.raw.Note, as plain values).
        change_note: what is proposed as the note of its publication.
    """
    number = max(data.version, playbook.next_number())
    Playbook.objects.filter(pk=playbook.pk).update(last_number=number)
    playbook.last_number = number
    version = Version.objects.create(
        playbook=playbook,
        number=number,
        title=data.title,
        kind=data.kind,
        source=data.source,
        changes=[asdict(change) for change in data.changes],
        open_questions=list(data.open_questions),
        documents=[asdict(document) for document in data.documents],
        loaded_digest=loaded_digest,
        notes=list(notes),
        change_note=change_note,
    )
    roles = Role.objects.bulk_create(
        Role(version=version, position=position, **asdict(role)) for position, role in enumerate(data.roles, 1)
    )
    role_of = {role.code: role for role in roles}
    steps = Step.objects.bulk_create(_step(version, step) for step in data.steps)
    StepRole.objects.bulk_create(
        letter for row, step in zip(steps, data.steps, strict=True) for letter in _letters(row, step.raci, role_of)
    )
    return version


def _step(version: Version, step: StepData) -> Step:
    plain = {name: getattr(step, name) for name in step.__slots__ if name != "raci"}
    lists = {name: list(value) for name, value in plain.items() if isinstance(value, tuple)}
    return Step(version=version, **{**plain, **lists})


def _letters(row: Step, raci: Raci, role_of: dict[str, Role]) -> Iterator[StepRole]:
    for letter in LETTERS:
        for position, code in enumerate(raci.under(letter)):
            yield StepRole(step=row, role=role_of[code], letter=letter, position=position)


@transaction.atomic
def start_playbook(playbook: Playbook) -> Version:
    """Save a new playbook, with an empty first draft, and return that."""
    playbook.save()
    return write_draft(PlaybookData(playbook.slug, playbook.title, playbook.kind), playbook=playbook)


@named
@transaction.atomic
def new_draft(version: Version, by: User | None) -> Version:
    """Copy a version as its playbook's next draft; one that is not the current version is restored by that.

    Args:
        version: what is copied, whatever its status. The draft of one that is restored says so in its change note, which
            whoever publishes it may put otherwise.
        by: who asks; kept with nothing, the record begins at publication.

    Raises:
        MoveRefused: the playbook has a draft already; the blocker names it and links to it.
    """
    playbook = Playbook.objects.select_for_update().get(pk=version.playbook_id)
    draft = playbook.versions.filter(status=VersionStatus.DRAFT).select_related("playbook").first()
    if draft is not None:
        text = f"{draft} is a draft already. Go on with that one, or delete it first."
        raise MoveRefused([Blocker("draft-exists", text, draft.admin_url())])
    note = f"Restored from version {version.number}." if restores(version) else ""
    return write_draft(version.as_data(), playbook=playbook, change_note=note)


def restores(version: Version) -> bool:
    """Return whether a new draft of this version would restore it: it is retired, or there is a newer published one."""
    newer = Version.objects.published().filter(playbook=version.playbook_id, number__gt=version.number)
    return version.status == VersionStatus.RETIRED or newer.exists()


def publish_version(version: Version, *, by: User | None, note: str, confirmed: Collection[str]) -> Outcome[Version]:
    """Publish a draft through `perform()`.

    Args:
        version: the draft.
        by: who publishes; None for the system.
        note: what changed, for the list of versions.
        confirmed: the ids (`lint.Finding.id`) of the lint warnings that the person accepts, kept with the version.

    Raises:
        MoveRefused: with every lint error and every warning not confirmed; or not permitted, or no draft.
    """
    return perform(version, "publish", by=by, note=note, confirmed=tuple(confirmed))


def retire_version(version: Version, *, by: User | None, note: str) -> Outcome[Version]:
    """Let no new project start on a published version, with a reason.

    Raises:
        MoveRefused: no reason, not permitted, or not published.
    """
    return perform(version, "retire", by=by, note=note)


@transaction.atomic
def add_step(step: Step) -> Step:
    """Insert a new step of a draft behind the last one of its phase, or of the phases before; later ones move down by one.

    Args:
        step: unsaved, with its version and phase. Its number is set here.

    Raises:
        PublishedIsFinal: its version is no draft.
    """
    refuse_final([step.version_id])
    others = list(step.version.steps.values_list("pk", "number", "phase"))
    before = [number for _, number, phase in others if Step(phase=phase).phase_rank <= step.phase_rank]
    step.number = max(before, default=0) + 1
    renumber(step.version_id, {pk: number + 1 for pk, number, _ in others if number >= step.number})
    step.save()
    return step


@transaction.atomic
def move_step(step: Step, *, places: Literal[1, -1]) -> bool:
    """Let a step of a draft change places with its neighbour.

    Args:
        step: the step.
        places: -1 for up (an earlier number), +1 for down.

    Returns:
        False where it is the first or last already, and nothing has changed.

    Raises:
        PublishedIsFinal: its version is no draft.
    """
    refuse_final([step.version_id])
    steps = Step.objects.filter(version=step.version_id)
    number = steps.values_list("number", flat=True).get(pk=step.pk)
    if places < 0:
        neighbour = steps.filter(number__lt=number).order_by("-number").first()
    else:
        neighbour = steps.filter(number__gt=number).order_by("number").first()
    if neighbour is None:
        return False
    renumber(step.version_id, {step.pk: neighbour.number, neighbour.pk: number})
    step.number = neighbour.number
    return True


@transaction.atomic
def rename_step(step: Step, *, old_key: str) -> None:
    """Let the other steps of the draft need a step under its new key. The step itself is saved already."""
    others = [other for other in step.version.steps.exclude(pk=step.pk) if old_key in other.needs]
    for other in others:
        other.needs = [step.key if need == old_key else need for need in other.needs]
    if others:
        Step.objects.bulk_update(others, ["needs"])


@named
def edit_draft(row: Step | Role, field: str, value: Any, *, by: User) -> None:
    """Give a field of a draft's step or role another value.

    Raises:
        NotPermitted: `by` may not change drafts. MoveRefused: the version is published.
        ValidationError: no such value is possible.
    """
    if not by.has_perm(f"playbook.change_{row._meta.model_name}"):
        raise NotPermitted([Blocker("not-permitted", f"{by} may not change playbooks.")])
    setattr(row, field, value)
    row.full_clean()
    try:
        row.save(update_fields=[field])
    except PublishedIsFinal as refused:
        raise MoveRefused([Blocker("published", str(refused), row.version.admin_url())]) from refused


@transaction.atomic
def set_letters(step: Step, raci: Raci) -> None:
    """Give a step of a draft these letters and no others. A letter that changes is no longer a derived one.

    Args:
        step: saved, of a draft.
        raci: codes out of the version's role list.

    Raises:
        PublishedIsFinal: its version is no draft.
        KeyError: a code that is not in the role list.
    """
    before = Step.objects.prefetch_related("letters__role").get(pk=step.pk).raci
    role_of = {role.code: role for role in Role.objects.filter(version=step.version_id)}
    rows = list(_letters(step, raci, role_of))
    step.letters.all().delete()
    StepRole.objects.bulk_create(rows)
    step.derived = [letter for letter in step.derived if raci.under(letter) == before.under(letter)]
    step.save(update_fields=["derived"])


def version_of(slug: str, *, number: int | None = None, prefer_draft: bool = False) -> Version:
    """Return a version of a playbook: the one of that number, else the newest published, else the newest.

    Args:
        slug: the playbook.
        number: the version's number.
        prefer_draft: without a number, take the newest whatever its status: what its author works on.

    Raises:
        Playbook.DoesNotExist: no such playbook; the message names those there are.
        Version.DoesNotExist: no such version; the message names those there are.
    """
    if not Playbook.objects.filter(slug=slug).exists():
        known = ", ".join(Playbook.objects.order_by("slug").values_list("slug", flat=True)) or "none"
        raise Playbook.DoesNotExist(f"There is no playbook “{slug}”. There are: {known}.")
    versions = list(Version.objects.filter(playbook__slug=slug).select_related("playbook").order_by("-number"))
    if number is not None:
        wanted = [version for version in versions if version.number == number]
    else:
        published = [version for version in versions if version.status == VersionStatus.PUBLISHED]
        wanted = versions if prefer_draft or not published else published
    if not wanted:
        known = ", ".join(str(version.number) for version in reversed(versions)) or "none"
        raise Version.DoesNotExist(f"Playbook “{slug}” has no version {number or ''}. There are: {known}.")
    return wanted[0]
