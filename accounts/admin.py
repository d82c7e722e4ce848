"""Admin: people, by their e-mail address, and what groups there are.

Administrators manage people; what makes somebody a superuser, or gives a right by hand, is for superusers alone, and so is every
superuser's row. Nobody types a password for somebody else: people are invited.
"""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialApp, SocialToken
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest

from accounts.activity import activity_changed
from accounts.groups import open_the_admin
from accounts.invitations import INVITE, send_invitation
from accounts.models import User
from accounts.security import note
from history.admin import HistoryOnItsPage
from history.stale import AnswersErrors, RowForm

#: What only a superuser may set.
GUARDED = ("is_superuser", "user_permissions", "is_staff", "password")

# Providers come from the environment and addresses from the person's row: a second place to set them would be a way around.
for model in (EmailAddress, SocialApp, SocialToken):
    admin.site.unregister(model)
admin.site.unregister(Group)


def _own_address(form: forms.ModelForm[User]) -> str:
    address = str(form.cleaned_data["email"]).strip().lower()
    if User.objects.filter(email__iexact=address).exclude(pk=form.instance.pk).exists():
        raise forms.ValidationError("Somebody has this address already.")
    return address


class PersonCreationForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new person. Addresses are kept in lower case, as sign-in compares them."""

    send_invitation = forms.BooleanField(
        required=False, initial=True, help_text="A mail with a link to come in by. It can be sent later too."
    )

    class Meta:
        model = User
        fields = ("email", "name", "side", "time_zone", "groups")
        field_classes = {"email": forms.EmailField}  # noqa: RUF012 - Django's own form

    def clean_email(self) -> str:
        """Refuse an address that somebody has in other capitals."""
        return _own_address(self)

    def save(self, commit: bool = True) -> User:
        """Make the person, without a password."""
        self.instance.set_unusable_password()
        person: User = super().save(commit=commit)
        return person


class PersonChangeForm(RowForm):
    """A person as they are; two administrators on one of them are told of each other."""

    class Meta:
        model = User
        fields = ("email", "name", "side", "time_zone", "is_active", "is_superuser", "groups", "user_permissions")
        field_classes = {"email": forms.EmailField}  # noqa: RUF012 - Django's own form

    def clean_email(self) -> str:
        """Refuse an address that somebody has in other capitals."""
        return _own_address(self)


@admin.action(description="Send another invitation", permissions=["invite"])
def invite_again(model_admin: PersonAdmin, request: HttpRequest, people: Any) -> None:
    """Mail a link to each of those chosen whose account is open."""
    assert isinstance(request.user, User)
    count = 0
    for person in people.filter(is_active=True):
        send_invitation(person, by=request.user)
        count += 1
    model_admin.message_user(request, f"{count} invited.")


@admin.register(User)
class PersonAdmin(HistoryOnItsPage, AnswersErrors, UserAdmin):  # type: ignore[type-arg]
    """People sign in with their address; they are made inactive rather than deleted, since records name them."""

    history_kind = "person"

    form = PersonChangeForm
    add_form = PersonCreationForm
    list_display = ("name", "email", "side", "is_active", "is_staff", "last_login")
    list_filter = ("side", "is_active", "is_staff", "groups")
    search_fields = ("name", "email")
    ordering = ("name", "pk")
    actions = (invite_again,)
    readonly_fields = ("is_staff", "last_login", "joined_at")
    fieldsets = (
        ("Person", {"fields": ("email", "name", "side", "time_zone", "seen")}),
        ("May", {"fields": ("is_active", "groups", "is_staff", "is_superuser", "user_permissions")}),
        ("When", {"fields": ("last_login", "joined_at")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "name", "side", "time_zone", "groups", "send_invitation")}),
    )

    def has_invite_permission(self, request: HttpRequest) -> bool:
        """Return whether somebody may send invitations from the list."""
        return request.user.has_perm(INVITE)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Return whether somebody may change people, or this one: a superuser only as another."""
        if obj is not None and obj.is_superuser and not _superuser(request):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Return False: records name people. Whoever leaves is made inactive."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Return what is shown alone: rights given by hand, to all but superusers."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if _superuser(request) else (*fields, "is_superuser", "user_permissions")

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Write down who sends fields that are not theirs; the form ignores them anyhow."""
        if request.method == "POST" and not _superuser(request):
            sent = sorted(set(GUARDED) & set(request.POST))
            if sent:
                note("escalation_refused", request, by=request.user.pk, fields=sent)
        return super().changeform_view(request, *args, **kwargs)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Refuse: whoever could choose another's password could be them."""
        note("escalation_refused", request, by=request.user.pk, fields=["password"])
        raise PermissionDenied

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm[User], change: bool) -> None:
        """Save, and let what a person holds on projects follow where they were deactivated or taken back."""
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if change and "is_active" in form.changed_data:
                activity_changed.send(sender=User, person=obj, by=request.user)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Keep groups with the person, then send the invitation that was ticked."""
        super().save_related(request, form, formsets, change)
        open_the_admin(User.objects.filter(pk=form.instance.pk))
        if not change and form.cleaned_data["send_invitation"]:
            assert isinstance(request.user, User)
            send_invitation(form.instance, by=request.user)


def _superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and getattr(request.user, "is_superuser", False))


@admin.register(Group)
class GroupsAdmin(GroupAdmin):
    """The groups, to look at: what they may do stands in `accounts/groups.py`, and who is in them with each person."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: see above."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Return False: see above."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Return False: see above."""
        return False
