"""My work: what a person is responsible or accountable for, across projects."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from projects.comments import asked_of
from projects.days import moment
from projects.filters import MyWorkFilter, MyWorkForm, has_blanks, read
from projects.my_work import (
    MOST_CHOICES,
    chosen_of,
    counts,
    letters,
    mine,
    next_known,
    of_bucket,
    open_steps,
    projects_of,
    sections,
    tabs,
)  # fmt: skip
from projects.paging import Paging
from projects.views.getters import signed_in
from transitions.clock import business_day


@require_safe
def my_work(request: HttpRequest) -> HttpResponseBase:
    """Show the open steps on which the person is R or A: what waits for a decision, then by due date.

    People outside the company have it on their project's page.
    """
    if signed_in(request).is_outside:
        return redirect("portfolio")
    chosen, problems = read(MyWorkForm, MyWorkFilter(), request.GET)
    if has_blanks(request.GET) and not problems:
        return redirect(request.path + chosen.query(page=chosen.page))
    context = _context(request, chosen) | {"problems": problems}
    return render(request, "my_work/index.html", context, status=400 if problems else 200)


def _context(request: HttpRequest, chosen: MyWorkFilter) -> dict[str, object]:
    who, now, base = signed_in(request), timezone.now(), request.path
    today = business_day(now)
    found = chosen_of(mine(who, open_steps(code=chosen.project, all_phases=bool(chosen.scope)), today), chosen)
    totals = counts(found)
    found = of_bucket(found, chosen.when)
    paging = Paging.of(len(found), chosen.page, chosen.show, lambda page: base + chosen.query(page=page))
    projects = projects_of(who)
    return {
        "nav": "my-work",
        "base": base,
        "here": base + chosen.query(page=paging.number),
        "as_of": moment(now.astimezone(who.zone)),
        "chosen": chosen,
        "total": len(found),
        "tabs": tabs(chosen, totals, base),
        "letters": letters(chosen, base),
        "toggle_scope": base + chosen.query(scope="" if chosen.scope else "all"),
        "more": base + chosen.query(show=500) if len(found) > chosen.show == 50 else "",
        "projects": projects,
        "listed": len(projects) <= MOST_CHOICES,
        "sections": sections(found[paging.start : paging.stop], totals, today) if found else [],
        "following": ("", "") if found else next_known(who, today),
        "paging": paging,
        "asked": asked_of(who, today),
        "today": today,
    }
