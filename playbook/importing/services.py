"""Import a file as a draft: the one door of `import_playbook`, for the command and the admin alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePath
from typing import Any, Literal

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.models import User
from history.context import named
from playbook import vocabulary as words
from playbook.format import FormatError, PlaybookData, digest, parse
from playbook.importing.columns import fold
from playbook.importing.drift import Drift, drift
from playbook.importing.interpret import Interpreted, interpret, title_of
from playbook.importing.keys import slug_of
from playbook.importing.own import is_own, read_own
from playbook.importing.raw import ImportRefused, Note, Page, ReportRow
from playbook.importing.sorts import read_page, sort_of
from playbook.importing.texts import text_of, tidy
from playbook.models import ImportReport, Playbook, Version
from playbook.nodes import Node, compose
from playbook.order import circle_words, circles
from playbook.services import write_draft
from transitions.blockers import Blocker, NotPermitted

__all__ = ["Imported", "import_playbook", "read_page"]

MOST_PROBLEMS = 50
SHIPPED = "the reading that ships with the product"
#: Told in our own words by what ships with the product: no page drifts from it there.
_OUR_WORDS = ("guidance",)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to. `drift` is what the page says differently since version `since` (None: never imported)."""

    slug: str
    version: Version
    outcome: Literal["created", "drafted", "unchanged"]
    rows: tuple[ReportRow, ...]
    drift: tuple[Drift, ...] = ()
    since: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the keys of `import_playbook --format json`."""
        return {
            "slug": self.slug,
            "version": self.version.number,
            "outcome": self.outcome,
            "rows": [row.as_dict() for row in self.rows],
            "drift": [row.as_dict() for row in self.drift],
            "since": self.since,
        }


@named
@transaction.atomic
def import_playbook(data: bytes, name: str, *, slug: str = "", by: User | None = None) -> Imported:
    """Import a file into a new draft, whole or not at all. One that was imported before, or says what there is, changes nothing.

    Source: issue 7, "Import"; docs/adr/0020.

    Args:
        data: the file. name: what it is called.
        slug: the playbook; found from the page where it is not given.
        by: who imports, None for the system.

    Raises:
        NotPermitted: `by` may not change versions.
        ImportRefused: with every problem, and where it is.
    """
    if by is not None and not by.has_perm("playbook.change_version"):
        raise NotPermitted([Blocker("not-permitted", f"{by} may not import playbooks.")])
    if slug and not (words.SLUG_PATTERN.fullmatch(slug) and len(slug) <= words.LONGEST_SLUG):
        raise ImportRefused([f"“{slug[:80]}” cannot be a playbook's slug: use {words.SLUG_WORDS}."])
    name = tidy(PurePath(name.replace("\\", "/")).name)[: words.LONGEST_TITLE] or "file"
    sort = sort_of(data, name)
    if sort == "yaml":
        return _import_own(data, slug, name, by)
    page = read_page(data, name)
    if sort == "sheet" and is_own(page):
        return _import_book(page, slug, data, by)
    slug = slug or _slug_of(page)
    playbook, base, label = _before(slug, page.page)
    told = interpret(page, slug=slug, base=base, label=label)
    return _written(told, playbook, base, data, name=name, by=by)


def _import_own(data: bytes, slug: str, name: str, by: User | None) -> Imported:
    """Import our own YAML or JSON: nothing in it is guessed."""
    text, _ = text_of(data)
    try:
        read = parse(text)
    except FormatError as error:
        raise ImportRefused([str(problem) for problem in error.problems[:MOST_PROBLEMS]]) from error
    if slug:
        read = replace(read, playbook=slug)
    wheres = {key: f"line {line}" for key, line in _lines_of_steps(text).items()}
    report = [ReportRow(wheres[step.key], "read", f"“{step.title}”.", step.key, step.number) for step in read.steps]
    report += _of_circles(read, wheres)
    playbook, base, _ = _before(read.playbook)
    told = Interpreted(read, tuple(report), ())
    return _written(told, playbook, base, data, name=name, by=by, is_own=True)


def _of_circles(data: PlaybookData, wheres: Mapping[str, str]) -> Iterator[ReportRow]:
    """Return a row for each circle of needs: the draft has it, lint finds it, publishing refuses it."""
    numbers = {step.key: step.number for step in data.steps}
    for circle in circles({step.key: step.needs for step in data.steps}):
        text = f"These steps wait for one another for ever: {circle_words(circle)}. Publishing refuses it."
        yield ReportRow(wheres.get(circle[0], ""), "refused", text, circle[0], numbers[circle[0]])


def _import_book(page: Page, slug: str, data: bytes, by: User | None) -> Imported:
    """Import a book in our own layout (`xlsx_out`): nothing in it is guessed, and what was added to it is kept as notes."""
    read = read_own(page)
    if slug:
        read = replace(read, playbook=slug)
    wheres = {row.values.get("key", ""): row.where for row in reversed(page.rows("steps"))}
    report = [
        ReportRow(wheres.get(step.key, ""), "read", f"“{step.title}”.", step.key, step.number) for step in read.steps
    ]
    report += _of_circles(read, wheres)
    report += [ReportRow(note.where, "kept", note.text) for note in page.notes]
    playbook, base, _ = _before(read.playbook)
    told = Interpreted(read, tuple(report), page.notes)
    return _written(told, playbook, base, data, name=page.file, by=by, is_own=True)


def _lines_of_steps(text: str) -> dict[str, int]:
    top = _pairs(compose(text))
    steps = top["steps"].items if "steps" in top else []
    return {pairs["key"].text: step.line for step in steps if "key" in (pairs := _pairs(step))}


def _pairs(node: Node) -> dict[str, Node]:
    return {key.text: value for key, value in zip(node.items[::2], node.items[1::2], strict=False)}


def _written(
    told: Interpreted,
    playbook: Playbook | None,
    base: PlaybookData | None,
    data: bytes,
    *,
    name: str,
    by: User | None,
    is_own: bool = False,
) -> Imported:
    slug = told.data.playbook
    loaded = hashlib.sha256(data + b"\0" + slug.encode()).hexdigest()
    if playbook is not None:
        found = _same(told.data, playbook, base, loaded, is_own=is_own)
        if found is not None:
            return Imported(slug, found, "unchanged", told.report)
    is_new = playbook is None
    since, drifted = _drift(told.data, playbook)
    if playbook is None:
        # Somebody else may be importing the same new page at this moment: then this is their playbook's second draft.
        playbook, _ = Playbook.objects.select_for_update().get_or_create(
            slug=slug, defaults={"title": told.data.title, "kind": told.data.kind}
        )
    notes = [note.as_dict() for note in told.notes]
    version = write_draft(told.data, playbook=playbook, loaded_digest=loaded, notes=notes)
    imported = Imported(slug, version, "created" if is_new else "drafted", told.report, tuple(drifted), since)
    said = imported.as_dict()
    ImportReport.objects.create(
        version=version, file=name, rows=said["rows"], drift=said["drift"], since=since, imported_by=by
    )
    return imported


def _same(
    data: PlaybookData, playbook: Playbook, base: PlaybookData | None, loaded: str, *, is_own: bool
) -> Version | None:
    """Return the version that a file was loaded into before, or the newest one where the file says the same."""
    versions = playbook.versions.select_related("playbook").order_by("-number")
    same = Q(loaded_digest=loaded)
    if is_own:
        says = digest(data)
        same |= Q(loaded_digest=says) | Q(digest=says)
    found = versions.filter(same).first()
    if found is None and base is not None and _said(base) == _said(data):
        found = versions.first()
    return found


def _said(data: PlaybookData) -> PlaybookData:
    """Return what a version says, wherever it was read."""
    return replace(data, version=1, source={}, steps=tuple(replace(step, source={}) for step in data.steps))


# -- what was there before


def _before(slug: str, page: str = "") -> tuple[Playbook | None, PlaybookData | None, str]:
    """Return the playbook, locked, and the reading that fills in what a page cannot say."""
    playbook = Playbook.objects.select_for_update().filter(slug=slug).first()
    newest = playbook.versions.select_related("playbook").order_by("-number").first() if playbook else None
    if newest is not None:
        return playbook, newest.as_data(), f"version {newest.number}"
    of_slug = [data for data in _shipped() if data.playbook == slug]
    # Under a slug of its own a page is still that page.
    shipped = of_slug or [data for data in _shipped() if page and data.source.get("page") == page]
    return playbook, shipped[0] if shipped else None, SHIPPED


@cache
def _shipped() -> tuple[PlaybookData, ...]:
    """Return the playbooks that ship with the product; they do not change while it runs."""
    files = sorted((Path(settings.BASE_DIR) / "fixtures" / "playbooks").glob("*.yaml"))
    return tuple(parse(file.read_text(encoding="utf-8")) for file in files)


def _drift(data: PlaybookData, playbook: Playbook | None) -> tuple[int | None, Sequence[Drift]]:
    """Return what drifted since the version that was last imported from the same page, or else retells it."""
    if playbook is None:
        return None, ()
    page, file = data.source.get("page"), data.source.get("file")
    versions = playbook.versions.select_related("playbook").order_by("-number")
    same = versions.filter(source__page=page) if page else versions.filter(source__file=file)
    told = None
    for version in same[:50]:
        # A retelling has no rows: it is what the page is held against only where the page was never imported.
        if version.loaded_digest and version.steps.filter(source__has_key="row").exists():
            return version.number, drift(version.as_data(), data)
        told = told or version
    return (told.number, drift(told.as_data(), data, but=_OUR_WORDS)) if told else (None, ())


# -- which playbook a page is


def _slug_of(page: Page) -> str:
    """Return the playbook that a page is about: by its number, its title, or the file's name; else a slug made of its title.

    Raises:
        ImportRefused: the page does not say, or says it of several.
    """
    if page.page:
        found = set(Version.objects.filter(source__page=page.page).order_by().values_list("playbook__slug", flat=True))
        if len(found) > 1:
            known = ", ".join(sorted(found))
            raise ImportRefused([f"Several playbooks come from page {page.page} ({known}): say which with --slug."])
        if found:
            return str(found.pop())
    shipped = _shipped()
    if page.page:
        by_page = [data.playbook for data in shipped if data.source.get("page") == page.page]
        if by_page:
            return by_page[0]
    title = fold(title_of(page))
    known_titles = {fold(data.title): data.playbook for data in shipped}
    known_titles |= {fold(one.title): one.slug for one in Playbook.objects.order_by("pk")}
    if title and title in known_titles:
        return known_titles[title]
    made = slug_of(title_of(page))
    if made:
        return made
    stem = PurePath(page.file).stem.casefold().replace("_", "-")
    by_file = {str(data.source.get("file", "")): data.playbook for data in shipped}
    slugs = {data.playbook for data in shipped} | set(Playbook.objects.values_list("slug", flat=True))
    if page.file in by_file or stem in slugs:
        return by_file.get(page.file, stem)
    raise ImportRefused([f"“{page.file}” does not say which playbook it is: give its slug (--slug)."])


def as_notes(version: Version) -> list[Note]:
    """Return the notes that an import left on a version."""
    return [Note(str(note.get("where", "")), str(note.get("text", ""))) for note in version.notes]
