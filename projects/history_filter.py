"""A history as it is asked for: the filter, the page that it gives, its rows as a file."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db import models

from accounts.models import User
from history.context import Origin
from history.reading import Change, Page, Place, Source, Wanted, read
from projects.filters import Filter, ListForm, _choice, _number
from projects.forms import date_field
from projects.history_page import NAMERS

ON_A_PAGE, IN_A_FILE, A_READ = 50, 10_000, 500
EXPORT_HEADER = (
    *("When (UTC)", "Who", "From", "Batch", "Kind", "What", "Change", "Field", "Old", "New", "Reason"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class HistoryFilter(Filter):
    """Which changes."""

    what: str = ""
    who: int | None = None
    origin: str = ""
    batch: uuid.UUID | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    object: int | None = None
    before: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything is asked for but where the page begins."""
        return bool(self.query(before=""))

    def wanted(self, zone: ZoneInfo) -> Wanted:
        """Return what is asked for; days are those of `zone`, both inclusive."""
        return Wanted(
            self.what, self.who, self.origin, self.batch, _midnight(self.since, zone),
            _midnight(self.until and self.until + dt.timedelta(days=1), zone), self.object,
        )  # fmt: skip


def _midnight(day: dt.date | None, zone: ZoneInfo) -> dt.datetime | None:
    return dt.datetime.combine(day, dt.time(), zone) if day else None


class HistoryForm(ListForm):
    """The parameters of a page of history."""

    what = forms.ChoiceField(
        required=False, error_messages={"invalid_choice": "“%(value)s” is no kind that this history knows."}
    )
    who = _number("person’s number")
    origin = _choice("origin", Origin.choices)
    batch = forms.UUIDField(required=False, error_messages={"invalid": "That is no batch."})
    since = date_field("Since", required=False)
    until = date_field("Until", required=False)
    object = _number("number of an object")
    before = forms.CharField(required=False, max_length=60)
    format = _choice("format", [("csv", "CSV")])

    def clean_before(self) -> str:
        """Refuse what is no place in the stream."""
        given = str(self.cleaned_data["before"])
        if given and Place.read(given) is None:
            raise forms.ValidationError("That is no place in a history.")
        return given


def form_for(sources: Sequence[Source]) -> type[HistoryForm]:
    """Return the form that knows the kinds of these sources."""

    class Form(HistoryForm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.fields["what"].choices = kinds(sources)  # type: ignore[attr-defined]

    return Form


def kinds(sources: Sequence[Source]) -> list[tuple[str, str]]:
    """Return the kinds of change that may be chosen, as (name, words)."""
    return list(dict.fromkeys((source.name, source.title) for source in sources))


def page_of(sources: Sequence[Source], chosen: HistoryFilter, zone: ZoneInfo, *, most: int = ON_A_PAGE) -> Page:
    """Return the page that is asked for."""
    return read(sources, chosen.wanted(zone), namers=NAMERS, most=most, before=Place.read(chosen.before))


def people_of(sources: Iterable[Source]) -> list[tuple[int, str]]:
    """Return who has changed something in one of the tables, by name: whom the filter offers."""
    has_acted = models.Q()
    for source in sources:
        has_acted |= models.Q(models.Exists(source.rows.order_by().filter(**{source.by: models.OuterRef("pk")})))
    return list(User.objects.filter(has_acted).order_by("name").values_list("pk", "name"))


def export_rows(sources: Sequence[Source], chosen: HistoryFilter, zone: ZoneInfo) -> Iterator[Sequence[object]]:
    """Yield the changes as rows of a file, one for each field; the 10,000 newest, and a last line where there are more."""
    wanted, place = chosen.wanted(zone), Place.read(chosen.before)
    for _ in range(IN_A_FILE // A_READ):
        page = read(sources, wanted, namers=NAMERS, most=A_READ, before=place)
        for change in page.changes:
            yield from _export_rows(change)
        place = page.older
        if place is None:
            return
    yield (f"Only the {IN_A_FILE:,} newest changes are in this file. Choose a span of days for older ones.",)


def _export_rows(change: Change) -> Iterator[Sequence[object]]:
    head = (
        change.at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S"), change.by, change.origin,
        str(change.batch) if change.batch else "", change.kind, change.label, change.words,
    )  # fmt: skip
    if not change.fields:
        yield (*head, "", "", "", change.note)
    for item in change.fields:
        yield (*head, item.label, item.old, item.new, change.note)
