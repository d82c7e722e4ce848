"""Admin: the order of a draft's steps, by drag, and the copy of a step."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from playbook.admin.bases import AnyAdmin
from playbook.admin.drafts import on_draft, refused
from playbook.admin.table import kept_query
from playbook.editing import duplicate_step, reorder_steps
from playbook.models import Step, Version
from transitions.blockers import Blocker, MoveRefused


class OrderPages(AnyAdmin):
    """What the version's admin adds for putting steps into another order, and copying one."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/reorder/", wrap(require_POST(self.reorder_view)), name="playbook_version_reorder"),
            path("<int:pk>/duplicate/", wrap(require_POST(self.duplicate_view)), name="playbook_version_duplicate"),
            *super().get_urls(),
        ]

    @on_draft
    def reorder_view(self, request: HttpRequest, version: Version) -> HttpResponse:
        """Give the steps the order that was dragged: `order` and `seen` have all their ids, parted by blanks."""
        order, seen = (ids_in(request.POST.get(name, "")) for name in ("order", "seen"))
        try:
            moved = reorder_steps(version, order, seen=seen, by=self._by(request))
        except ValueError:
            wrong = Blocker(
                "order", "That is no order of this version’s steps. Nothing was moved.", version.admin_url()
            )
            return refused(request, version, MoveRefused([wrong]), status=400)
        if moved:
            self.log_change(request, version, f"Put {moved} steps into another order.")
        landed = request.POST.get("moved", "")
        return HttpResponseRedirect(f"{version.admin_url()}#step-{landed if landed.isdecimal() else ''}")

    @on_draft
    def duplicate_view(self, request: HttpRequest, version: Version) -> HttpResponse:
        """Copy the step named by `step`, and go to the copy's row."""
        step = step_in(version, request.POST.get("step", ""))
        copy = duplicate_step(step, by=self._by(request))
        self.log_change(request, version, f"Copied step {step.number} as {copy.key}.")
        messages.success(request, f"Step {copy.number} is a copy of step {step.number}; its key is {copy.key}.")
        return HttpResponseRedirect(f"{back_to(version, request)}#step-{copy.pk}")

    def _by(self, request: HttpRequest) -> Any:
        return request.user


def ids_in(text: str) -> list[int]:
    """Return the ids in a list parted by blanks; what is none is left out, and the list then no order of anything."""
    return [int(word) for word in text.split() if word.isdecimal() and len(word) < 19]


def step_in(version: Version, given: str) -> Step:
    """Return the version's step with that id.

    Raises:
        Http404: it has none.
    """
    step = version.steps.filter(pk=int(given) if given.isdecimal() and len(given) < 19 else 0).first()
    if step is None:
        raise Http404("There is no such step in this version.")
    return step


def back_to(version: Version, request: HttpRequest) -> str:
    """Return the address of the version's page, with the filter that the form was sent under (`filter`)."""
    query = kept_query(QueryDict(request.POST.get("filter", "")[:1000]))
    return f"{version.admin_url()}?{query}" if query else version.admin_url()
