"""What a project's history tells of its workbook."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from history.reading import Name, Names
from playbook.history_page import MOVE_WORDS
from projects.history_page import register
from projects.models import Project
from workbook.models import Case, Defect, ExitCriteria, Run, Suite
from workbook.outcomes import run_path
from workbook.vocabulary import Kind


def register_all() -> None:
    """Let the history of projects tell of suites, cases, runs, defects and exit criteria, and of their moves."""
    MOVE_WORDS.update(
        close_run="closed", abandon_run="abandoned", close_defect="closed as a defect", reopen_defect="opened again"
    )
    register("suite", "Suite", Suite, _suite, namer=_suites)
    register("case", "Case", Case, _case, namer=_cases)
    register("run", "Run", Run, _run, namer=_runs)
    register("defect", "Defect", Defect, _defect, namer=_defects)
    register("exit-criteria", "Exit criteria", ExitCriteria, _criteria, namer=_all_criteria)


def _suite(row: Any, names: Names) -> Name:
    project = names.of(Project, row.project_id)
    return Name(f"{row.title} ({Kind(row.kind).label}), {project.label}", project.link and f"{project.link}workbook/")


def _case(row: Any, names: Names) -> Name:
    project = names.of(Project, row.project_id)
    return Name(
        f"T-{row.number} {row.title}, {project.label}", project.link and f"{project.link}workbook/cases/{row.number}"
    )


def _run(row: Any, names: Names) -> Name:
    return names.of(Run, row.id)


def _defect(row: Any, names: Names) -> Name:
    return names.of(Defect, row.id)


def _criteria(row: Any, names: Names) -> Name:
    project = names.of(Project, row.project_id)
    return Name(
        f"{Kind(row.kind).label}, {project.label}", project.link and f"{project.link}workbook/criteria/{row.kind}"
    )


def _suites(keys: Any) -> dict[int, Name]:
    rows = Suite.objects.filter(pk__in=keys).values_list("pk", "title", "kind", "project__code")
    return {
        pk: Name(f"{title} ({Kind(kind).label})", f"{reverse('workbook', args=[code])}?kind={kind}&suite={pk}")
        for pk, title, kind, code in rows
    }


def _cases(keys: Any) -> dict[int, Name]:
    rows = Case.objects.filter(pk__in=keys).values_list("pk", "number", "title", "project__code")
    return {pk: Name(f"T-{number} {title}", reverse("case", args=[code, number])) for pk, number, title, code in rows}


def _runs(keys: Any) -> dict[int, Name]:
    rows = Run.objects.filter(pk__in=keys).values_list("pk", "kind", "number", "project__code")
    return {pk: Name(f"{Kind(kind).label} run {number}, {code}", run_path(code, pk)) for pk, kind, number, code in rows}


def _defects(keys: Any) -> dict[int, Name]:
    rows = Defect.objects.filter(pk__in=keys).values_list("pk", "title", "project__code")
    return {pk: Name(f"{title}, {code}", reverse("defect", args=[code, pk])) for pk, title, code in rows}


def _all_criteria(keys: Any) -> dict[int, Name]:
    rows = ExitCriteria.objects.filter(pk__in=keys).values_list("pk", "kind", "project__code")
    return {
        pk: Name(f"{Kind(kind).label}, {code}", reverse("exit-criteria", args=[code, kind])) for pk, kind, code in rows
    }
