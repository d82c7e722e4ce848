"""Admin: one change to the ticked steps of a draft. What it would do is shown first; then it is done, once, as one act."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from history.stale import fingerprint
from playbook import vocabulary as words
from playbook.admin.bases import AnyAdmin
from playbook.admin.drafts import on_draft, refused
from playbook.admin.forms import tidy
from playbook.admin.order import back_to
from playbook.bulk import LABELS, Act, Change, Glance, after, glance
from playbook.data import PlaybookData, RoleData, StepData
from playbook.editing import ChangedMeanwhile, Clash, change_steps, compare_steps
from playbook.lint import lint
from playbook.models import Version
from raci.letters import Letter
from transitions.blockers import Blocker, MoveRefused
from transitions.phase import Phase

LETTER_CHOICES = [("", "a letter"), *((letter.value, f"{letter.value} · {letter.label}") for letter in Letter)]
#: The columns of the table that shows what would change.
COLUMNS = ("phase", "category", "days", "letters")
#: So many new findings are told one by one.
MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class Parts:
    """An act as its line of the form: the button that chooses it, and the fields that it takes, by their names in Change."""

    act: Act
    fields: Mapping[str, BoundField]
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """What a step says, and what it would say; the same where nothing changes."""

    now: str
    then: str


@dataclass(frozen=True, slots=True)
class BulkRow:
    """A ticked step in the table of the page."""

    name: str
    cells: tuple[Cell, ...]
    goes: bool


class BulkForm(forms.Form):
    """What to do to the ticked steps. Each act has fields of its own; those of the other acts do not count."""

    #: By act, the form's fields and where they go in a Change.
    takes = {  # noqa: RUF012 - read only
        Act.GIVE: {"give_role": "role", "give_letter": "letter"},
        Act.ONLY: {"only_role": "role", "only_letter": "letter"},
        Act.TAKE: {"take_role": "role", "take_letter": "letter"},
        Act.TURN: {"turn_role": "role", "turn_letter": "letter", "turn_new_letter": "new_letter"},
        Act.HAND: {"hand_role": "role", "hand_new_role": "new_role"},
        Act.DURATION: {"duration_days": "days"},
        Act.PHASE: {"phase_phase": "phase"},
        Act.CATEGORY: {"category_category": "category"},
        Act.DELETE: {},
    }
    #: Fields that may stay empty: any letter; no category.
    optional = frozenset({"take_letter", "category_category"})
    labels = {  # noqa: RUF012 - read only
        "role": "Role",
        "letter": "Letter",
        "new_letter": "New letter",
        "new_role": "New role",
        "days": "Working days",
        "phase": "Phase",
        "category": "Category",
    }

    act = forms.ChoiceField(choices=Act.choices, error_messages={"required": "Choose what to do."})

    def __init__(self, *args: Any, roles: Iterable[RoleData], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = [("", "a role"), *((role.code, f"{role.code} · {role.name}") for role in roles)]
        for fields in self.takes.values():
            for name, part in fields.items():
                self.fields[name] = self._field(name, part, codes)

    def _field(self, name: str, part: str, codes: list[tuple[str, str]]) -> forms.Field:
        plain: dict[str, Any] = {"label": self.labels[part], "required": False}
        if part in ("role", "new_role"):
            return forms.ChoiceField(choices=codes, **plain)
        if part in ("letter", "new_letter"):
            any_letter = [("", "all letters"), *LETTER_CHOICES[1:]]
            return forms.ChoiceField(choices=any_letter if name in self.optional else LETTER_CHOICES, **plain)
        if part == "days":
            return forms.IntegerField(min_value=0, max_value=words.LONGEST_DURATION, **plain)
        if part == "phase":
            return forms.ChoiceField(choices=[("", "a phase"), *Phase.choices], **plain)
        return forms.CharField(max_length=words.LONGEST_NAME, **plain)

    def clean(self) -> dict[str, Any]:
        super().clean()
        fields = self.takes.get(self._act(), {})
        # What is half filled in on another act's line is nobody's concern.
        for name in [name for name in self.errors if name != "act" and name not in fields]:
            del self.errors[name]
        tidy(self)
        for name, part in fields.items():
            if name not in self.errors and name not in self.optional and self.cleaned_data.get(name) in ("", None):
                self.add_error(name, f"{self.labels[part]}: say which.")
        for name, other in (("turn_letter", "turn_new_letter"), ("hand_role", "hand_new_role")):
            if (
                name in fields
                and self.cleaned_data.get(name)
                and self.cleaned_data[name] == self.cleaned_data.get(other)
            ):
                self.add_error(other, "That is the same one; choose another.")
        return self.cleaned_data

    def _act(self) -> Any:
        return self.cleaned_data.get("act")

    def change(self) -> Change:
        """Return what was asked for."""
        fields = self.takes[Act(self._act())]
        return Change(self._act(), **{part: self.cleaned_data[name] for name, part in fields.items()})

    def lines(self) -> list[Parts]:
        """Return the acts with their fields, for the page."""
        chosen = self["act"].value()
        return [
            Parts(act, {part: self[name] for name, part in fields.items()}, act == chosen)
            for act, fields in self.takes.items()
        ]


class BulkPages(AnyAdmin):
    """What the version's admin adds for changing many steps at once."""

    def get_urls(self) -> list[URLPattern]:
        bulk = self.admin_site.admin_view(require_POST(self.bulk_view))
        return [path("<int:pk>/bulk/", bulk, name="playbook_version_bulk"), *super().get_urls()]

    @on_draft
    def bulk_view(self, request: HttpRequest, version: Version) -> HttpResponse:
        """Ask what to do to the ticked steps (`step`), show what that would change, and do what was shown."""
        data = version.as_data()
        ids = dict(version.steps.values_list("key", "pk"))
        steps = {ids[step.key]: step for step in data.steps}
        seen = read_seen(request.POST.get("seen", "")) or _ticked(request, steps)
        if not seen:
            none = Blocker(
                "none-ticked", "No step is ticked. Tick those to change.", f"{version.admin_url()}#steps-heading"
            )
            return refused(request, version, MoveRefused([none]), status=400)
        page = BulkPage(request, version, data, steps, seen)
        if "seen" not in request.POST:
            return self._page(page, BulkForm(roles=data.roles))
        form = BulkForm(request.POST, roles=data.roles)
        if not form.is_valid():
            return self._page(page, form, status=400)
        change = form.change()
        if change.act == Act.DELETE and not request.user.has_perm("playbook.delete_step"):
            raise PermissionDenied
        try:
            if "apply" in request.POST and request.POST.get("shown") == page.mark(change):
                return self._apply(page, change)
            compare_steps(steps, seen, change)
        except ChangedMeanwhile as changed:
            return self._page(page.afresh(), form, clashes=changed.clashes, status=409)
        return self._page(page, form, change=change)

    def _apply(self, page: BulkPage, change: Change) -> HttpResponse:
        by: Any = page.request.user
        number = change_steps(page.version, page.seen, change, by=by)
        words_of_it = f"{Act(change.act).label}: {number} of {len(page.seen)} steps."
        if number:
            self.log_change(page.request, page.version, words_of_it)
        rest = len(page.seen) - number
        said_so = f" {rest} said so already." if rest else ""
        verb = "deleted" if change.act == Act.DELETE else "changed"
        messages.success(page.request, f"{number} step{'' if number == 1 else 's'} {verb}.{said_so}")
        return HttpResponseRedirect(f"{back_to(page.version, page.request)}#steps-heading")

    def _page(
        self,
        page: BulkPage,
        form: BulkForm,
        *,
        change: Change | None = None,
        clashes: Sequence[Clash] = (),
        status: int = 200,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(page.request),
            "title": "Change many steps",
            "version": page.version,
            "opts": self.opts,
            "form": form,
            "clashes": clashes,
            "columns": [LABELS[name] for name in COLUMNS],
            "rows": page.rows(change),
            "seen": json.dumps({str(pk): was for pk, was in page.seen.items()}, ensure_ascii=False),
            "filter": page.request.POST.get("filter", "")[:1000],
            "shown": page.mark(change) if change else "",
            "act": Act(change.act) if change else None,
            "news": page.news(change) if change else [],
        }
        context["count"] = sum(row.goes or any(cell.now != cell.then for cell in row.cells) for row in context["rows"])
        return TemplateResponse(page.request, "admin/playbook/version/bulk.html", context, status=status)


