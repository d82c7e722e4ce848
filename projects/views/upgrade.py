"""Upgrades: what a newer version would do to a project, doing it, undoing it, and many projects at once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from playbook.catalog import version_template
from playbook.models import Version
from projects.models import Project
from projects.upgrade.act import UNDO, undoable
from projects.upgrade.forms import ACCEPT_ALL, KEEP_ALL, ManyForm, UpgradeForm
from projects.upgrade.page import SIGNS, ManyRow, many_row, newer_of, preview_page
from projects.upgrade.plan import Choice, Kind, UpgradePlan
from projects.upgrade.services import (
    MOST_AT_ONCE,
    ManyResult,
    on_older_versions,
    preview,
    undo_upgrade,
    upgrade_many,
    upgrade_project,
)
from projects.views.getters import get_project, may_manage, signed_in
from projects.views.refusals import status_of
from transitions.blockers import Blocker, MoveRefused
from transitions.clock import business_day
from transitions.version import VersionStatus

NO_VERSION = "There is no such version of a playbook."
#: The largest number of a version that a column holds.
LARGEST = 2**31 - 1


def get_target(request: HttpRequest, slug: str, number: int) -> Version:
    """Return a version that was published, to people inside the company; else 404. A retired one is refused later, in words."""
    if signed_in(request).is_outside or number > LARGEST:
        raise Http404(NO_VERSION)
    found = Version.objects.exclude(status=VersionStatus.DRAFT).select_related("playbook")
    try:
        return found.get(playbook__slug=slug, number=number)
    except Version.DoesNotExist:
        raise Http404(NO_VERSION) from None


@require_http_methods(["GET", "POST"])
def upgrade(request: HttpRequest, code: str, slug: str, number: int) -> HttpResponse:
    """Show what a newer version would do to a project, step by step; do it, or choose for all lines and look again."""
    project, target = get_project(request, code), get_target(request, slug, number)
    looked = preview(project, target)
    if looked is None:  # it is there already, or never was on the way: a button pressed twice changes nothing
        return _page(request, project, target, None, status=409 if request.method == "POST" else 200)
    form = UpgradeForm(request.POST if request.method == "POST" else None, plan=looked.plan)
    if request.method != "POST":
        return _page(request, project, target, form, plan=looked.plan, seen=looked.seen)
    if not form.is_valid():
        return _page(request, project, target, form, plan=looked.plan, seen=looked.seen, status=400)
    if form.cleaned_data["look"]:
        decisions = _for_all(looked.plan, form.cleaned_data["look"], form.decisions)
        return _page(request, project, target, form, plan=looked.plan, seen=looked.seen, decisions=decisions)
    return _do(request, project, target, form)


def _for_all(plan: UpgradePlan, look: str, decisions: dict[str, str]) -> dict[str, str]:
    """Return the decisions after a button for all lines: to take what is new, or to keep ours where that is a choice.

    A step on which a person has to decide stays theirs to decide.
    """
    wanted = {ACCEPT_ALL: {Choice.ACCEPT, Choice.DO}, KEEP_ALL: {Choice.KEEP}}.get(look)
    if wanted is None:
        return decisions
    free = [line for line in plan.lines if not line.must_decide]
    chosen = {line.key: str(choice) for line in free for choice in line.allowed if choice in wanted}
    return decisions | chosen


def _do(request: HttpRequest, project: Project, target: Version, form: UpgradeForm) -> HttpResponse:
    data = form.cleaned_data
    try:
        upgrade_project(
            project, target, by=signed_in(request), note=data["note"], decisions=form.decisions, reasons=form.reasons,
            seen=data["seen"],
        )  # fmt: skip
    except MoveRefused as refused:
        fresh = get_project(request, project.code)
        looked = preview(fresh, target)
        return _page(
            request, fresh, target, form, plan=looked.plan if looked else None, seen=looked.seen if looked else "",
            refused=refused.blockers, status=status_of(refused),
        )  # fmt: skip
    messages.success(request, f"{project.name} is on {target} now.")
    return redirect("upgrades", project.code)


def _page(
    request: HttpRequest, project: Project, target: Version, form: UpgradeForm | None, *, plan: UpgradePlan | None = None,
    seen: str = "", decisions: dict[str, str] | None = None, refused: list[Blocker] | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    context: dict[str, Any] = {
        "nav": "portfolio",
        "project": project,
        "target": target,
        "form": form,
        "seen": seen,
        "manages": may_manage(project, signed_in(request)),
        "signs": SIGNS,
        "refused": refused or [],
        "page": None,
    }
    if plan is not None:
        bound = form is not None and form.is_bound
        said = decisions if decisions is not None else (form.decisions if form and bound else {})
        why = form.reasons if form and bound else {}
        shown = preview_page(plan, project, decisions=said, reasons=why, tried=bool(refused))
        anchors = {row.name.partition(":")[2]: f"#{row.anchor}" for row in shown.rows}
        context["refused"] = [
            Blocker(one.code, one.text, anchors.get(one.subject, ""), one.owner, one.subject) for one in refused or []
        ]
        context["page"] = shown
        context["today"] = plan.own.today
    return render(request, "projects/upgrade/preview.html", context, status=status)


@require_safe
def upgrades(request: HttpRequest, code: str) -> HttpResponse:
    """Show what is newer, and the upgrades that a project has had, the last one with the way back while there is one."""
    return _upgrades(request, get_project(request, code))


@require_POST
def undo(request: HttpRequest, code: str) -> HttpResponse:
    """Undo the last upgrade; refused, the page says through which move it was too late."""
    project = get_project(request, code)
    try:
        undo_upgrade(project, by=signed_in(request))
    except MoveRefused as refused:
        return _upgrades(request, get_project(request, code), refused=refused.blockers, status=status_of(refused))
    messages.success(request, "The upgrade is undone: every step, seat and date is as it was.")
    return redirect("upgrades", project.code)


def _upgrades(
    request: HttpRequest, project: Project, *, refused: list[Blocker] | None = None, status: int = 200
) -> HttpResponse:
    person = signed_in(request)
    rows = list(project.upgrades.select_related("by", "undone_by")[:MOST_SHOWN])
    last, why_not = undoable(project)
    shown = [
        {
            "row": row,
            "source": version_template(row.source_id).label,
            "target": version_template(row.target_id).label,
            "lines": [(SIGNS[Kind(line["kind"])], line) for line in row.lines if line["kind"] != Kind.SAME],
            "same": sum(line["kind"] == Kind.SAME for line in row.lines),
        }
        for row in rows
    ]
    context = {
        "nav": "portfolio",
        "project": project,
        "manages": may_manage(project, person),
        "newer": newer_of(project) if project.standing in {"active", "on_hold"} else [],
        "rows": shown,
        "undoable": last,
        "why_not": why_not[0].text if why_not and rows and rows[0].undone_at is None else "",
        "refused": refused or [],
        "move": UNDO,
        "zone": person.zone,
    }
    return render(request, "projects/upgrade/upgrades.html", context, status=status)


#: So many upgrades are told of on a project's page about them.
MOST_SHOWN = 20


@require_http_methods(["GET", "POST"])
def many(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show the live projects that are on older versions of a playbook, with what the defaults would do; upgrade those ticked.

    About six queries for each project on the page: its plan is made of all its steps.
    """
    person, target = signed_in(request), get_target(request, slug, number)
    found = on_older_versions(target, person)
    page = Paginator(found, MOST_AT_ONCE).get_page(request.GET.get("page"))
    today = business_day()
    rows: list[ManyRow] = []
    retired = target.status != VersionStatus.PUBLISHED
    for project in page.object_list if not retired else ():
        looked = preview(project, target, today)
        if looked is not None:
            rows.append(many_row(project, target, looked.plan, looked.seen, manages=may_manage(project, person)))
    context: dict[str, Any] = {
        "nav": "playbooks",
        "target": target,
        "retired": retired,
        "rows": rows,
        "page": page,
        "most": MOST_AT_ONCE,
        "form": None,
    }
    if request.method != "POST":
        return render(request, "projects/upgrade/many.html", context)
    asked = list(dict.fromkeys(request.POST.getlist("project")))[: MOST_AT_ONCE + 1]
    visible = list(Project.objects.visible_to(person).filter(code__in=asked).order_by("code"))
    form = ManyForm(request.POST, projects=[(project.code, project.name) for project in visible])
    if not form.is_valid():
        context["form"] = form
        return render(request, "projects/upgrade/many.html", context, status=400)
    chosen = [project for project in visible if project.code in form.cleaned_data["project"]]
    seen = {project.pk: request.POST.get(f"seen-{project.code}") or None for project in chosen}
    results: list[ManyResult] = upgrade_many(
        chosen, target, by=person, note=form.cleaned_data["note"],
        seen={pk: said for pk, said in seen.items() if said},
    )  # fmt: skip
    context |= {"results": results, "done": sum(result.done for result in results)}
    return render(request, "projects/upgrade/many_done.html", context)
