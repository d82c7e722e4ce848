"""People: who signs in, with which address, in which time zone, inside the company or outside it."""

from __future__ import annotations

import datetime as dt
import unicodedata
import zoneinfo
from functools import lru_cache
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from history.tracking import HistoryOf, Tracked, TrackedQuerySet

COMPANY_ZONE = "America/New_York"


class Side(models.TextChoices):
    """Which side of the table a person, or a playbook's role, sits on."""

    INTERNAL = "internal", "Internal"
    CUSTOMER = "customer", "Customer"
    PARTNER = "partner", "Partner"


@lru_cache(maxsize=1)
def known_zones() -> frozenset[str]:
    """Return the names of the IANA zones. Looking them up walks through the zone files, so that is done once a process."""
    return frozenset(zoneinfo.available_timezones())


def validate_time_zone(value: str) -> None:
    """Raise ValidationError unless `value` is an IANA zone name such as `America/New_York`."""
    if value not in known_zones():
        raise ValidationError(f"“{value}” is not a time zone. Use a name such as America/New_York.")


def validate_one_line(value: str) -> None:
    """Raise ValidationError where `value` has line breaks, control characters or marks that turn the reading direction.

    Names stand in the heads of mails, in file names and beside other people's: none may break out or read backwards.
    """
    turns = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    if any(unicodedata.category(mark) in {"Cc", "Cs", "Zl", "Zp"} or mark in turns for mark in value):
        raise ValidationError("A name is one line of letters, without control characters.", code="one_line")


class UserManager(BaseUserManager["User"].from_queryset(TrackedQuerySet)):  # type: ignore[misc]
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


class User(Tracked, AbstractBaseUser, PermissionsMixin):
    """A person who signs in with an e-mail address."""

    email = models.EmailField("e-mail", unique=True)
    name = models.CharField(max_length=120, validators=[validate_one_line])
    side = models.CharField(max_length=10, choices=Side.choices, default=Side.INTERNAL)
    time_zone = models.CharField(max_length=64, default=COMPANY_ZONE, validators=[validate_time_zone])
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may open the admin", default=False)
    joined_at = models.DateTimeField(auto_now_add=True)

    #: Never a secret, and not each sign-in.
    history = HistoryOf(without=("password", "last_login"))
    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        base_manager_name = "objects"
        ordering = ("name", "pk")
        constraints = (models.UniqueConstraint(Lower("email"), name="user_email_any_case"),)
        permissions = (
            ("invite_person", "Can invite people"),
            ("replace_person", "Can put one person in the place of another"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_outside(self) -> bool:
        """Whether the person sits with a customer or a partner (docs/adr/0014)."""
        return self.side != Side.INTERNAL

    def clean(self) -> None:
        """Raise ValidationError where somebody outside the company is to administer it."""
        super().clean()
        if self.is_outside and (self.is_staff or self.is_superuser):
            raise ValidationError("Somebody outside the company may not open the admin.")

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
        """The person's time zone; the company's where the row names none that there is, as after a load from elsewhere."""
        return zoneinfo.ZoneInfo(self.time_zone if self.time_zone in known_zones() else COMPANY_ZONE)

    def get_short_name(self) -> str:
        return self.name.split()[0] if self.name.split() else self.email


class OutgoingMail(models.Model):
    """One mail to one person: what kind, about what, and whether it has gone. Its words are made when it is sent."""

    key = models.CharField(max_length=160, unique=True, help_text="What is said to whom on which occasion: once")
    kind = models.CharField(max_length=40)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="mails")
    details = models.JSONField(default=dict)
    subject = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(default=timezone.now)
    leased_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-made_at", "-pk")
        indexes = (
            models.Index(fields=("due_at",), name="mail_waiting", condition=models.Q(sent_at=None, failed_at=None)),
        )

    def __str__(self) -> str:
        return f"{self.kind} to {self.person}"


class EmailedLinkQuerySet(models.QuerySet["EmailedLink"]):
    """Links, in the words of those who use them."""

    def open(self, now: dt.datetime) -> EmailedLinkQuerySet:
        """Links that may still be used."""
        return self.filter(used_at=None, expires_at__gt=now)


class EmailedLink(models.Model):
    """A link that was e-mailed: for one person, to one path, once. Neither token nor code is kept in clear."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="emailed_links")
    purpose = models.CharField(max_length=20)
    leads_to = models.CharField(max_length=300)
    token_hash = models.CharField(max_length=64, unique=True)
    code_hash = models.CharField(max_length=64)
    wrong_codes = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    objects = EmailedLinkQuerySet.as_manager()

    class Meta:
        ordering = ("-made_at", "-pk")
        indexes = (models.Index(fields=("person", "code_hash"), name="link_code"),)

    def __str__(self) -> str:
        return f"{self.purpose} for {self.person}"


class SharedCache(models.Model):
    """The table of Django's DatabaseCache, where there is no Redis: what all processes count in together.

    It is a model so that `migrate` makes it. Only the cache reads and writes it.
    """

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "accounts_shared_cache"
        default_permissions = ()

    def __str__(self) -> str:
        return self.cache_key
