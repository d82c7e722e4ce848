"""How a refusal reaches the person: the right status, and the words where they are looking."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError

from transitions.blockers import MoveRefused, NotPermitted


def status_of(refused: MoveRefused) -> int:
    """Return 403 where the person may not, 409 where the state does not allow it."""
    return 403 if isinstance(refused, NotPermitted) else 409


def add_errors(form: forms.Form, refused: MoveRefused | ValidationError) -> int:
    """Put a service's refusal on the form, at its field where it has one; return the status to answer with."""
    if isinstance(refused, MoveRefused):
        for blocker in refused.blockers:
            form.add_error(blocker.subject if blocker.subject in form.fields else None, blocker.text)
        return status_of(refused)
    if hasattr(refused, "error_dict"):
        for name, errors in refused.message_dict.items():
            for message in errors:
                form.add_error(name if name in form.fields else None, message)
    else:
        form.add_error(None, refused)
    return 400
