"""The words of the mails that accounts send: codes, resets and notices of allauth, invitations, and links sent again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts import links
from accounts.mail import Message, site_address
from accounts.models import EmailedLink, OutgoingMail, User

ASKED = "You get this because somebody, most likely you, asked for it at Gatehouse. If it was not you, nothing needs to be done."
NOTICE = "You get this because it concerns your account. If it was not you, tell an administrator of Gatehouse at once."

Words = Callable[[Mapping[str, Any]], Message]


def _notice(what: str) -> Words:
    """Return the words of a notice: something about the account is no longer as it was."""

    def words(_context: Mapping[str, Any]) -> Message:
        return Message(
            subject=what,
            heading=what,
            paragraphs=["This was just done with your account. If it was you, all is well."],
            facts=[("When", f"{timezone.now():%Y-%m-%d %H:%M} UTC")],
            button=("Look at your account", site_address(reverse("account"))),
            small_print=NOTICE,
        )

    return words


def _login_code(context: Mapping[str, Any]) -> Message:
    return Message(
        subject="Your sign-in code",
        heading="Your sign-in code",
        paragraphs=[f"Enter this code on the page that asked for it: {context['code']}", "It is good for ten minutes."],
        small_print=ASKED,
    )


def _reset(context: Mapping[str, Any]) -> Message:
    return Message(
        subject="Choose a new password",
        heading="Choose a new password",
        paragraphs=["Your present password goes on working until you have chosen another."],
        button=("Choose a new password", str(context["password_reset_url"])),
        small_print=ASKED,
    )


def _unknown(_context: Mapping[str, Any]) -> Message:
    return Message(
        subject="No account has this address",
        heading="No account has this address",
        paragraphs=[
            "Somebody asked to sign in to Gatehouse with this address. No account that is open has it.",
            "If that was you: perhaps you were invited under another address. Whoever invited you can tell.",
        ],
        small_print="You get this once for each time that somebody asked. If it was not you, nothing needs to be done.",
    )


#: allauth's name of a mail → its words.
WORDS: Mapping[str, Words] = {
    "account/email/login_code": _login_code,
    "account/email/password_reset_key": _reset,
    "account/email/unknown_account": _unknown,
    "account/email/password_changed": _notice("Your password was changed"),
    "account/email/password_reset": _notice("Your password was changed"),
    "account/email/password_set": _notice("A password was set"),
    "mfa/email/totp_activated": _notice("An authenticator app was added"),
    "mfa/email/totp_deactivated": _notice("The authenticator app was removed"),
    "mfa/email/webauthn_added": _notice("A passkey was added"),
    "mfa/email/webauthn_removed": _notice("A passkey was removed"),
    "mfa/email/recovery_codes_generated": _notice("New recovery codes were made"),
    "socialaccount/email/account_connected": _notice("Single sign-on was used for the first time"),
}
#: Mails that somebody sits and waits for.
AWAITED = frozenset({"account/email/login_code", "account/email/password_reset_key", "account/email/unknown_account"})


def words_for(name: str, context: Mapping[str, Any]) -> Message:
    """Return the words of the mail that allauth calls `name`; LookupError for one that we never send."""
    return WORDS[name](context)


def invitation(mail: OutgoingMail) -> Message | None:
    """Return the words of an invitation, with a fresh link; `details` are `by` (a person's id) and `leads_to`."""
    inviter = User.objects.filter(pk=mail.details["by"]).first()
    whose = inviter.name if inviter else "Gatehouse"
    minted = links.mint(mail.person, purpose="invitation", leads_to=str(mail.details["leads_to"]))
    return Message(
        subject=f"{whose} invites you to Gatehouse",
        heading=f"{whose} invites you to Gatehouse",
        paragraphs=[
            "Gatehouse is where your implementation is worked on: what is done, what comes next, and what waits for you.",
            f"The link is yours alone and works once, until {minted.expires:%B} {minted.expires.day}. You need no password.",
        ],
        button=("Come in", minted.address),
        code=minted.code,
        small_print=f"You get this because {whose} gave us your address. If you expect no invitation, do nothing.",
    )


def link_again(mail: OutgoingMail) -> Message | None:
    """Return the words of a link that was asked for again; `details` is `link`, the id of the one before."""
    before = EmailedLink.objects.filter(pk=mail.details["link"]).first()
    if before is None:
        return None
    minted = links.mint(mail.person, purpose=before.purpose, leads_to=before.leads_to)
    return Message(
        subject="Your new link to Gatehouse",
        heading="Your new link",
        paragraphs=["It takes the place of the one before, leads to the same page, and works once."],
        button=("Open the page", minted.address),
        code=minted.code,
        small_print=ASKED,
    )
