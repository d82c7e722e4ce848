"""Admin: people, by their e-mail address."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm

from accounts.models import User


class PersonCreationForm(AdminUserCreationForm):  # type: ignore[type-arg]
    """A new person. Addresses are kept in lower case, as sign-in compares them."""

    class Meta:
        model = User
        fields = ("email", "name", "side", "time_zone")
        field_classes = {"email": forms.EmailField}  # noqa: RUF012 - Django's own form

    def clean_email(self) -> str:
        """Refuse an address that somebody has in other capitals."""
        return _own_address(self)


class PersonChangeForm(UserChangeForm):  # type: ignore[type-arg]
    """A person as they are."""

    class Meta:
        model = User
        fields = "__all__"
        field_classes = {"email": forms.EmailField}  # noqa: RUF012 - Django's own form

    def clean_email(self) -> str:
        """Refuse an address that somebody has in other capitals."""
        return _own_address(self)


def _own_address(form: forms.ModelForm[User]) -> str:
    address = str(form.cleaned_data["email"]).strip().lower()
    if User.objects.filter(email__iexact=address).exclude(pk=form.instance.pk).exists():
        raise forms.ValidationError("Somebody has this address already.")
    return address


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """People sign in with their address; they are made inactive rather than deleted, since records name them."""

    form = PersonChangeForm
    add_form = PersonCreationForm
    list_display = ("name", "email", "side", "is_active", "is_staff")
    list_filter = ("side", "is_active", "is_staff", "groups")
    search_fields = ("name", "email")
    ordering = ("name", "pk")
    readonly_fields = ("last_login", "joined_at")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Person", {"fields": ("name", "side", "time_zone")}),
        ("May", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("When", {"fields": ("last_login", "joined_at")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "name", "side", "time_zone", "usable_password", "password1", "password2"),
            },
        ),
    )
