"""What people send to the pages of talk, and what the list may be asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django import forms

from projects.filters import Filter, ListForm, _choice, _flag, _number
from records.models.talk import LONGEST
from records.prose import clean

SEEN = (("internal", "Internal"), ("customer", "Customer reads it"))


class TextField(forms.CharField):
    """A comment's text, counted as it is kept: a line break is one character."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        """Return the text as it is kept."""
        return clean(super().to_python(value) or "")


def text_field(label: str, help_text: str = "") -> TextField:
    """Return the field in which a comment is written."""
    return TextField(
        label=label, max_length=LONGEST, strip=False, help_text=help_text,
        error_messages={
            "required": "Write your comment.",
            "max_length": f"The comment has %(show_value)d characters; {LONGEST:,} is the most.",
        },
    )  # fmt: skip


class CommentForm(forms.Form):
    """A new comment. `visible` comes with the button that says so; `shape` says which part of a page is to be answered."""

    text = text_field("Your comment")
    visible = forms.BooleanField(required=False)
    shape = forms.CharField(required=False, max_length=20)
    next = forms.CharField(required=False, max_length=300)


class EditForm(forms.Form):
    """Other words for a comment."""

    text = text_field("Comment", "Markdown. What it said before is kept.")
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    next = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)


class ActForm(forms.Form):
    """An act on a comment as it was seen: deletion, or the mark of a decision."""

    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    decision = forms.BooleanField(required=False)
    named = forms.BooleanField(required=False)
    next = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)


class ShowForm(forms.Form):
    """An internal comment shown to the customer; confirmed where others wrote after it.

    To be made internal (`visible` 0) it may be asked too: that is refused, with the reason.
    """

    confirmed = forms.BooleanField(
        label="I have read it and what was written after it: the customer may read this one", required=False
    )
    visible = forms.ChoiceField(choices=[("1", "Yes"), ("0", "No")], required=False)
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    next = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)


@dataclass(frozen=True, slots=True)
class TalkFilter(Filter):
    """Which comments."""

    q: str = ""
    decisions: bool = False
    seen: str = ""
    about: str = ""
    by: int | None = None

    @property
    def narrowed(self) -> bool:
        """Whether anything but the page differs from the default."""
        return replace(self, page=1) != TalkFilter()


class TalkForm(ListForm):
    """The parameters of a project's talk."""

    q = forms.CharField(required=False, max_length=100)
    decisions = _flag("decisions")
    seen = _choice("kind of reader", SEEN)
    about = _choice("kind of thing", ())
    by = _number("person’s number")


def form_for(kinds: Iterable[tuple[str, str]]) -> type[TalkForm]:
    """Return the form that knows what can be talked about."""
    known = list(kinds)

    class Form(TalkForm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.fields["about"].choices = known  # type: ignore[attr-defined]

    return Form
