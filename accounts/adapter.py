"""What allauth asks us: who may come in, where to, what its mails say, and what is written down of it."""

from __future__ import annotations

import ipaddress
import smtplib
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.models import EmailAddress
from allauth.core import context as current
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base import AuthProcess
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.letters import AWAITED, words_for
from accounts.limits import too_many
from accounts.mail import as_email, site_address
from accounts.models import User
from accounts.paths import is_own_path
from accounts.security import logger, note
from accounts.sessions import address_of

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialLogin

#: Stands for whoever comes from nowhere: of those that are set aside for examples (RFC 5737).
NO_ADDRESS = "192.0.2.0"
WRONG_CODE = "This is not the code. Check it and try again."


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Passwords and codes. Nobody signs up; an account that is closed gets the answers of one that never was."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "incorrect_code": WRONG_CODE,
        "incorrect_password": "This is not your password.",
        "too_many_login_attempts": "That was tried too often. Start again in a few minutes.",
        "rate_limited": "That was asked for too often. Try again in a few minutes.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: people are invited."""
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Return whether `url` is a path of this site; addresses of other hosts, however they are written, are not."""
        return is_own_path(url)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Return the person of an address and password. Of somebody deactivated nothing can be learned, nor tried for free."""
        self.pre_authenticate(request, **credentials)
        person = authenticate(request, **credentials)
        AuthenticationBackend.unstash_authenticated_user()  # kept by allauth to say that the account is inactive
        if person is None:
            self.authentication_failed(request, **credentials)
            return None
        self._rollback_login_failed_rl_usage()
        assert isinstance(person, User)
        return person

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Write down that somebody did not get in."""
        note("sign_in_failed", request, address=str(credentials.get("email", "")), method="password")

    def reauthenticate(self, user: User, password: str) -> bool:
        """Return whether `password` is that of the person who is signed in."""
        return self.authenticate(current.request, email=user.email, password=password) == user

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """Return what is wrong; beyond a limit, answer 429 at once, whichever form it was."""
        if code == "too_many_login_attempts":
            raise ImmediateHttpResponse(too_many(current.request))
        if code == "incorrect_code":
            note("sign_in_failed", current.request, method="code")
        error: ValidationError = super().validation_error(code, *args)
        return error

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Refuse somebody who proved who they are and whose account is closed."""
        return no_way_in(request, user.email)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the network address that limits are counted by and sessions are listed with.

        A socket has none, and some proxies write a port behind it: what is no address counts as one and the same.
        """
        try:
            return str(ipaddress.ip_address(address_of(request)))
        except ValueError:
            return NO_ADDRESS

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the link of a mail by our own address, not by what the request called us."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return site_address(path.replace("UID-KEY", key))

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Lead back to the page of one's account."""
        return reverse("account")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send one of allauth's mails, in our words and our shape.

        A mail server that is away is told to the person where they wait for what is in the mail; a mere notice is left out.
        """
        try:
            as_email(words_for(template_prefix, context), email).send()
        except (smtplib.SMTPException, OSError) as fault:
            logger.error("mail_not_sent", kind=template_prefix, error=f"{type(fault).__name__}: {fault}"[:300])
            if template_prefix in AWAITED:
                page = render(current.request, "accounts/no_mail.html", status=503)
                raise ImmediateHttpResponse(page) from fault

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell somebody that their account was changed, at the address that it has now."""
        self.send_mail(template_prefix, user.email, context or {})


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Authenticator apps, passkeys and recovery codes."""

    error_messages = DefaultMFAAdapter.error_messages | {"incorrect_code": WRONG_CODE}

    def get_totp_issuer(self) -> str:
        """Return what an authenticator app calls us."""
        return "Gatehouse"

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """Return what is wrong, and write down a wrong code."""
        if code == "incorrect_code":
            note("sign_in_failed", current.request, method="second factor")
        error: ValidationError = super().validation_error(code, *args)
        return error


class SignOnAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Single sign-on. The provider says who somebody is; only who has an account here comes in."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Refuse whoever is not known here, as a page of ours."""
        addresses = [address.email for address in sociallogin.email_addresses]
        raise ImmediateHttpResponse(no_way_in(request, addresses[0] if addresses else ""))

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Refuse every use of the provider but signing in: nobody ties another account of theirs to one of ours."""
        if sociallogin.state.get("process", AuthProcess.LOGIN) != AuthProcess.LOGIN:
            note("escalation_refused", request, what="connect an account of the provider")
            raise ImmediateHttpResponse(render(request, "403.html", status=403))

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        """Return the person with an address that the provider has verified, and that address.

        The address counts as verified here from then on; otherwise allauth would take their password away.
        """
        for address in sociallogin.email_addresses:
            verified = str(address.verified).lower() == "true"  # some providers send the word
            person = User.objects.filter(email=address.email.strip().lower()).first() if verified else None
            if person is not None:
                EmailAddress.objects.update_or_create(
                    user=person, email=person.email, defaults={"verified": True, "primary": True}
                )
                return person, person.email
        return None

    def on_authentication_error(self, request: HttpRequest, provider: Any, **details: Any) -> None:
        """Write down that the provider, or the way back from it, failed; and show a page of ours."""
        note("sign_in_failed", request, method="single sign-on", error=str(details.get("exception") or "")[:200])
        raise ImmediateHttpResponse(render(request, "accounts/no_sign_on.html", status=401))


def no_way_in(request: HttpRequest, address: str) -> HttpResponse:
    """Answer 403 to somebody who is who they say, and has no account here that is open."""
    note("sign_in_failed", request, address=address, method="no open account")
    return render(request, "accounts/no_way_in.html", status=403)
