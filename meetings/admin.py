"""Series are edited here whole: the rule, what only an administrator says of them, the link. Services do what a form says."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from history.stale import RowAdmin, RowForm
from meetings.clock_words import when
from meetings.forms import inside
from meetings.models import Series
from meetings.planned import planned
from meetings.rules import in_words
from meetings.series import FIELDS, edit_all, lost_by, make_series
from meetings.vocabulary import COMPANY, Kind
from projects.views.refusals import add_errors
from transitions.blockers import MoveRefused

#: The preview shows so many dates, looked for over so long.
DATES, AHEAD = 8, dt.timedelta(days=400)
DELETED = "A series is ended, not deleted: meetings that were held hang on it. End it on its page."


class _Rehearsed(Exception):  # noqa: N818
    """The service did what the form says: nothing stands against it, and nothing is kept of the rehearsal."""


class SeriesForm(RowForm):
    """A series, with a yes to what a new rule would cancel."""

    uncompared = RowForm.uncompared | {"cancel_anyway"}
    #: Who edits: the admin says so, of the class that it makes for each request.
    person: Any = None
    join_link = forms.URLField(
        required=False, max_length=500, assume_scheme="https", help_text="Shown to attendees alone",
    )  # fmt: skip
    cancel_anyway = forms.BooleanField(
        label="Cancel meetings that the new rule does not give", required=False,
        help_text="They are named when the form is saved without this.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        if "kind" in fields:
            fields["kind"].choices = [(kind.value, kind.label) for kind in Kind if kind in COMPANY]
        if "host" in fields:
            fields["host"].queryset = inside()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            try:
                with transaction.atomic():
                    self.act(by=self.person)
                    raise _Rehearsed
            except _Rehearsed:
                pass
            except (MoveRefused, ValidationError) as refused:
                whole: Any = self
                add_errors(whole, refused)
        return cleaned

    def act(self, *, by: Any) -> Series:
        """Do what the form says, by the services; return the series."""
        data = {name: value for name, value in self.cleaned_data.items() if name in FIELDS}
        now = timezone.now()
        if self.instance.pk is None:
            row = make_series(self.cleaned_data["kind"], by=by, now=now, **data)
        else:
            stored = Series.objects.get(pk=self.instance.pk)
            lost: list[dt.date] = []
            if self.cleaned_data.get("cancel_anyway"):
                lost = [one.day for one in lost_by(stored, data["rule"], data["starts_on"], now)]
            row = edit_all(stored, by=by, cancels=lost, now=now, **data)
        link = self.cleaned_data["join_link"]
        if row.join_link != link:
            row.join_link = link
            row.save(update_fields=["join_link"])
        return row


@admin.register(Series)
class SeriesAdmin(RowAdmin):
    form = SeriesForm
    list_display = ("title", "kind", "project", "rule_in_words", "starts_at", "zone_name", "host", "ended_on")
    list_filter = ("kind",)
    list_select_related = ("project", "host")
    search_fields = ("title", "project__name", "project__code")
    fields = (
        "kind", "title", "rule", "starts_on", "starts_at", "minutes", "zone_name", "host", "place", "join_link", "capacity",
        "cutoff_hours", "cancel_anyway", "next_dates",
    )  # fmt: skip
    readonly_fields = ("next_dates",)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Let the form know who edits."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.person = request.user
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A series stays of its kind."""
        return self.readonly_fields if obj is None else (*self.readonly_fields, "kind")

    @admin.display(description="Rule")
    def rule_in_words(self, series: Series) -> str:
        """Return the rule as people say it."""
        return in_words(series.rule, series.starts_on)

    @admin.display(description="Next dates")
    def next_dates(self, series: Any) -> SafeString:
        """Return the next eight meetings as the stored rule gives them, those on a holiday marked."""
        if series is None or series.pk is None:
            return format_html("{}", "Shown once the series is saved.")
        now = timezone.now()
        coming = planned([Series.objects.get(pk=series.pk)], now, now + AHEAD)[:DATES]
        lines = (
            (
                when(one.starts, one.ends, one.series.zone, one.series.zone, now).text,
                " – cancelled" if one.cancelled else f" – {one.clash}: decide on its page" if one.clash else "",
            )
            for one in coming
        )
        items = format_html_join("", "<li>{}{}</li>", lines)
        page = format_html(
            '<p><a href="{}">Its page: attendees, single meetings, its end</a></p>', series.get_absolute_url()
        )
        return format_html("<ul>{}</ul>{}", items or "None is ahead.", page)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Let the services do what was rehearsed, and show the series as it is then."""
        obj.pk = form.act(by=request.user).pk
        obj.refresh_from_db()

    def get_actions(self, request: HttpRequest) -> Any:
        """Offer no deleting of many."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Delete nothing, and say what to do instead."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        messages.error(request, DELETED)
        return redirect(reverse("admin:meetings_series_changelist"))
