"""Webhooks of teams are kept in the admin; those of projects on the projects' own pages. The address is never shown."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from reminders.hooks import send_test, switch, told_address
from reminders.hooks_form import KINDS, AddressInput, clean_address
from reminders.models import Hook
from transitions.blockers import MoveRefused


class TeamHookForm(forms.ModelForm):  # type: ignore[type-arg]
    """A team's webhook. An empty address keeps the one that is there."""

    url = forms.URLField(
        label="Address", max_length=500, assume_scheme="https", required=False, widget=AddressInput(),
        help_text="A secret: once saved it is not shown. Leave it empty to keep the one that is there.",
    )  # fmt: skip
    notice_kinds = forms.MultipleChoiceField(
        label="What it is told", required=False, choices=KINDS, widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: all that asks something of somebody. Everybody in the channel reads it, of every project.",
    )  # fmt: skip

    class Meta:
        model = Hook
        fields = ("kind", "name", "url", "team", "notice_kinds")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "team" in self.fields:
            self.fields["team"].required = True

    def clean_url(self) -> str:
        """Refuse what may not be called; where nothing is typed keep what is there."""
        given = str(self.cleaned_data["url"])
        if given:
            return clean_address(given)
        if not self.instance.pk:
            raise forms.ValidationError("A webhook needs an address.")
        return str(self.instance.url)


@admin.register(Hook)
class TeamHookAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Team hooks alone: those of projects are not here."""

    form = TeamHookForm
    list_display = ("name", "team", "kind", "where", "is_active", "made_by")
    list_select_related = ("team", "made_by")
    readonly_fields = ("where", "is_active")
    actions = ("test", "on", "off")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hook]:
        """Leave the hooks of projects to their pages."""
        return super().get_queryset(request).filter(project=None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: what was told stays written down. It is switched off."""
        return False

    def save_model(self, request: HttpRequest, obj: Hook, form: Any, change: bool) -> None:
        """Keep who set it up."""
        if not change:
            assert isinstance(request.user, User)
            obj.made_by = request.user
        super().save_model(request, obj, form, change)

    @admin.display(description="Address")
    def where(self, hook: Hook) -> str:
        """Its host and last four characters."""
        return told_address(hook) if hook.pk else "–"

    @admin.action(description="Send a test")
    def test(self, request: HttpRequest, chosen: QuerySet[Hook]) -> None:
        """Send a test to each."""
        assert isinstance(request.user, User)
        for hook in chosen:
            try:
                send_test(hook, by=request.user)
            except MoveRefused as refused:
                self.message_user(request, f"{hook}: {refused.blockers[0].text}", messages.ERROR)
            else:
                self.message_user(request, f"A test is on its way to “{hook}”.")

    @admin.action(description="Switch on")
    def on(self, request: HttpRequest, chosen: QuerySet[Hook]) -> None:
        """Switch each on."""
        self._switch(request, chosen, on=True)

    @admin.action(description="Switch off")
    def off(self, request: HttpRequest, chosen: QuerySet[Hook]) -> None:
        """Switch each off."""
        self._switch(request, chosen, on=False)

    def _switch(self, request: HttpRequest, chosen: QuerySet[Hook], *, on: bool) -> None:
        assert isinstance(request.user, User)
        now = timezone.now()
        for hook in chosen:
            switch(hook, on, by=request.user, now=now)
            self.message_user(request, f"“{hook}” is {'on' if on else 'off'}.")
