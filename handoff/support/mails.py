"""The biller's letters as mails: each turn's text as it is kept, with one button to the project's page.

Rows are written in the transaction of the turn. What is brought in with its past (the demo) is kept and not sent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.links import way_to
from accounts.mail import Message, post, register
from accounts.models import OutgoingMail, User
from handoff.models import SupportTurn
from handoff.models.support import after_turn
from handoff.support.letters import Letter
from handoff.support.people import billers
from handoff.support.vocabulary import Turn
from projects.mails import NEWS

#: The kind of mail that tells of a turn.
KINDS = {turn: f"support-{turn.value}" for turn in Turn}


def register_all() -> None:
    """Make the words of these mails known, and write them with the turns that they tell of."""
    for kind in KINDS.values():
        register(kind, _letter)
    after_turn(tell_biller)


def tell_biller(turn: SupportTurn, people: Iterable[User], *, now: dt.datetime) -> None:
    """Write the letter of a turn to each of the biller's people, unless it is no news."""
    if turn.letter and now >= timezone.now() - NEWS:
        for person in people:
            _post(turn, person)


def post_letter(turn: SupportTurn) -> list[User]:
    """Write the letter of a turn to whom letters go now and who were not sent it; return them."""
    if not turn.letter:
        return []
    known = set(mails_of([turn]).values_list("person_id", flat=True))
    fresh = [person for person in turn.period.told_people() if person.pk not in known]
    for person in fresh:
        _post(turn, person)
    return fresh


def mails_of(turns: Iterable[SupportTurn]) -> QuerySet[OutgoingMail]:
    """Return the mails that were written of some turns."""
    return OutgoingMail.objects.filter(kind__in=KINDS.values(), details__turn__in=[turn.pk for turn in turns])


def _post(turn: SupportTurn, person: User) -> None:
    post(KINDS[Turn(turn.kind)], to=person, key=f"support:{turn.pk}:{person.pk}", turn=turn.pk)


def _letter(mail: OutgoingMail) -> Message | None:
    """Return the letter of a turn, or None where the person is neither seated for the biller nor their contact any more.

    Only who holds a seat can open the project, and gets a button that leads there.
    """
    turn = SupportTurn.objects.select_related("project", "period__contact").get(pk=mail.details["turn"])
    said, project = Letter.of(turn.letter), turn.project
    turn.period.project = project
    if mail.person_id not in {person.pk for person in turn.period.told_people()}:
        return None
    address, code = "", ""
    if seated := mail.person_id in {person.pk for person in billers(project)}:
        address, code = way_to(mail.person, reverse("project", args=[project.code]), purpose="support")
    return Message(
        subject=f"[{project.code}] {said.subject}",
        heading=said.subject,
        paragraphs=said.paragraphs,
        button=("Open your project", address) if seated else None,
        facts=[("Project", f"{project.name} ({project.code})")],
        code=code,
        small_print="You hold a seat on this project." if seated else "You are named as the contact of this project.",
        thread=project.code,
    )
