"""How one hears: the page of one's preferences, muting a project, and the way out of a mail."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.limits import too_many, within
from projects.forms import own_path
from projects.views.getters import get_project, signed_in
from projects.views.refusals import add_errors
from reminders import failures, unsubscribe
from reminders.bounces import lift
from reminders.preferences import in_words, keep, kinds_for, mute, muted, unmute, wants_of, zone_of
from reminders.preferences_form import ZONES, PreferencesForm


@require_http_methods(["GET", "HEAD", "POST"])
def notifications(request: HttpRequest) -> HttpResponse:
    """Show how the person hears of what, and when; by POST, keep what they chose."""
    person, now = signed_in(request), timezone.now()
    wants = wants_of(person)
    today = now.astimezone(zone_of(person)).date()
    form = PreferencesForm(request.POST or None, person=person, wants=wants, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            keep(person, form.routes(), by=person, **form.hours())
        except ValidationError as refused:
            add_errors(form, refused)
        else:
            messages.success(request, "Kept. " + " ".join(in_words(person, wants_of(person), now)))
            return redirect("notifications")
    context = {
        "form": form, "words": in_words(person, wants, now), "muted": muted(person), "zones": ZONES,
        "bounce": failures.bounce_of(person), "few": not kinds_for(person),
    }  # fmt: skip
    return render(request, "reminders/notifications.html", context, status=400 if form.errors else 200)


@require_POST
def mute_project(request: HttpRequest, code: str) -> HttpResponse:
    """Mute a project for the person, or with `on` empty unmute it."""
    person, project = signed_in(request), get_project(request, code)
    if request.POST.get("on") == "1":
        mute(person, project, by=person)
        messages.success(
            request, f"{project.name} is muted: you hear of it in the app alone. Sign-offs still come by mail."
        )
    else:
        unmute(person, project, by=person)
        messages.success(request, f"You hear of {project.name} again as of any other project.")
    return redirect(own_path(request.POST.get("next", ""), fallback=reverse("notifications")))


@require_POST
def try_address(request: HttpRequest) -> HttpResponse:
    """Try again to send to the person's own address, which a mail server refused."""
    person = signed_in(request)
    lift(person, by=person)
    messages.success(request, f"The next mail goes to {person.email} again.")
    return redirect(own_path(request.POST.get("next", ""), fallback=reverse("notifications")))


@csrf_exempt  # a mail program posts here by itself (RFC 8058): the signed token is what lets it
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def way_out(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a mail's way out would end; by POST, end it, whoever sends that; with `undo`, take it back."""
    if not within(request, "link"):
        return too_many(request)
    try:
        way = unsubscribe.read(token)
        undo = ""
        state = "out" if unsubscribe.is_out(way) else "asked"
        if request.method == "POST" and request.POST.get("undo"):
            unsubscribe.come_back(way, request.POST["undo"], by=way.person)
            state = "back"
        elif request.method == "POST":
            undo = unsubscribe.leave(way, by=way.person)
            state = "left" if undo else "out"
    except unsubscribe.NoSuchWayOut:
        return render(request, "reminders/no_way_out.html", status=410)
    return render(request, "reminders/unsubscribe.html", {"way": way, "state": state, "undo": undo, "token": token})
