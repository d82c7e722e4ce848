"""People: who signs in, with which address, in which time zone, inside the company or outside it."""

from __future__ import annotations

import zoneinfo
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower


class Side(models.TextChoices):
    """Which side of the table a person, or a playbook's role, sits on."""

    INTERNAL = "internal", "Internal"
    CUSTOMER = "customer", "Customer"
    PARTNER = "partner", "Partner"


def validate_time_zone(value: str) -> None:
    """Raise ValidationError unless `value` is an IANA zone name such as `America/New_York`."""
    if value not in zoneinfo.available_timezones():
        raise ValidationError(f"“{value}” is not a time zone. Use a name such as America/New_York.")


class UserManager(BaseUserManager["User"]):
    """Makes people. E-mail addresses are compared without regard to case."""

    def create_user(self, email: str, name: str, password: str | None = None, **fields: object) -> User:
        """Return a saved person; `password=None` means that they cannot sign in with one."""
        person = self.model(email=email.strip().lower(), name=name, **fields)
        person.set_password(password)
        person.full_clean()
        person.save(using=self._db)
        return person

    def create_superuser(self, email: str, name: str, password: str | None = None, **fields: object) -> User:
        """Return a saved administrator."""
        return self.create_user(email, name, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in with an e-mail address."""

    email = models.EmailField("e-mail", unique=True)
    name = models.CharField(max_length=120)
    side = models.CharField(max_length=10, choices=Side.choices, default=Side.INTERNAL)
    time_zone = models.CharField(max_length=64, default="America/New_York", validators=[validate_time_zone])
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may open the admin", default=False)
    joined_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering = ("name", "pk")
        constraints = (models.UniqueConstraint(Lower("email"), name="user_email_any_case"),)

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        """Two letters for the round mark beside a step: `Priya Nair` → `PN`."""
        words = [word for word in self.name.split() if word]
        if not words:
            return self.email[:1].upper()
        last = words[-1][0] if len(words) > 1 else words[0][1:2]
        return (words[0][0] + last).upper()

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The person's time zone."""
        return zoneinfo.ZoneInfo(self.time_zone)

    def get_short_name(self) -> str:
        return self.name.split()[0] if self.name.split() else self.email
