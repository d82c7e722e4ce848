"""allauth's own pages, as our site map has them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from requests import RequestException

from accounts.security import note

View = Callable[..., HttpResponse]


def ours(view: View) -> View:
    """Return a view of allauth that answers bad input by 400, as every page here does (docs/adr/0007)."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if request.method == "POST" and response.status_code == 200 and isinstance(response, TemplateResponse):
            forms = [value for value in (response.context_data or {}).values() if isinstance(value, BaseForm)]
            if any(form.is_bound and form.errors for form in forms):
                response.status_code = 400
        return response

    return answer


def elsewhere(view: View) -> View:
    """Return a view of allauth that asks a provider, with a page of ours for when the provider does not answer."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except RequestException as fault:
            note("sign_in_failed", request, method="single sign-on", error=type(fault).__name__)
            return render(request, "accounts/no_sign_on.html", status=503)

    return answer
