"""What a page of the workbook is of: rows of the project that the person may see from inside; else 404."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest

from projects.models import Project
from projects.views.getters import get_project
from workbook.models import Case, Defect, Run, RunCase, Suite
from workbook.vocabulary import Kind


def get_row(request: HttpRequest, code: str, model: Any, words: str, **wanted: Any) -> Any:
    """Return the one row of the project that is wanted, its `project` being the one that was read; else 404."""
    project = get_project(request, code)
    row = model.objects.filter(project=project, **wanted).first()
    if row is None:
        raise Http404(f"There is no such {words} on this project.")
    row.project = project
    return row


def get_kind(kind: str) -> str:
    """Return the kind of testing that an address names; else 404."""
    if kind not in Kind.values:
        raise Http404("Testing is SIT or UAT.")
    return kind


def get_kind_of(request: HttpRequest, code: str, kind: str) -> tuple[Project, str]:
    """Return the project, and the kind of testing that an address names."""
    return get_project(request, code), get_kind(kind)


def get_suite(request: HttpRequest, code: str, suite_id: int) -> Suite:
    """Return a suite of the project."""
    suite: Suite = get_row(request, code, Suite, "suite", pk=suite_id)
    return suite


def get_case(request: HttpRequest, code: str, number: int) -> Case:
    """Return the case T-`number` of the project, its suite read with it."""
    case: Case = get_row(request, code, Case, "case", number=number)
    return case


def get_run(request: HttpRequest, code: str, run_id: int) -> Run:
    """Return a run of the project."""
    run: Run = get_row(request, code, Run, "run", pk=run_id)
    return run


def get_run_case(request: HttpRequest, code: str, run_id: int, place: int) -> RunCase:
    """Return the case at a place of a run of the project."""
    run = get_run(request, code, run_id)
    run_case: RunCase | None = RunCase.objects.filter(run=run, position=place).select_related("case").first()
    if run_case is None:
        raise Http404("There is no such case in this run.")
    run_case.project, run_case.run = run.project, run
    return run_case


def get_defect(request: HttpRequest, code: str, defect_id: int) -> Defect:
    """Return a defect of the project."""
    defect: Defect = get_row(request, code, Defect, "defect", pk=defect_id)
    return defect