@dataclass(frozen=True, slots=True)
class BulkPage:
    """A page on a choice of steps: the draft as it is stored, and what the person saw of the steps that were ticked."""

    request: HttpRequest
    version: Version
    data: PlaybookData
    steps: Mapping[int, StepData]
    seen: Mapping[int, Glance]

    def afresh(self) -> BulkPage:
        """Return the page with what is stored now: what is sent from there is sent by somebody who saw it."""
        return replace(self, seen={pk: glance(self.steps[pk]) for pk in self.seen if pk in self.steps})

    def mark(self, change: Change) -> str:
        """Return a text that differs where another change, or one of other steps, was shown."""
        return fingerprint([asdict(change), sorted(self.seen)])

    def rows(self, change: Change | None) -> list[BulkRow]:
        """Return the ticked steps in their order, with what the change would make of them."""
        return [self._row(step, change) for pk, step in self.steps.items() if pk in self.seen]

    def _row(self, step: StepData, change: Change | None) -> BulkRow:
        new = after(step, change) if change else step
        now, then = glance(step), glance(new or step)
        cells = tuple(Cell(now[name], then[name]) for name in COLUMNS)
        return BulkRow(f"{step.number}. {step.title}", cells, new is None)

    def news(self, change: Change) -> list[str]:
        """Return what lint would find that it does not find now."""
        changed = {step.key: after(step, change) for pk, step in self.steps.items() if pk in self.seen}
        kept = (changed.get(step.key, step) for step in self.data.steps)
        was = {(finding.id, finding.text) for finding in lint(self.data)}
        found = lint(replace(self.data, steps=tuple(step for step in kept if step is not None)))
        new = [finding for finding in found if (finding.id, finding.text) not in was]
        told = [f"{finding.severity}, step {finding.number}: {finding.text}" for finding in new[:MOST_TOLD]]
        return [*told, f"and {len(new) - MOST_TOLD} more"] if len(new) > MOST_TOLD else told


def read_seen(text: str) -> dict[int, Glance]:
    """Return what a form says that a person saw, by the step's id; nothing where that is no such text."""
    try:
        sent = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(sent, dict) or len(sent) > words.MOST_STEPS * 2:
        return {}
    return {
        int(pk): {str(name): str(value) for name, value in was.items()}
        for pk, was in sent.items()
        if pk.isdecimal() and len(pk) < 19 and isinstance(was, dict)
    }


def _ticked(request: HttpRequest, steps: Mapping[int, StepData]) -> dict[int, Glance]:
    ticked = {given for given in request.POST.getlist("step") if given.isdecimal() and len(given) < 19}
    return {pk: glance(step) for pk, step in steps.items() if str(pk) in ticked}
