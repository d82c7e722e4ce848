"""What mails of notices say: of a project what is heard at once, and the digest of a day. One template, one button.

The words are made when a mail goes out. What its person has read or sees no more, and what is not so any more, is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from django.urls import reverse
from django.utils import timezone

from accounts.mail import Line, Message, Section, register, site_address
from accounts.models import OutgoingMail
from projects import inbox_page
from projects.inbox_page import heard
from projects.models import Notice
from projects.notice_kinds import IN_SUMMARY, NoticeKind
from reminders.delivery import AT_ONCE_MAIL, DIGEST_MAIL
from reminders.kinds import COUNTED, RANKS
from reminders.still import still_true
from reminders.unsubscribe import address_of

#: A mail tells so much of one project, and so much in all; the inbox has the others.
MOST_OF_PROJECT, MOST = 25, 100
MEETINGS = "Meetings"


def register_all() -> None:
    """Make the words of these mails known."""
    register(AT_ONCE_MAIL, at_once)
    register(DIGEST_MAIL, digest)


def said_by(mail: OutgoingMail) -> list[Notice]:
    """Return the notices that a mail has still to say, the first to be dealt with first."""
    rows = heard(mail.person, timezone.now()).filter(mail=mail, read_at=None).order_by("pk")
    rows = rows.select_related("project", "step__project", "step__template__version__playbook")
    return sorted(still_true(list(rows)), key=lambda notice: (RANKS.get(notice.kind, len(RANKS)), notice.pk))


def at_once(mail: OutgoingMail) -> Message | None:
    """Return the mail that says what is heard at once of one project, or of the company's meetings."""
    notices = said_by(mail)
    if not notices:
        return None
    first, project = notices[0], notices[0].project
    name = project.code if project else MEETINGS
    alone = len(notices) == 1
    heading = first.text if alone else f"{len(notices)} things of {project.name if project else 'meetings'}"
    facts = [("Project", f"{project.name} ({project.code})")] if project else []
    return Message(
        subject=f"[{name}] {heading}",
        heading=heading,
        paragraphs=[f"From {first.by.name}."] if alone and first.by else [],
        facts=facts,
        sections=[] if alone else [Section("What it is", _lines(notices, MOST_OF_PROJECT))],
        button=("Open", site_address(address(first))) if alone else ("Open the inbox", _inbox()),
        small_print=f"{first.why if alone else _why(notices)} You hear of this at once.",
        thread=name,
        unsubscribe=address_of(mail.person, first.kind),
    )


def digest(mail: OutgoingMail) -> Message | None:
    """Return the mail of a day: by project, what is overdue first."""
    notices = said_by(mail)
    if not notices:
        return None
    counts = counted(notices)
    return Message(
        subject=f"Your day: {counts}",
        heading=f"Your day: {len(notices)} {'thing' if len(notices) == 1 else 'things'}",
        paragraphs=[f"{counts[0].upper()}{counts[1:]}."],
        sections=_sections(notices),
        button=("Open the inbox", _inbox()),
        small_print=f"{_why(notices)} This comes once a day, on working days, with what is new.",
        thread="digest",
        unsubscribe=address_of(mail.person, DIGEST_MAIL),
    )


def counted(notices: Iterable[Notice]) -> str:
    """Return how many of each kind there are, in words: `3 overdue, 1 comment asked`."""
    numbers = Counter(notice.kind for notice in notices)
    words = [(COUNTED[NoticeKind(kind)], number) for kind, number in sorted(numbers.items(), key=lambda n: RANKS[n[0]])]
    return ", ".join(f"{number} {one if number == 1 else several}" for (one, several), number in words)


def _sections(notices: Sequence[Notice]) -> list[Section]:
    """Return a list for each project, in the order in which `notices` come to them: so what is overdue is first."""
    by_project: dict[str, list[Notice]] = {}
    for notice in notices:
        name = f"{notice.project.name} ({notice.project.code})" if notice.project else MEETINGS
        by_project.setdefault(name, []).append(notice)
    sections, room = [], MOST
    for name, rows in by_project.items():
        lines = _lines(rows, min(MOST_OF_PROJECT, max(room, 1)))
        room -= len(lines)
        sections.append(Section(name, lines))
        if room <= 0:
            break
    if left := len(by_project) - len(sections):
        sections.append(Section("More", [Line(f"And {left} more projects", _inbox())]))
    return sections


def _lines(notices: Sequence[Notice], most: int) -> list[Line]:
    """Return a line for each; summaries of one project are one line."""
    summed = [notice for notice in notices if notice.kind in IN_SUMMARY]
    single = [notice for notice in notices if notice.kind not in IN_SUMMARY]
    if len(summed) < 2:
        single, summed = list(notices), []
    lines = [Line(notice.text, site_address(address(notice)), notice.why) for notice in single[:most]]
    if len(single) > most:
        lines.append(Line(f"And {len(single) - most} more", _inbox()))
    if summed:
        project = summed[0].project
        lines.append(
            Line(
                f"{len(summed)} steps done",
                site_address(project.get_absolute_url()) if project else _inbox(),
                summed[0].why.replace("this step", "these steps"),
            )
        )
    return lines


def address(notice: Notice) -> str:
    """Return the path that a notice leads to; the inbox, where it names none."""
    return inbox_page.address_of(notice) or reverse("inbox")


def _why(notices: Sequence[Notice]) -> str:
    whys = list(dict.fromkeys(notice.why for notice in notices))
    return "Why you get this: " + (whys[0] if len(whys) == 1 else "each line says it.")


def _inbox() -> str:
    return site_address(reverse("inbox"))
