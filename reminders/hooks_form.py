"""Forms of webhooks. The address is a secret: it is typed in and never shown again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import validate_one_line
from projects.notice_kinds import GROUPS
from reminders.models import Hook
from reminders.wire import AddressRefused, checked_addresses, parts_of

#: Kinds by group, as ticks.
KINDS = [(title, [(kind.value, kind.label) for kind in kinds]) for title, kinds in GROUPS]
TOO_LONG = 500


def clean_address(url: str) -> str:
    """Return an address that may be called now; it is looked at again at each post.

    Raises:
        ValidationError: it may not be called, or nobody knows the name.
    """
    try:
        host, _ = parts_of(url)
        checked_addresses(host)
    except AddressRefused as refused:
        raise ValidationError(str(refused)) from None
    except OSError:
        raise ValidationError("Nobody knows the name in this address. Copy it once more.") from None
    return url.strip()


class AddressInput(forms.URLInput):
    """A field for a secret address: it is sent, and never written back into a page."""

    def format_value(self, value: Any) -> None:
        """Write nothing back."""
        return

    def __init__(self) -> None:
        super().__init__({"autocomplete": "off", "spellcheck": "false"})


class HookForm(forms.Form):
    """A new webhook, or, with `hook`, another name, other kinds and another address."""

    kind = forms.ChoiceField(label="What is at the other end", choices=Hook.Kind.choices)
    name = forms.CharField(
        label="Name", max_length=80, validators=[validate_one_line], help_text="Such as the channel: #marrow-county"
    )
    url = forms.URLField(
        label="Address", max_length=TOO_LONG, assume_scheme="https", widget=AddressInput(),
        help_text="Slack: an incoming webhook. Teams: a workflow “When a Teams webhook request is received”. It is a secret: "
        "once saved, only its host and last four characters are shown.",
    )  # fmt: skip
    notice_kinds = forms.MultipleChoiceField(
        label="What it is told", required=False, choices=KINDS, widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: all that asks something of somebody.",
    )  # fmt: skip

    def __init__(self, *args: Any, hook: Hook | None = None, **kwargs: Any) -> None:
        initial: Mapping[str, Any] = {}
        if hook is not None:
            initial = {"kind": hook.kind, "name": hook.name, "notice_kinds": hook.notice_kinds}
        super().__init__(*args, **{"initial": initial, **kwargs})
        if hook is not None:
            del self.fields["kind"]
            self.fields["url"].required = False
            self.fields["url"].label = "Another address"
            self.fields["url"].help_text = "Leave it empty to keep the one that is there. It is not shown."

    def clean_url(self) -> str:
        """Refuse what may not be called, with the reason."""
        given = str(self.cleaned_data["url"])
        return clean_address(given) if given else ""


class SwitchForm(forms.Form):
    """On or off."""

    on = forms.BooleanField(required=False)


class AgainForm(forms.Form):
    """Which post is sent once more."""

    post = forms.IntegerField(min_value=1, max_value=2**62)
