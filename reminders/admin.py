"""To look up what was swept, mailed and refused. Nothing is changed here by hand; a mail that failed can be sent again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest

from accounts.mail import MailNotFailed, retry
from accounts.models import OutgoingMail, User
from projects.admin import ReadOnlyAdmin
from reminders.bounces import lift
from reminders.models import Bounce, Sweep

#: Mails that failed, then those that wait, then those that went.
FAILED_FIRST = Case(
    When(failed_at__isnull=False, then=Value(0)), When(sent_at=None, then=Value(1)), default=Value(2),
    output_field=IntegerField(),
)  # fmt: skip


@admin.action(description="Try again", permissions=["again"])
def try_again(model_admin: OutgoingMailAdmin, request: HttpRequest, mails: QuerySet[OutgoingMail]) -> None:
    """Send those of the chosen mails that failed once more."""
    assert isinstance(request.user, User)
    again = left = 0
    for mail in mails:
        try:
            retry(mail, by=request.user)
            again += 1
        except MailNotFailed:
            left += 1
    words = f"{again} tried again." + (f" {left} had not failed and were left alone." if left else "")
    model_admin.message_user(request, words, messages.SUCCESS if again else messages.WARNING)


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    """Mails, those that failed first, then those that wait. The details are ids: no link that lets somebody in is in a row."""

    list_display = ("person", "kind", "subject", "state", "attempts", "error", "made_at")
    list_filter = ("kind", ("failed_at", admin.EmptyFieldListFilter), ("sent_at", admin.EmptyFieldListFilter))
    list_select_related = ("person",)
    search_fields = ("person__name", "person__email", "subject", "error")
    actions = (try_again,)

    def get_ordering(self, request: HttpRequest) -> Any:
        return (FAILED_FIRST, "-made_at", "-pk")

    @admin.display(description="State")
    def state(self, mail: OutgoingMail) -> str:
        """Say in a word what became of it."""
        if mail.failed_at:
            return "Failed"
        return "Sent" if mail.sent_at else "Waits"

    def has_again_permission(self, request: HttpRequest) -> bool:
        """Return whether somebody may send mails again."""
        return request.user.has_perm("accounts.change_outgoingmail")


@admin.register(Sweep)
class SweepAdmin(ReadOnlyAdmin):
    """Sweeps, the latest first; one without an end did not come to it."""

    list_display = ("at", "ended_at", "made_in_all", "skipped_in_all")
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    date_hierarchy = "at"

    @admin.display(description="Made")
    def made_in_all(self, sweep: Sweep) -> int:
        """Count what it wrote."""
        return sum(sweep.made.values())

    @admin.display(description="Skipped")
    def skipped_in_all(self, sweep: Sweep) -> int:
        """Count what it came too late for."""
        return len(sweep.skipped)


@admin.action(description="The address works: send there again", permissions=["lift"])
def send_there_again(model_admin: BounceAdmin, request: HttpRequest, bounces: QuerySet[Bounce]) -> None:
    """Forget that the chosen addresses were refused."""
    assert isinstance(request.user, User)
    people = [bounce.person for bounce in bounces.select_related("person")]
    for person in people:
        lift(person, by=request.user)
    model_admin.message_user(request, f"{len(people)} tried again from the next mail on.")


@admin.register(Bounce)
class BounceAdmin(ReadOnlyAdmin):
    """Addresses that a mail server refused for good."""

    list_display = ("person", "address", "answer", "at")
    list_select_related = ("person",)
    search_fields = ("person__name", "address", "answer")
    actions = (send_there_again,)

    def has_lift_permission(self, request: HttpRequest) -> bool:
        """Return whether somebody may say that an address works."""
        return request.user.has_perm("accounts.change_outgoingmail")
