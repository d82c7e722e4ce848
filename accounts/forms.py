"""What people type about themselves, and about those whom they invite."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm
from allauth.account.models import Login
from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from accounts.models import Side, User, validate_one_line


def email_field(autocomplete: str = "username", *, autofocus: bool = False) -> forms.EmailField:
    """Return a field for an e-mail address."""
    focus = {"autofocus": True} if autofocus else {}
    return forms.EmailField(
        label="E-mail",
        max_length=254,
        error_messages={"required": "Enter your e-mail address.", "invalid": "This is not an e-mail address."},
        widget=forms.EmailInput(attrs={"autocomplete": autocomplete, "spellcheck": "false", **focus}),
    )


class SignInForm(LoginForm):  # type: ignore[misc]
    """E-mail and password. One answer to every wrong pair, so that it tells nobody which addresses have an account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields = {
            "username": email_field(autofocus=True),
            "password": forms.CharField(
                label="Password",
                strip=False,
                max_length=200,
                error_messages={"required": "Enter your password."},
                widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
            ),
        }

    def user_credentials(self) -> dict[str, str]:
        """Return what allauth looks somebody up by."""
        return {"email": self.cleaned_data["username"].lower(), "password": self.cleaned_data["password"]}

    def clean(self) -> dict[str, Any]:
        """Find the person, or refuse at the password: the address stays as it was typed."""
        if not self.errors:
            credentials = self.user_credentials()
            self.user = get_adapter().authenticate(self.request, **credentials)
            if self.user is None:
                refusal = "No account has this e-mail address and password. Check both and try again."
                raise ValidationError({"password": [ValidationError(refusal, code="invalid_login")]})
            self._login = Login(user=self.user, email=credentials["email"])
        return self.cleaned_data


class CodeForm(forms.Form):
    """The code of a mail, typed in where its link would not open."""

    email = email_field(autofocus=True)
    code = forms.CharField(
        max_length=20,
        error_messages={"required": "Enter the code of the mail."},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def clean_code(self) -> str:
        """Return the digits alone: people type them in groups."""
        return "".join(mark for mark in self.cleaned_data["code"] if mark.isdigit())


class InviteForm(forms.Form):
    """Whom to invite. `groups` are those that the inviter may give."""

    name = forms.CharField(max_length=120, validators=[validate_one_line], strip=True)
    email = email_field("off")
    side = forms.ChoiceField(choices=Side.choices, initial=Side.INTERNAL)
    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].error_messages["required"] = "Enter their e-mail address."
        self.fields["email"].label = "Their e-mail"
        if by.has_perm("accounts.change_user"):
            groups = self.fields["groups"]
            assert isinstance(groups, forms.ModelMultipleChoiceField)
            groups.queryset = Group.objects.order_by("name")
        else:
            del self.fields["groups"]


class SearchForm(forms.Form):
    """Whom to look for."""

    q = forms.CharField(max_length=100, required=False, strip=True)
