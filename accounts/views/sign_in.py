"""Signing in and out, and the page of one's own account."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.views import LoginView, LogoutView
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode

from accounts.forms import SignInForm
from accounts.models import User
from accounts.views.people import may_invite


class SignIn(LoginView):  # type: ignore[misc]
    """The sign-in page. `next` leads back to where somebody was going, on our own host alone."""

    form_class = SignInForm
    template_name = "accounts/sign_in.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the ways in and, in a demo alone, whom one may sign in as."""
        wanted = str(self.request.POST.get("next", self.request.GET.get("next", "")))
        safe = wanted if get_adapter().is_safe_url(wanted) else ""
        people = User.objects.filter(is_active=True).only("name", "email")[:20] if settings.DEMO else ()
        return super().get_context_data(
            next=safe,
            query=f"?{urlencode({'next': safe})}" if safe else "",
            sign_on=[(app["provider_id"], app["name"]) for app in settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]],
            demo_people=people,
            demo_password=settings.DEMO_PASSWORD,
            **kwargs,
        )  # fmt: skip

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: Any) -> None:
        """Show the page to somebody who began another way in: they came back to choose."""

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """Show the page again with what is wrong, as a 400."""
        return self.render_to_response(self.get_context_data(form=form), status=400)


class SignOut(LogoutView):  # type: ignore[misc]
    """Signing out, or giving up a sign-in half way. By POST alone."""

    http_method_names = ["post", "options"]  # noqa: RUF012 - Django's own attribute


@login_not_required
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """The admin's sign-in is everybody's: with its limits and its second factor. 403 for who is in and may not."""
    if request.user.is_authenticated:
        if not request.user.is_staff:
            raise PermissionDenied
        return redirect("admin:index")
    wanted = request.GET.get("next", "")
    return redirect_to_sign_in(wanted if get_adapter().is_safe_url(wanted) else "/admin/")


def redirect_to_sign_in(wanted: str) -> HttpResponse:
    """Lead to the sign-in page, and from there to the path `wanted`."""
    answer = redirect("sign-in")
    answer["Location"] += f"?{urlencode({'next': wanted})}"
    return answer


@login_not_required
def sign_up(request: HttpRequest) -> HttpResponse:
    """Nobody signs up. allauth needs the name; who comes here is led to the sign-in page."""
    return redirect("sign-in")


def account(request: HttpRequest) -> HttpResponse:
    """One's own account: how one signs in, and where."""
    person = request.user
    assert isinstance(person, User)
    kinds = list(Authenticator.objects.filter(user=person).values_list("type", flat=True))
    page = {
        "person": person,
        "has_password": person.has_usable_password(),
        "has_app": Authenticator.Type.TOTP in kinds,
        "passkeys": kinds.count(Authenticator.Type.WEBAUTHN),
        "has_codes": Authenticator.Type.RECOVERY_CODES in kinds,
        "may_invite": may_invite(person),
    }
    return render(request, "accounts/account.html", page)
