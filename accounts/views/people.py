"""Who is here, and inviting more."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import InviteForm, SearchForm
from accounts.invitations import INVITE, invite, send_invitation
from accounts.limits import too_many, within
from accounts.models import User


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as the list shows them."""

    person: User
    groups: str
    state: str
    may_be_invited: bool


REPLACE = "accounts.replace_person"


def may_invite(person: User) -> bool:
    """Return whether somebody may see who is here and invite more."""
    return person.has_perm(INVITE)


def get_inviter(request: HttpRequest) -> User:
    """Return who is signed in; PermissionDenied where they may not invite."""
    if not isinstance(request.user, User) or not may_invite(request.user):
        raise PermissionDenied
    return request.user


def for_people_page(words: str) -> QuerySet[User]:
    """Return the people whose name or address has `words` in it, with their groups and when they were last invited."""
    people = User.objects.annotate(invited_at=Max("mails__made_at", filter=Q(mails__kind="invitation")))
    if words:
        people = people.filter(Q(name__icontains=words) | Q(email__icontains=words))
    return people.prefetch_related("groups").order_by("name", "pk")


def as_row(person: User) -> PersonRow:
    """Return what the list says of a person of `for_people_page`."""
    if not person.is_active:
        state = "Deactivated"
    elif person.last_login:
        state = "Active"
    else:
        state = "Invited" if getattr(person, "invited_at", None) else "Never signed in"
    groups = ", ".join(sorted(group.name for group in person.groups.all()))
    return PersonRow(person, groups, state, person.is_active and person.last_login is None)


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, by name; `q` looks for a name or an address."""
    by = get_inviter(request)
    form = SearchForm(request.GET)
    words = form.cleaned_data["q"] if form.is_valid() else ""
    page = Paginator(for_people_page(words), settings.PAGE_SIZE).get_page(request.GET.get("page"))
    shown = {
        "page": page, "rows": [as_row(person) for person in page], "q": words, "zone": by.zone,
        "query": urlencode({"q": words}) if words else "", "may_replace": by.has_perm(REPLACE),
    }  # fmt: skip
    return render(request, "accounts/people.html", shown, status=200 if form.is_valid() else 400)


@require_http_methods(["GET", "HEAD", "POST"])
def invite_person(request: HttpRequest) -> HttpResponse:
    """Invite somebody by name and address."""
    by = get_inviter(request)
    form = InviteForm(request.POST or None, by=by)
    if request.method == "POST" and form.is_valid():
        if not within(request, "invite", key=str(by.pk)):
            return too_many(request)
        given = form.cleaned_data
        try:
            person = invite(given["email"], given["name"], given["side"], by=by, groups=given.get("groups", ()))
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, f"{person.name} gets a mail with a link.")
            return redirect("people")
    return render(request, "accounts/invite.html", {"form": form}, status=400 if form.errors else 200)


@require_POST
def invite_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send somebody who has not come in yet another invitation."""
    by = get_inviter(request)
    person = get_object_or_404(User, pk=pk, is_active=True, last_login=None)
    if not within(request, "invite", key=str(by.pk)):
        return too_many(request)
    send_invitation(person, by=by)
    messages.success(request, f"{person.name} gets a mail with a link.")
    return redirect("people")
