"""What a package holds, as plain values: topics, each of sections, each a text and a table. No file is written here.

Parts of this room and of others add topics with `register_part`, in `AppConfig.ready()`. All of them are read as of one instant.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from handoff.package.slide import Slide, slide_of
from projects.models import Project, StoredFile


@dataclass(frozen=True, slots=True)
class Section:
    """A table under a heading.

    Args:
        header, rows: plain values, as `sheets.writing` takes them. `shown`: the columns that the PDF has, by place, with how
            wide each is beside the others; all of them, equally wide, where nothing is said. The spreadsheet has all.
        words: what is said above the table. `empty`: what is said in its place where there are no rows.
    """

    title: str
    header: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    words: str = ""
    empty: str = "Nothing of this is on record."
    shown: Sequence[tuple[int, float]] = ()


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that somebody uploaded, put into the package as it is."""

    name: str
    stored: StoredFile


@dataclass(frozen=True, slots=True)
class Topic:
    """One chapter: its files are named by the slug."""

    slug: str
    title: str
    sections: Sequence[Section]
    files: Sequence[Attached] = ()


@dataclass(frozen=True, slots=True)
class Contents:
    """A project's package, read."""

    code: str
    name: str
    biller: str
    at: dt.datetime
    topics: Sequence[Topic]
    slide: Slide


#: Takes the project (biller and core system read) and the instant; returns its sections, and the files that go with them.
Reader = Callable[[Project, dt.datetime], tuple[Sequence[Section], Sequence[Attached]]]
_parts: dict[str, tuple[int, str, Reader]] = {}


def register_part(order: int, slug: str, title: str, reader: Reader) -> None:
    """Let a package hold another topic; one that has the slug already is read by `reader` from now on.

    Args:
        order: its place among the topics. slug: how its files are called.
    """
    _parts[slug] = (order, title, reader)


def titles() -> list[str]:
    """Return the titles of the topics, in their order."""
    return [title for _, title, _ in sorted(_parts.values(), key=lambda part: part[:2])]


def read_contents(project: Project, now: dt.datetime) -> Contents:
    """Return what a package of the project holds by now. The caller sees to it that all of it is of one instant."""
    topics = []
    for slug, (_, title, reader) in sorted(_parts.items(), key=lambda part: part[1][:2]):
        sections, files = reader(project, now)
        topics.append(Topic(slug, title, tuple(sections), tuple(files)))
    return Contents(project.code, project.name, project.biller.name, now, tuple(topics), slide_of(project, now))
