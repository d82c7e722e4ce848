"""Admin: the letters of a draft on one page, steps by roles.

Each step is one field, a line such as `SE:R, INM:A`, so that 200 steps of ten roles are 200 fields and not 2,000: Django refuses
a form of more than 1,000 (ux.md, finding 1). `static/admin-grid.js` lets a person type in the cells, and writes the lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from playbook import vocabulary as words
from playbook.admin.bases import AnyAdmin
from playbook.admin.drafts import on_draft
from playbook.data import PlaybookData, StepData
from playbook.editing import ChangedMeanwhile, Clash, save_letters
from playbook.letters import LineError, Wrong, line_of, pieces_of, read_line
from playbook.models import Version
from raci.health import check
from raci.letters import LETTERS, Raci
from raci.matrix import build_matrix
from transitions.phase import Phase


@dataclass(frozen=True, slots=True)
class GridCell:
    """One role on one step, as typed; `wrong` says what cannot be read."""

    text: str
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class GridRow:
    """One step. `line` is what its field holds, `marks` the codes of what is wrong or open in letters that are stored."""

    pk: int
    number: int
    title: str
    phase: str
    cells: tuple[GridCell, ...]
    line: str
    marks: tuple[tuple[str, str], ...]
    #: What no cell can show: a role that is not listed, a clash.
    problems: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The step's own form."""
        return reverse("admin:playbook_step_change", args=[self.pk])


@dataclass(frozen=True)
class Sheet:
    """What was sent: a line for each step that the person saw, and what stood in it then. Empty where the page is asked for."""

    lines: Mapping[int, str] = field(default_factory=dict)
    seen: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def sent(cls, request: HttpRequest) -> Sheet:
        """Return what a form sends. A step without a field in it stays as it is."""
        seen = _read_seen(request.POST.get("seen", ""))
        return cls({pk: request.POST.get(f"letters-{pk}", line) for pk, line in seen.items()}, seen)

    @property
    def touched(self) -> dict[int, str]:
        """The lines that are not what was seen, whatever the blanks."""
        return {pk: line for pk, line in self.lines.items() if line.split() != self.seen[pk].split()}


class GridPages(AnyAdmin):
    """What the version's admin adds for typing the letters of all steps."""

    def get_urls(self) -> list[URLPattern]:
        grid = self.admin_site.admin_view(self.grid_view)
        return [path("<int:pk>/grid/", grid, name="playbook_version_grid"), *super().get_urls()]

    @on_draft
    def grid_view(self, request: HttpRequest, version: Version) -> HttpResponse:
        """Show the grid; save the steps of which the line changed, all or none."""
        data = version.as_data()
        ids = dict(version.steps.values_list("key", "pk"))
        steps = {ids[step.key]: step for step in data.steps}
        if request.method != "POST":
            return self._grid(request, version, data, steps, Sheet())
        sheet = Sheet.sent(request)
        listed = [role.code for role in data.roles]
        wanted: dict[int, Raci] = {}
        problems: dict[int, list[Wrong]] = {}
        for pk, line in sheet.touched.items():
            try:
                wanted[pk] = read_line(line, listed=listed, was=steps[pk].raci if pk in steps else Raci())
            except LineError as wrong:
                problems[pk] = wrong.problems
        if problems:
            return self._grid(request, version, data, steps, sheet, problems=problems, status=400)
        by: Any = request.user
        try:
            number = save_letters(version, wanted, seen=sheet.seen, by=by)
        except ChangedMeanwhile as changed:
            return self._grid(request, version, data, steps, sheet, clashes=changed.clashes, status=409)
        if number:
            self.log_change(request, version, f"Changed the letters of {number} steps.")
        said = f"The letters of {number} step{'' if number == 1 else 's'} changed." if number else "No letter changed."
        messages.success(request, said)
        return HttpResponseRedirect(request.path)

    def _grid(
        self,
        request: HttpRequest,
        version: Version,
        data: PlaybookData,
        steps: Mapping[int, StepData],
        sheet: Sheet,
        *,
        problems: Mapping[int, list[Wrong]] | None = None,
        clashes: Sequence[Clash] = (),
        status: int = 200,
    ) -> HttpResponse:
        codes = [role.code for role in data.roles]
        typed, wrong = sheet.touched, problems or {}
        clashed = {clash.pk: clash for clash in clashes if clash.pk is not None}
        rows = [_row(pk, step, codes, typed.get(pk), wrong.get(pk, ()), clashed.get(pk)) for pk, step in steps.items()]
        load = build_matrix([(pk, step.raci) for pk, step in steps.items()], codes).load
        # What was typed over a step as it was stays compared with that, unless the page shows that it is another now.
        seen = {pk: sheet.seen[pk] if pk in typed and not clashes else line_of(step.raci) for pk, step in steps.items()}
        context = {
            **self.admin_site.each_context(request),
            "title": "Letters of all steps",
            "version": version,
            "opts": self.opts,
            "roles": data.roles,
            "rows": rows,
            "totals": [(letter, [load[code][letter] for code in codes]) for letter in LETTERS],
            "seen": "\n".join(f"{pk} {line}" for pk, line in seen.items()),
            "clashes": clashes,
            "lost": [typed[pk] for pk in typed if pk not in steps],
            "wrong_rows": [row for row in rows if row.pk in wrong],
        }
        return TemplateResponse(request, "admin/playbook/version/grid.html", context, status=status)


def _row(
    pk: int, step: StepData, codes: Sequence[str], typed: str | None, wrong: Sequence[Wrong], clash: Clash | None
) -> GridRow:
    line = line_of(step.raci) if typed is None else typed
    pieces = pieces_of(line)
    at = {problem.code: problem.text for problem in wrong}
    problems = [problem.text for problem in wrong if problem.code not in codes]
    if clash is not None:
        problems.append(f"Stored meanwhile: “{line_of(step.raci) or 'nothing'}”. In your form: “{line or 'nothing'}”.")
    return GridRow(
        pk=pk,
        number=step.number,
        title=step.title,
        phase=Phase(step.phase).label,
        cells=tuple(GridCell(pieces.get(code, ""), at.get(code, "")) for code in codes),
        line=line,
        marks=tuple((found.code, found.severity) for found in check(step.raci, listed=codes, derived=step.derived)),
        problems=tuple(problems),
    )


def _read_seen(text: str) -> dict[int, str]:
    """Return the lines that the page showed, by the step's id: one a line, the id first."""
    found: dict[int, str] = {}
    for row in text.splitlines()[: words.MOST_STEPS * 2]:
        given, _, line = row.partition(" ")
        if given.isdecimal() and len(given) < 19:
            found[int(given)] = line
    return found
