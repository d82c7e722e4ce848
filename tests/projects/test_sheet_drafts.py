"""Sheets between look and import: one for each person and purpose, for a day; and no more of one than can be kept."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from projects import sheet_drafts
from projects.models import SheetDraft
from projects.sheet_drafts import KEPT, find, keep, table_of
from sheets.reading import Row, SheetRefused, Table

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(make_project):
    return make_project()


def a_table(*titles: object) -> Table:
    rows = [Row(number, {"title": title, "due": dt.date(2026, 12, 1)}) for number, title in enumerate(titles, start=2)]
    return Table(rows, ["Colour\0"], {"title": "C", "due": "A"})


def test_what_was_read_comes_back_as_text(project, cast):
    draft = keep(project, "raid", "../a log.csv", a_table("One\0two", 7), by=cast.priya)
    found = find(project, "raid", draft.pk, by=cast.priya)
    table = table_of(found)
    assert [(row.number, row.text()) for row in table.rows] == [
        (2, {"title": "One two", "due": "2026-12-01"}), (3, {"title": "7", "due": "2026-12-01"}),
    ]  # fmt: skip
    assert (found.name, table.ignored, dict(table.letters)) == ("a log.csv", ["Colour "], {"title": "C", "due": "A"})


def test_a_draft_is_for_one_person_one_purpose_and_one_project(project, cast, make_project):
    draft = keep(project, "raid", "x", a_table(), by=cast.priya)
    other = make_project(biller="Ashby Gas")
    assert find(project, "raid", draft.pk, by=cast.priya) == draft
    for where, purpose, by in (
        (other, "raid", cast.priya),
        (project, "cases-sit", cast.priya),
        (project, "raid", cast.sofia),
    ):
        assert find(where, purpose, draft.pk, by=by) is None


def test_another_sheet_for_the_same_takes_its_place(project, cast):
    for name, purpose, by in (("a", "raid", "priya"), ("b", "raid", "sofia"), ("c", "cases-sit", "priya")):
        keep(project, purpose, name, a_table(), by=getattr(cast, by))
    keep(project, "raid", "d", a_table(), by=cast.priya)
    assert sorted(row.name for row in SheetDraft.objects.all()) == ["b", "c", "d"]


def test_a_draft_dies_of_age_wherever_it_lies(project, cast, make_project):
    now = timezone.now()
    old = keep(project, "raid", "old", a_table(), by=cast.priya, now=now - KEPT - dt.timedelta(seconds=1))
    assert find(project, "raid", old.pk, by=cast.priya, now=now) is None
    assert find(project, "raid", old.pk, by=cast.priya, now=now - dt.timedelta(seconds=1)) == old
    keep(make_project(biller="Ashby Gas"), "raid", "new", a_table(), by=cast.sofia, now=now)
    assert [row.name for row in SheetDraft.objects.all()] == ["new"]


def test_more_text_than_is_kept_is_refused(project, cast, monkeypatch):
    monkeypatch.setattr(sheet_drafts, "LONGEST_DRAFT", 100)
    keep(project, "raid", "x", a_table("x" * 90), by=cast.priya)
    with pytest.raises(SheetRefused, match="larger than"):
        keep(project, "raid", "x", a_table("x" * 91), by=cast.priya)
