"""The values of the page of a project's packages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator

from accounts.models import User
from handoff.models import Package, PackageGap
from handoff.package.contents import titles
from handoff.package.forms import AcceptForm, ReturnForm, SettleForm
from handoff.rights import runs, takes_over
from projects.files import size_words
from projects.models import Project
from transitions.package import PackageState

ON_A_PAGE = 10
#: The state of a package as a chip: kind and icon.
CHIPS = {
    PackageState.BUILDING: ("progress", "◐"),
    PackageState.BUILT: ("waiting", "◷"),
    PackageState.ACCEPTED: ("done", "✓"),
    PackageState.RETURNED: ("blocked", "⨯"),
    PackageState.FAILED: ("off", "⨯"),
}


@dataclass(frozen=True, slots=True)
class PackageLine:
    """A package in the list, with the files of its manifest: (name, size in words, SHA-256)."""

    row: Package
    size: str
    files: list[tuple[str, str, str]]
    newest: bool


@dataclass(frozen=True, slots=True)
class GapLine:
    """A gap, and the form that settles it where the reader may."""

    row: PackageGap
    form: SettleForm | None


def owners_of(project: Project) -> list[tuple[int, str]]:
    """Return who may own a gap: our people in the seats, each once."""
    people = {
        seat.person.id: seat.person.name for seat in project.board.seats if seat.person and seat.role.side == "internal"
    }
    return sorted(people.items(), key=lambda one: one[1])


def page_values(
    project: Project,
    person: User,
    *,
    page: int = 1,
    accept: AcceptForm | None = None,
    giving_back: ReturnForm | None = None,
    settle: tuple[int, SettleForm] | None = None,
) -> dict[str, Any]:
    """Return what the page shows; five queries beside the board's, whatever the number of packages and gaps.

    Args:
        accept, giving_back, settle: a form that was refused, with what was typed.
    """
    found: Any = Package.objects.filter(project=project).select_related("file", "requested_by", "decided_by")
    listed: Page[Any] = Paginator(found.order_by("-number"), ON_A_PAGE).get_page(page)
    rows = list(listed.object_list)
    alive = not project.is_archived()
    may_run, may_take = alive and runs(project, person), alive and takes_over(project, person)
    gaps = PackageGap.objects.filter(project=project).select_related("package", "owner", "named_by", "settlement__by")
    for row in rows:
        row.project = project
    newest = rows[0] if rows and listed.number == 1 else None
    waits = newest if newest is not None and newest.state == PackageState.BUILT else None
    refused_gap, refused = settle or (0, None)
    return {
        "page": listed,
        "lines": [_line(row, newest=row is newest) for row in rows],
        "chips": CHIPS,
        "building": next((row for row in rows if row.state == PackageState.BUILDING), None),
        "waits": waits,
        "may_build": may_run,
        "may_take": may_take,
        "accept": accept or (AcceptForm(initial={"revision": waits.revision}) if waits else None),
        "giving_back": giving_back
        or (
            ReturnForm(initial={"revision": waits.revision}, owners=owners_of(project), prefix="back")
            if waits
            else None
        ),
        "gaps": [
            GapLine(gap, _settle_form(gap, may_run, refused if refused_gap == gap.pk else None))
            for gap in sorted(gaps.order_by("-package__number", "pk"), key=lambda gap: hasattr(gap, "settlement"))
        ],
        "titles": titles(),
        "archived": not alive,
    }


def _settle_form(gap: PackageGap, may: bool, refused: SettleForm | None) -> SettleForm | None:
    if not may or hasattr(gap, "settlement"):
        return refused
    return refused or SettleForm(auto_id=f"gap-{gap.pk}-%s")


def _line(row: Package, *, newest: bool) -> PackageLine:
    files = row.manifest.get("files", []) if isinstance(row.manifest, dict) else []
    return PackageLine(
        row,
        size_words(row.file.size) if row.file else "",
        [(one["name"], size_words(one["size"]), one["sha256"]) for one in files],
        newest,
    )
