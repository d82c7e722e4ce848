"""What is done to comments: written, edited, deleted, shown to the customer, marked as a decision. Each leaves its trace.

Not to be taken for `projects.comments`: there the consulted are asked, by a due day, and what they answer is evidence of the
step; here anybody who sees something says what they like about it, when they like.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import Side, User
from history.context import named
from projects.inbox import LONGEST_TEXT, LONGEST_WHY, cut, tell
from projects.models import Notice, NoticeKind, Project, ProjectStep
from projects.outside import Outsider
from records.mentions import Meant, meant
from records.models import Comment, CommentVersion, Mention
from records.models.talk import LONGEST
from records.prose import clean
from records.subjects import Subject, find, find_all, kind_of
from transitions.blockers import Blocker, MoveRefused, NotPermitted, StaleRow

#: So many comments a person writes in a minute; more is a program, or a stuck key.
MOST_A_MINUTE = 30
MINUTE = dt.timedelta(minutes=1)
#: The same words about the same thing within this are one comment, sent twice.
TWICE = dt.timedelta(seconds=20)


class TooOften(MoveRefused):
    """The person wrote so much within a minute that it is no person."""


@dataclass(frozen=True, slots=True)
class Written:
    """A comment as it was kept, and what its writer is told of mentions that reached nobody."""

    comment: Comment
    untold: tuple[str, ...] = ()


def seen_by(person: User) -> Outsider | None:
    """Return as whom a person looks at what is talked about: None for our own people, who see all of a project."""
    return Outsider(person.pk) if person.is_outside else None


def subject_for(project: Project, kind: str, pk: int, person: User) -> Subject | None:
    """Return what is talked about, where it is the project's and the person, who sees the project, may see it."""
    return find(project, kind, [pk], who=seen_by(person)).get(pk)


def subject_of(comment: Comment, person: User) -> Subject | None:
    """Return what a comment is on, where the person may see that; the comment itself may still be none of theirs."""
    key = (comment.subject_type_id, comment.subject_id)
    return find_all(comment.project, [key], who=seen_by(person)).get(key)


def comment_url(comment: Comment) -> str:
    """Return the address that leads to a comment, wherever it stands."""
    return reverse("talk-comment", args=[comment.project.code, comment.pk])


# The acts ----------------------------------------------------------------------------------------------------------------


@named
def post_comment(
    project: Project,
    kind: str,
    subject_id: int,
    text: str,
    *,
    by: User,
    visible: bool = False,
    now: dt.datetime | None = None,
) -> Written:
    """Add a comment, and tell whom it mentions; what somebody outside writes is told to who runs the project and to R.

    Args:
        kind, subject_id: what it is on (records.subjects). visible: whether the customer reads it too; always, from outside.

    Raises:
        NotPermitted: `by` does not see that. Archived. TooOften. ValidationError: no text, or more than 10,000 characters.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = project.locked()
        known, subject = kind_of(kind), _subject_or_refuse(locked, kind, subject_id, by)
        assert known is not None, "a subject is of a known kind"
        locked.refuse_if_archived()
        words = _checked(text)
        on = Comment.objects.filter(subject_type_id=known.type_id, subject_id=subject_id)
        again = on.readable().filter(
            by=by, text=words, visible=visible or by.is_outside, at__gt=now - TWICE, at__lte=now
        )
        if (same := again.first()) is not None:
            same.project = locked
            return Written(same)
        if Comment.objects.filter(by=by, at__gt=now - MINUTE, at__lte=now).count() >= MOST_A_MINUTE:
            raise TooOften(
                [
                    Blocker(
                        "too-often",
                        f"You wrote {MOST_A_MINUTE} comments in a minute. Wait a minute, then send this one.",
                    )
                ]
            )
        comment = Comment(
            project=locked, subject_type_id=known.type_id, subject_id=subject_id, by=by, by_side=by.side, at=now, text=words,
            visible=visible or by.is_outside,
        )  # fmt: skip
        comment.full_clean(exclude=("project", "subject_type", "by"))
        comment.save()
        found = meant(words, locked, subject, by=by, visible=comment.visible)
        _tell(comment, subject, found, by=by, now=now)
        if by.is_outside:
            _tell_ours(comment, subject, by=by, now=now)
    return Written(comment, tuple(found.untold))


@named
def edit_comment(comment: Comment, text: str, *, by: User, revision: int, now: dt.datetime | None = None) -> Written:
    """Put other words in the place of a comment's; the former are kept. Only who is newly mentioned is told.

    Raises:
        NotPermitted: somebody else wrote it. Archived. StaleRow. MoveRefused: it is deleted, or a decision. ValidationError.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row, subject = _locked(comment, by)
        if row.by_id != by.pk:
            raise NotPermitted([Blocker("not-permitted", "Only who wrote a comment edits it.")])
        _refuse_change(row, revision)
        words = _checked(text)
        if words == row.text:
            return Written(row)
        number = row.versions.count() + 1
        CommentVersion(
            project=row.project, comment=row, number=number, text=row.text, at=row.edited_at or row.at
        ).save()
        row.text, row.edited_at = words, now
        _save(row, "text", "edited_at")
        found = meant(words, row.project, subject, by=by, visible=row.visible)
        _tell(row, subject, found, by=by, now=now)
    return Written(row, tuple(found.untold))


