"""E-mailed links and codes. A GET shows a page with a button and changes nothing: mail scanners follow links too."""

from __future__ import annotations

import datetime as dt

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import links
from accounts.forms import CodeForm
from accounts.limits import too_many, within
from accounts.mail import post
from accounts.models import EmailedLink, User
from accounts.security import note

#: What a link is for, in general words: who holds it has not yet shown who they are.
PURPOSES = {
    "invitation": "You are invited to Gatehouse. The button signs you in.",
    "sign-off": "A decision waits for you. The button signs you in and shows it; nothing is decided by that.",
    "testing": "Testing waits for you. The button signs you in and shows it.",
    "sign-in": "The button signs you in.",
}
WRONG = "No open link has this e-mail address and code. Check both, or ask for a new mail."


def get_link(request: HttpRequest, token: str) -> EmailedLink:
    """Return the link of a token, or raise Http404, as for everything that is not there."""
    link = links.by_token(token)
    if link is None:
        note("link_forged", request)
        raise Http404
    return link


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def emailed_link(request: HttpRequest, token: str) -> HttpResponse:
    """Say whom a link is for and what it leads to; by POST, use it."""
    if not within(request, "link"):
        return too_many(request)
    link = get_link(request, token)
    now = timezone.now()
    if request.method == "POST" and links.use(link, now=now):
        return come_in(request, link, now)
    open_ = link.used_at is None and link.expires_at > now and link.person.is_active
    if request.method == "POST":
        open_ = False
        note("link_replayed", request, link=link.pk, person=link.person_id)
    page = {
        "link": link, "token": token, "open": open_, "used": link.used_at is not None, "words": PURPOSES[link.purpose],
        "mine": request.user == link.person,
    }  # fmt: skip
    return render(request, "accounts/link.html", page, status=200 if open_ else 410)


@login_not_required
@never_cache
@require_POST
def link_again(request: HttpRequest, token: str) -> HttpResponse:
    """Mail a fresh link like this one to the same person. The answer is the same whether one went out or not."""
    if not within(request, "link"):
        return too_many(request)
    link = get_link(request, token)
    if link.person.is_active and within(request, "link_again", key=f"{link.person_id}:{link.purpose}"):
        post("link-again", to=link.person, key=f"link-again:{link.pk}:{timezone.now():%Y%m%d%H%M}", link=link.pk)
    return render(request, "accounts/link_again.html", {})


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link_code(request: HttpRequest) -> HttpResponse:
    """Take the code of a mail in the place of its link."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        address = form.cleaned_data["email"].lower()
        if not within(request, "link_code", key=address):
            return too_many(request)
        now = timezone.now()
        link = links.by_code(address, form.cleaned_data["code"], now=now)
        if link is not None and links.use(link, now=now):
            return come_in(request, link, now)
        note("sign_in_failed", request, address=address, method="code of a link")
        form.add_error("code", WRONG)
    return render(request, "accounts/link_code.html", {"form": form}, status=400 if form.errors else 200)


def come_in(request: HttpRequest, link: EmailedLink, now: dt.datetime) -> HttpResponse:
    """Sign the person of a used link in, by way of their second factor where they have one, and lead where it leads.

    Whoever else was signed in here is signed out first. What was mailed on the same occasion is used up with it.
    """
    person: User = link.person
    same = {"person": person, "purpose": link.purpose, "leads_to": link.leads_to}
    EmailedLink.objects.open(now).filter(**same).update(expires_at=now)
    if request.user.is_authenticated and request.user != person:
        logout(request)
    record_authentication(request, person, "emailed_link", link=link.pk)
    if request.user == person:
        return HttpResponseRedirect(link.leads_to)
    answer: HttpResponse = perform_login(request, Login(user=person, redirect_url=link.leads_to, email=person.email))
    return answer
