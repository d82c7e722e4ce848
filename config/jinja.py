"""What our templates know beside the values of their page."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.messages import get_messages
from django.templatetags.static import static
from django.urls import reverse
from jinja2 import Environment

from transitions.phase import Phase


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """Return the path of the view called `name`."""
    return reverse(name, args=args, kwargs=kwargs)


def date_long(day: dt.date | None) -> str:
    """Return `Nov 24, 2026`, or nothing where there is no date."""
    return f"{day:%b} {day.day}, {day.year}" if day else ""


def date_short(day: dt.date | None, today: dt.date) -> str:
    """Return `Nov 24`, with the year where it is not that of `today`, or nothing where there is no date."""
    if day is None or day.year != today.year:
        return date_long(day)
    return f"{day:%b} {day.day}"


def pluralize(number: int, one: str, many: str = "") -> str:
    """Return `1 step`, `1,204 steps`; `many` is the plural where it is not `one` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def moment(at: dt.datetime, zone: ZoneInfo) -> str:
    """Return `Nov 24, 2026, 9:05` at the wall clock of `zone`."""
    local = at.astimezone(zone)
    return f"{date_long(local.date())}, {local.hour}:{local.minute:02}"


def phase_label(phase: str) -> str:
    """Return the name of a phase as people say it: `post_live` → `Post-Live`."""
    return str(Phase(phase).label)


def document_label(path: str) -> str:
    """Return a document's slug in words: `discovery-page/payer-experience` → `Discovery page, payer experience`."""
    return path.replace("/", ", ").replace("-", " ").capitalize()


def environment(**options: Any) -> Environment:
    """Return the environment for our screens; Django adds `request`, `csrf_input` and `csrf_token` to each page."""
    env = Environment(**options)  # noqa: S701 - Django's backend asks for autoescape
    env.globals.update(get_messages=get_messages, static=static, url=url)
    env.filters.update(date_long=date_long, date_short=date_short, pluralize=pluralize, moment=moment)
    env.filters.update(phase_label=phase_label, document_label=document_label)
    return env