@named
def delete_comment(comment: Comment, *, by: User, revision: int, now: dt.datetime | None = None) -> Comment:
    """Take a comment from the page; that there was one, and who deleted it, stays. Who runs the project can still read it.

    Raises:
        NotPermitted: neither who wrote it nor who runs the project. Archived. StaleRow. MoveRefused: deleted, or a decision.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row, _ = _locked(comment, by)
        if not may_delete(row, by):
            raise NotPermitted([Blocker("not-permitted", "Who wrote a comment deletes it, or who runs the project.")])
        _refuse_change(row, revision)
        row.deleted_by, row.deleted_at = by, now
        _save(row, "deleted_by", "deleted_at")
    return row


@named
def change_visibility(
    comment: Comment, visible: bool, *, by: User, revision: int, confirmed: bool = False, now: dt.datetime | None = None
) -> Written:
    """Show an internal comment to the customer. The other way there is none: what was shown may have been read.

    Args:
        confirmed: that who does it has seen that others answered, believing themselves among us.

    Raises:
        NotPermitted: neither who wrote it nor who runs the project, or outside. Archived. StaleRow.
        MoveRefused: deleted; others answered and nobody confirmed; or it is to be made internal again.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row, subject = _locked(comment, by)
        if by.is_outside or not may_delete(row, by):
            raise NotPermitted(
                [Blocker("not-permitted", "Who wrote a comment shows it to the customer, or who runs the project.")]
            )
        row.project.refuse_if_archived()
        _refuse_deleted(row)
        if not visible:
            raise MoveRefused(
                [
                    Blocker(
                        "may-have-been-read",
                        "The customer may have read it: it cannot be made internal again. Delete it instead; a trace stays.",
                    )
                ]
            )
        if row.visible:
            return Written(row)
        _refuse_stale(row, revision)
        if (count := answers_to(row)) and not confirmed:
            others = "1 comment was" if count == 1 else f"{count} comments were"
            raise MoveRefused(
                [
                    Blocker(
                        "answered",
                        f"{others} written after it by others. Confirm that it may be shown.",
                        subject="confirmed",
                    )
                ]
            )
        row.visible = True
        _save(row, "visible")
        found = meant(row.text, row.project, subject, by=by, visible=True)
        _tell(row, subject, found, by=by, now=now)
    return Written(row, tuple(found.untold))


@named
def mark_decision(
    comment: Comment, decision: bool, *, by: User, revision: int, now: dt.datetime | None = None
) -> Comment:
    """Mark a comment as a decision, by name and date, or take the mark off; the project's history tells of both.

    Raises:
        NotPermitted: `by` neither runs the project nor is R or A of what it is on. Archived. StaleRow. MoveRefused: deleted.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row, subject = _locked(comment, by)
        if not may_decide(row.project, subject, by):
            raise NotPermitted(
                [
                    Blocker(
                        "not-permitted",
                        "Decisions are marked by who runs the project, or is R or A of what they are on.",
                    )
                ]
            )
        row.project.refuse_if_archived()
        _refuse_deleted(row)
        if decision == (row.decided_at is not None):
            return row
        _refuse_stale(row, revision)
        row.decided_by, row.decided_at = (by, now) if decision else (None, None)
        _save(row, "decided_by", "decided_at")
    return row


# Who may, pure beside the board --------------------------------------------------------------------------------------------


def may_delete(comment: Comment, person: User) -> bool:
    """Return whether the person deletes the comment, or shows it to the customer: who wrote it, and who runs the project."""
    return person.is_active and (comment.by_id == person.pk or runs(comment.project, person))


def may_decide(project: Project, subject: Subject, person: User) -> bool:
    """Return whether the person marks decisions on a subject."""
    return person.is_active and not person.is_outside and (runs(project, person) or person.pk in subject.workers)


def runs(project: Project, person: User) -> bool:
    """Return whether the person runs the project, or stands in as administrator; nobody outside does."""
    return not person.is_outside and (person.is_superuser or project.board.manages(person.pk))


def answers_to(comment: Comment) -> int:
    """Return how many comments others wrote on the same thing after this one."""
    on = Comment.objects.filter(subject_type=comment.subject_type_id, subject_id=comment.subject_id)
    return int(on.readable().filter(pk__gt=comment.pk).exclude(by=comment.by_id).count())


# Their parts ---------------------------------------------------------------------------------------------------------------


def _subject_or_refuse(project: Project, kind: str, pk: int, by: User) -> Subject:
    sees = by.is_active and Project.objects.visible_to(by).filter(pk=project.pk).exists()
    subject = subject_for(project, kind, pk, by) if sees else None
    if subject is None:
        raise NotPermitted([Blocker("not-permitted", f"{by} does not see what this comment is on.")])
    return subject


def _locked(comment: Comment, by: User) -> tuple[Comment, Subject]:
    """Return the comment as it is now under its project's lock, and what it is on; raise NotPermitted where it is not theirs."""
    project = comment.project.locked()
    row: Comment = Comment.objects.select_related("by").get(pk=comment.pk)
    row.project = project
    sees = by.is_active and Project.objects.visible_to(by).filter(pk=project.pk).exists()
    subject = subject_of(row, by) if sees and (row.visible or not by.is_outside) else None
    if subject is None:
        raise NotPermitted([Blocker("not-permitted", f"{by} does not see this comment.")])
    return row, subject


