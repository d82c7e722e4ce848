"""Who hears of a UAT run, by mail and in the inbox: it is begun (the customer's people), closed (who signs), signed (a receipt).

Rows are written in the transaction of what they tell of, words are made when a mail goes out: what is not asked for any more by
then is not asked for. Nothing internal stands in a mail to somebody outside.
"""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils import timezone

from accounts.links import way_to
from accounts.mail import Message, post, register
from accounts.models import OutgoingMail, Side, User
from projects.evidence import shown_values
from projects.inbox import LONGEST_TEXT, cut, tell
from projects.mails import NEWS, receipt
from projects.models import Notice, Project
from projects.notice_kinds import NoticeKind
from transitions.run import RunState
from workbook.models import Run, RunSignOff
from workbook.models.run import after_end
from workbook.outcomes import last_run
from workbook.rights import holds_a_seat
from workbook.runs import after_start
from workbook.sign_off import after_sign, may_sign, signed
from workbook.told import progress_of
from workbook.vocabulary import Kind

ASKED, TO_SIGN, RECEIPT = "uat_asked", "uat_to_sign", "run_receipt"


def register_all() -> None:
    """Make the words of these mails known, and write them with what they tell of."""
    register(ASKED, _asked)
    register(TO_SIGN, _to_sign)
    register(RECEIPT, _receipt)
    after_start(tell_of_start)
    after_end(tell_of_end)
    after_sign(tell_of_signature)


def tell_of_start(run: Run, *, by: User, now: dt.datetime) -> None:
    """Tell the customer's people who hold a seat that a UAT run waits for them."""
    if run.kind == Kind.UAT:
        people = [person for person in _seated(run.project) if person.is_outside]
        text, why = f"{run} waits for you to test.", "You hold a seat of the customer’s."
        _ask(run, people, NoticeKind.RUN_ASKED, text, why, "uat-run", by=by, now=now)
        _post(ASKED, people, run, by, now)


def tell_of_end(run: Run, move: str, *, by: User, now: dt.datetime) -> None:
    """Tell whoever signs for the biller that a closed UAT run waits for their word."""
    if run.kind == Kind.UAT and move == "close_run":
        people = [person for person in _seated(run.project) if may_sign(run.project, person)]
        text, why = f"{run} waits for your decision.", "You sign for the biller."
        _ask(run, people, NoticeKind.APPROVAL_ASKED, text, why, "uat-sign", by=by, now=now)
        _post(TO_SIGN, people, run, by, now)


def tell_of_signature(row: RunSignOff) -> None:
    """Tell who runs the project and who began the run what was decided, and send whoever decided a receipt."""
    run, why = row.run, "You began this run."
    told = {run.started_by_id: why}
    told |= {
        seat.person.id: "You run this project." for seat in row.project.board.seats if seat.role.manages and seat.person
    }
    decided = "approved" if row.decision == "approved" else "rejected"
    text = f"{row.name} {'wrote down that the biller ' if row.recorded else ''}{decided} {run}."
    address = reverse("run-sign-off", args=[row.project.code, row.pk])
    people = User.objects.filter(pk__in=told, is_active=True, side=Side.INTERNAL)
    tell(_notice(run, person, NoticeKind.DECIDED, text, told[person.pk], address, row.by, row.at) for person in people)
    if row.at >= timezone.now() - NEWS:
        post(RECEIPT, to=row.by, key=f"{RECEIPT}:{row.pk}", sign_off=row.pk)


def _seated(project: Project) -> list[User]:
    ids = {seat.person.id for seat in project.board.seats if seat.person}
    return list(User.objects.filter(pk__in=ids, is_active=True).order_by("pk"))


def _ask(
    run: Run, people: list[User], kind: NoticeKind, text: str, why: str, page: str, *, by: User, now: dt.datetime
) -> None:
    address = reverse(page, args=[run.project.code, run.number])
    tell(_notice(run, person, kind, text, why, address, by, now) for person in people)


def _notice(
    run: Run, person: User, kind: NoticeKind, text: str, why: str, address: str, by: User, now: dt.datetime
) -> Notice:
    return Notice(
        person=person, kind=kind, project=run.project, occasion=f"run:{run.pk}", text=cut(text, LONGEST_TEXT), why=why,
        address=address, by=by, at=now, heard_from=now,
    )  # fmt: skip


def _post(kind: str, people: list[User], run: Run, by: User, now: dt.datetime) -> None:
    if now < timezone.now() - NEWS:
        return
    for person in people:
        if person.pk != by.pk:
            post(kind, to=person, key=f"{kind}:{run.pk}:{person.pk}", run=run.pk)


# The words.


def _asked(mail: OutgoingMail) -> Message | None:
    run = _run(mail)
    if run.state != RunState.OPEN or not holds_a_seat(run.project, mail.person):
        return None
    progress = progress_of([run])[run.pk]
    due = f" by {run.due:%b} {run.due.day}, {run.due.year}" if run.due else ""
    opening = f"{run.project.name} asks you to test {progress.total} cases{due}. They can be tested on a phone, one at a time."
    return _message(
        mail,
        run,
        "uat-run",
        "testing",
        f"Please test: {run}",
        opening,
        "Start testing",
        "You hold a seat on this project.",
    )


def _to_sign(mail: OutgoingMail) -> Message | None:
    run = _run(mail)
    newest = last_run(run.project_id, run.kind)
    if newest is None or newest.pk != run.pk or signed(run) is not None or not may_sign(run.project, mail.person):
        return None
    opening = f"{run} of {run.project.name} is closed, and asks for your word: approve its results, or reject them with a reason."
    return _message(
        mail, run, "uat-sign", "sign-off", f"Your decision: {run}", opening, "Look and decide", "You sign for the biller.",
        "Nothing is decided by opening this page.",
    )  # fmt: skip


def _message(
    mail: OutgoingMail, run: Run, name: str, purpose: str, heading: str, opening: str, button: str, why: str, *more: str
) -> Message:
    """Return a mail that leads to a page of the run."""
    address, code = way_to(mail.person, reverse(name, args=[run.project.code, run.number]), purpose=purpose)
    return Message(
        subject=f"[{run.project.code}] {heading}",
        heading=heading,
        paragraphs=[opening, *more],
        button=(button, address),
        facts=[
            ("Project", f"{run.project.name} ({run.project.code})"),
            ("Build", run.build),
            ("Where", run.environment),
        ],
        code=code,
        small_print=why,
    )


def _receipt(mail: OutgoingMail) -> Message:
    row = RunSignOff.objects.select_related("project", "run").get(pk=mail.details["sign_off"])
    counts = shown_values(row).get("counts", {})
    recorded = ", written down by you for the biller" if row.recorded else ""
    return receipt(
        row,
        str(row.run),
        f"You {'wrote down: ' if row.recorded else ''}{row.get_decision_display().lower()} {row.run}",
        ("Run", f"{row.run}, build {row.run.build}, {row.run.environment}"),
        ("Results", ", ".join(f"{number} {words.lower()}" for words, number in counts.items())),
        ("Decision", f"{row.get_decision_display()}{recorded}"),
        address=reverse("run-sign-off", args=[row.project.code, row.pk]),
    )


def _run(mail: OutgoingMail) -> Run:
    return Run.objects.select_related("project__biller").get(pk=mail.details["run"])
