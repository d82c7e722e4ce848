"""Signing in and out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.forms import BaseForm
from django.http import HttpResponse

from accounts.forms import SignInForm
from accounts.models import User


class SignIn(LoginView):
    """The sign-in page. `next` leads back to where somebody was going, on our own host alone."""

    authentication_form = SignInForm
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add, in a demo alone, whom one may sign in as."""
        people = User.objects.filter(is_active=True).only("name", "email")[:20] if settings.DEMO else ()
        return super().get_context_data(demo_people=people, demo_password=settings.DEMO_PASSWORD, **kwargs)

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """Show the page again with what is wrong, as a 400."""
        return self.render_to_response(self.get_context_data(form=form), status=400)