def _refuse_change(row: Comment, revision: int) -> None:
    row.project.refuse_if_archived()
    _refuse_deleted(row)
    if row.decided_at is not None:
        raise MoveRefused(
            [Blocker("decided", "It is marked as a decision, and what was decided stands. Take the mark off first.")]
        )
    _refuse_stale(row, revision)


def _refuse_deleted(row: Comment) -> None:
    if row.deleted_at is not None:
        raise MoveRefused([Blocker("deleted", "This comment was deleted.")])


def _refuse_stale(row: Comment, revision: int) -> None:
    if revision != row.revision:
        raise StaleRow(row, "The comment changed since you saw it.")


def _checked(text: str) -> str:
    words = clean(text)
    if not words:
        raise ValidationError({"text": "Write your comment."})
    if len(words) > LONGEST:
        raise ValidationError({"text": f"The comment has {len(words):,} characters; {LONGEST:,} is the most."})
    return words


def _save(row: Comment, *fields: str) -> None:
    row.revision += 1
    row.save(update_fields=[*fields, "revision"])


def _tell(comment: Comment, subject: Subject, found: Meant, *, by: User, now: dt.datetime) -> None:
    """Note who is mentioned and was not before, and let them hear."""
    known = set(comment.mentions.values_list("person_id", flat=True)) if found.told else set()
    new = {person: words for person, words in found.told.items() if person.pk not in known and person != by}
    if not new:
        return
    Mention.objects.bulk_create(
        [Mention(project=comment.project, comment=comment, person=p, words=words, at=now) for p, words in new.items()]
    )
    notices = []
    for person, words in new.items():
        # Each reads what it is on as their own pages call it.
        called = subject_for(comment.project, subject.kind, subject.id, person) or subject
        text = f"{by.name} mentioned you on “{called.title}”."
        notices.append(_notice(comment, subject, person.pk, text, f"You were mentioned: {words}.", by=by, now=now))
    tell(notices)


def _tell_ours(comment: Comment, subject: Subject, *, by: User, now: dt.datetime) -> None:
    """Let those hear who run the project, and who are responsible for what somebody outside wrote about; ours alone."""
    board = comment.project.board
    why = dict.fromkeys(subject.responsible, "You are responsible for what it is on.")
    why |= {seat.person.id: "You run this project." for seat in board.seats if seat.role.manages and seat.person}
    ours = User.objects.filter(pk__in=why, side=Side.INTERNAL, is_active=True).values_list("pk", flat=True)
    called = find(comment.project, subject.kind, [subject.id])[subject.id]
    text = f"{by.name} wrote about “{called.title}”."
    tell([_notice(comment, subject, pk, text, why[pk], by=by, now=now) for pk in ours])


def _notice(
    comment: Comment, subject: Subject, person_id: int, text: str, why: str, *, by: User, now: dt.datetime
) -> Notice:
    on_step = subject.kind == "step"
    return Notice(
        person_id=person_id, kind=NoticeKind.MENTIONED, project=comment.project, step_id=subject.id if on_step else None,
        occasion=f"talk:{comment.pk}", text=cut(text, LONGEST_TEXT), why=cut(why, LONGEST_WHY), address=comment_url(comment),
        by=by, at=now, heard_from=now,
    )  # fmt: skip


def steps_talked_about(project: Project) -> QuerySet[Any, Any]:
    """Return the ids of a project's steps that have comments: an upgrade takes that for work on them (projects.upgrade)."""
    return Comment.objects.filter(
        project=project, subject_type=ContentType.objects.get_for_model(ProjectStep)
    ).values_list("subject_id", flat=True)
