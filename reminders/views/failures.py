"""How mail, reminders and webhooks stand, for administrators, and trying again."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.mail import MailNotFailed, retry
from accounts.models import OutgoingMail, User
from projects.views.getters import signed_in
from reminders.bounces import lift
from reminders.failures import overview
from reminders.hooks import told_address

SEE = "reminders.view_sweep"


def get_keeper(request: HttpRequest) -> User:
    """Return who is signed in; PermissionDenied where they do not look after mail, 404 for people outside."""
    person = signed_in(request)
    if person.is_outside:
        raise Http404
    if not person.has_perm(SEE):
        raise PermissionDenied
    return person


@require_safe
def reminders(request: HttpRequest) -> HttpResponse:
    """Show the last sweeps, and what could not be sent, by reason."""
    person, now = get_keeper(request), timezone.now()
    found = overview(now)
    hooks = [(hook, told_address(hook)) for hook in found.hooks]
    return render(request, "reminders/index.html", {"found": found, "hooks": hooks, "zone": person.zone})


@require_POST
def mail_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Try once more to send a mail."""
    by = get_keeper(request)
    mail = get_object_or_404(OutgoingMail.objects.select_related("person"), pk=pk)
    try:
        retry(mail, by=by)
    except MailNotFailed:
        messages.warning(request, f"The mail to {mail.person.name} has gone meanwhile, or is about to.")
    else:
        messages.success(request, f"The mail to {mail.person.name} is tried again from the start.")
    return redirect("reminders")


@require_POST
def address_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send to somebody's address again, which a mail server refused."""
    by = get_keeper(request)
    person = get_object_or_404(User, pk=pk)
    lift(person, by=by)
    messages.success(request, f"The next mail goes to {person.email} again.")
    return redirect("reminders")
