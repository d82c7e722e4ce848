"""What people type about themselves."""

from __future__ import annotations

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError


class SignInForm(AuthenticationForm):
    """E-mail and password. One answer to every wrong pair, so that it tells nobody which addresses have an account."""

    username = forms.EmailField(
        label="E-mail",
        max_length=254,
        error_messages={"required": "Enter your e-mail address.", "invalid": "This is not an e-mail address."},
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True, "spellcheck": "false"}),
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        error_messages={"required": "Enter your password."},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def get_invalid_login_error(self) -> ValidationError:
        """Return the refusal, at the password: the address stays as it was typed."""
        refusal = ValidationError(
            "No account has this e-mail address and password. Check both and try again.", code="invalid_login"
        )
        return ValidationError({"password": [refusal]})
