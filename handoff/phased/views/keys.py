"""Keys of machines: their page for whoever runs the project, and the address to which machines send (docs/intake.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.limits import WAIT_MINUTES, within
from accounts.security import note
from handoff import intake
from handoff.models import IntakeKey
from handoff.phased.forms import KeyForm
from handoff.phased.keys import (
    LARGEST_BODY,
    Minted,
    Unreadable,
    by_token,
    keys_of,
    make_key,
    reset_key,
    revoke_key,
    rows_of_csv,
    rows_of_json,
)
from handoff.phased.keys import receive as take_in
from handoff.rights import runs
from history.context import Origin, acting
from projects.models import Project
from projects.views.getters import get_project, signed_in
from projects.views.refusals import add_errors
from transitions.blockers import Archived, MoveRefused, NotPermitted

NO_KEY = "There is nothing here."
READERS = {"application/json": rows_of_json, "text/csv": rows_of_csv}


@never_cache
@require_http_methods(["GET", "POST"])
def keys(request: HttpRequest, code: str) -> HttpResponse:
    """List the keys of a project; on POST make one, and show its address: here, this once."""
    project = get_project(request, code)
    if request.method == "GET":
        return _page(request, project)
    form = KeyForm(request.POST, offered=_offered())
    if not form.is_valid():
        return _page(request, project, form=form, status=400)
    try:
        minted = make_key(project, form.cleaned_data["intake"], by=signed_in(request))
    except MoveRefused as refused:
        return _page(request, project, form=form, status=add_errors(form, refused))
    return _page(request, project, minted=minted)


@never_cache
@require_POST
def reset(request: HttpRequest, code: str, key_id: int) -> HttpResponse:
    """Give a key another address, and show that: here, this once."""
    project, key = _key(request, code, key_id)
    try:
        minted = reset_key(key, by=signed_in(request))
    except MoveRefused as refused:
        return _refused(request, project, refused)
    return _page(request, project, minted=minted)


@require_POST
def revoke(request: HttpRequest, code: str, key_id: int) -> HttpResponse:
    """End a key."""
    project, key = _key(request, code, key_id)
    try:
        revoke_key(key, by=signed_in(request))
    except MoveRefused as refused:
        return _refused(request, project, refused)
    messages.success(request, "The key is ended: its address takes nothing any more.")
    return redirect("intake-keys", project.code)


def _key(request: HttpRequest, code: str, key_id: int) -> tuple[Project, IntakeKey]:
    project = get_project(request, code)
    return project, get_object_or_404(IntakeKey, pk=key_id if key_id < 2**63 else 0, project=project, revoked_at=None)


def _refused(request: HttpRequest, project: Project, refused: MoveRefused) -> HttpResponse:
    form = KeyForm({}, offered=_offered())
    form.errors.clear()
    return _page(request, project, form=form, status=add_errors(form, refused))


def _offered() -> list[tuple[str, str]]:
    return [(one.name, one.title) for one in intake.intakes().values()]


def _page(
    request: HttpRequest,
    project: Project,
    *,
    form: KeyForm | None = None,
    minted: Minted | None = None,
    status: int = 200,
) -> HttpResponse:
    found = keys_of(project)
    have = {key.intake for key in found}
    offered = [(name, title) for name, title in _offered() if name not in have]
    context = {
        "nav": "portfolio", "project": project, "base": f"{project.get_absolute_url()}keys/", "keys": found,
        "titles": {one.name: one.title for one in intake.intakes().values()}, "minted": minted, "offered": offered,
        "form": form or KeyForm(offered=offered),
        "runs": runs(project, signed_in(request)) and not project.is_archived(),
    }  # fmt: skip
    return render(request, "handoff/phased/keys.html", context, status=status)


@csrf_exempt  # a machine posts here: the token in the address is what lets it
@login_not_required
@require_POST
def receive(request: HttpRequest, token: str) -> HttpResponse:
    """Take rows from a machine, whole or not at all, and answer in JSON what became of them."""
    key = by_token(token)
    if key is None:
        note("intake_refused", request)
        if not within(request, "intake_wrong"):
            return _too_many()
        raise Http404(NO_KEY)
    if not within(request, "intake", key=str(key.pk)):
        return _too_many()
    reader = READERS.get(request.content_type or "")
    if reader is None:
        return _problems({0: ["Send application/json or text/csv, in UTF-8."]}, 415)
    body = request.read(LARGEST_BODY + 1)
    if len(body) > LARGEST_BODY:
        return _problems({0: ["One megabyte at a time is the most. Send it in parts."]}, 413)
    try:
        with acting(origin=Origin.API, by=key.person):
            taken = take_in(key, reader(body))
    except Unreadable as refused:
        return _problems(refused.problems, 400)
    except Archived as refused:
        return _problems({0: [blocker.text for blocker in refused.blockers]}, 409)
    except (NotPermitted, KeyError):  # whoever made the key may do this no more, or nothing takes such rows
        raise Http404(NO_KEY) from None
    if taken.errors:
        return _problems(taken.errors, 400)
    return JsonResponse({"made": taken.made, "changed": taken.changed, "same": taken.same})


def _problems(errors: Mapping[int, Sequence[str]], status: int) -> JsonResponse:
    return JsonResponse({"errors": {str(row): list(said) for row, said in errors.items()}}, status=status)


def _too_many() -> JsonResponse:
    answer = _problems({0: [f"Too often. Wait {WAIT_MINUTES} minutes."]}, 429)
    answer["Retry-After"] = str(WAIT_MINUTES * 60)
    return answer
