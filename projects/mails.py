"""The mails of sign-offs: a decision is asked for, passed on, and receipted. Nothing internal stands in one to somebody outside.

Rows are written in the transaction of what they tell of (`accounts.mail.post`), words are made when they go out: a decision
that is no longer asked for by then is not asked for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.links import way_to
from accounts.mail import Message, post, register, site_address
from accounts.models import OutgoingMail, User
from projects.evidence import shown_values, utc
from projects.models import Approval, Delegation, ProjectStep
from projects.models.step import DECISIONS, follow_with
from projects.signoff import round_of, sign_off_of, statement
from transitions.step import StepStatus

ASKED, RECEIPT, DELEGATED = "approval_asked", "approval_receipt", "delegated"
#: What is told later than this is no news: a project that is brought in with its past, the demo.
NEWS = dt.timedelta(days=1)


def register_all() -> None:
    """Make the words of these mails known, and write them with the moves that they tell of."""
    register(ASKED, _asked)
    register(DELEGATED, _delegated)
    register(RECEIPT, _receipt)
    follow_with(post_for_move)


def post_for_move(step: ProjectStep, move: str, *, by: User, now: dt.datetime, details: dict[str, Any]) -> None:
    """Write the mails that follow from a step's move: each person who may decide is asked, who decided gets a receipt."""
    if now < timezone.now() - NEWS:
        return
    if move == "submit":
        _post_asked(step, by)
    elif move in DECISIONS:
        row = step.approvals.order_by("-pk").only("pk").first()
        assert row is not None, "settle() has written the decision"
        post(RECEIPT, to=by, key=f"{RECEIPT}:{row.pk}", decision=row.pk)


def post_delegated(made: Delegation) -> None:
    """Write the mail that tells somebody of a decision passed on to them."""
    if made.to is not None:
        post(DELEGATED, to=made.to, key=f"{DELEGATED}:{made.pk}", delegation=made.pk)


def _post_asked(step: ProjectStep, by: User) -> None:
    number = round_of(step) + 1  # the record of this submission is written after it is settled
    asked = {person for view in sign_off_of(step).parties for person in view.deciders}
    for person in User.objects.filter(pk__in=asked, is_active=True).exclude(pk=by.pk):
        post(ASKED, to=person, key=f"{ASKED}:{step.pk}:{number}:{person.pk}", step=step.pk, round=number)


def _asked(mail: OutgoingMail) -> Message | None:
    step = _step(mail.details["step"])
    if step.status != StepStatus.IN_REVIEW or step.sign_off.round != mail.details["round"]:
        return None
    if not step.sign_off.own(mail.person_id):
        return None
    what = step.live.template.approval_label
    opening = f"{step.project.name} asks for your decision on “{step}” ({what.lower()}): approve it, or reject it with a reason."
    return _to_decide(mail, step, f"Your decision: {step}", opening, f"You may decide on “{step}”.")


def _delegated(mail: OutgoingMail) -> Message | None:
    made = Delegation.objects.standing().select_related("by").filter(pk=mail.details["delegation"]).first()
    if made is None:
        return None
    step = _step(made.step_id)
    if (
        step.status != StepStatus.IN_REVIEW
        or step.sign_off.round != made.round
        or not step.sign_off.own(mail.person_id)
    ):
        return None
    opening = f"{made.by.name} passed the decision on “{step}” for {step.project.name} to you."
    return _to_decide(
        mail, step, f"Passed on to you: {step}", opening, f"{made.by.name} gave your address.", ("Reason", made.reason)
    )


def _to_decide(
    mail: OutgoingMail, step: ProjectStep, heading: str, opening: str, why: str, *more: tuple[str, str]
) -> Message:
    """Return a mail that leads to the page of the decision."""
    path = reverse("decide", args=[step.project.code, step.live.path])
    address, code = way_to(mail.person, path, purpose="sign-off")
    documents = statement(step, mail.person).values["documents"]
    facts = [("Project", f"{step.project.name} ({step.project.code})"), *_document_facts(documents), *more]
    return Message(
        subject=f"[{step.project.code}] {heading}",
        heading=heading,
        paragraphs=[opening, "Nothing is decided by opening this page."],
        button=("Look and decide", address),
        facts=facts,
        code=code,
        small_print=why,
    )


def _receipt(mail: OutgoingMail) -> Message | None:
    row = Approval.objects.select_related("project", "step__template").get(pk=mail.details["decision"])
    step = _step(row.step_id)
    decided = {"approved": "approved", "rejected": "rejected", "excused": "excused a party on"}[row.decision]
    return receipt(
        row,
        str(step),
        f"You {decided} “{step}”",
        ("Decision", f"{row.get_decision_display()}, for: {row.get_party_display().lower()}"),
        address=reverse("sign-off", args=[row.project.code, row.pk]),
        more=_document_facts(shown_values(row).get("documents", [])),
    )


def receipt(
    row: Any, of: str, heading: str, *said: tuple[str, str], address: str, more: Sequence[tuple[str, str]] = ()
) -> Message:
    """Return the receipt of a decision: what was decided, and by which digests that can be shown.

    Args:
        row: a signed row of a project, with its `decision`. of: what was decided on. said: what the mail says of the decision.
        address: the path of its evidence. more: what the decision was on, behind the reason for it.
    """
    return Message(
        subject=f"[{row.project.code}] Receipt: {row.get_decision_display()}: {of}",
        heading=heading,
        paragraphs=["Keep this mail: it says what was decided, and by which digests that can be shown."],
        button=("Look at the evidence", site_address(address)),
        facts=[
            ("Project", f"{row.project.name} ({row.project.code})"),
            *said,
            ("When", utc(row.at)),
            *([("Reason", row.note)] if row.note else []),
            *more,
            ("SHA-256 of what you were shown", row.shown_sha256),
            ("Seal of this decision", row.sha256),
        ],
        small_print="You get this receipt because you decided.",
    )


def _document_facts(documents: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [
        (
            "Document",
            f"{one['title']}, version {one['version']}: {_whole(one['link'])}"
            if one["version"]
            else f"{one['title']}, no version yet",
        )
        for one in documents
    ]


def _whole(link: str) -> str:
    """Return an address as a mail has to say it: a file of ours lies under a path."""
    return site_address(link) if link.startswith("/") else link


def _step(pk: int) -> ProjectStep:
    return ProjectStep.objects.select_related("template", "project__biller").get(pk=pk)
