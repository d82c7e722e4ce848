"""Links that arrive by e-mail. Following one changes nothing: it opens a page with a button (mail scanners follow links too).

Each is for one person and one path, expires, is used once, and is kept as a hash: whoever reads the table learns no link.
Beside it goes a code of eight digits for those whose mail program breaks links; five wrong ones burn it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from accounts.mail import site_address
from accounts.models import EmailedLink, User
from accounts.paths import is_own_path

#: How long a link is good for, by purpose.
VALID = {
    "invitation": dt.timedelta(days=14),
    "sign-off": dt.timedelta(days=14),
    "testing": dt.timedelta(days=14),
    "support": dt.timedelta(days=14),
    "sign-in": dt.timedelta(minutes=30),
}
MOST_WRONG_CODES = 5


@dataclass(frozen=True, slots=True)
class Minted:
    """A fresh link. The only place where its secrets are in clear."""

    address: str
    code: str
    expires: dt.datetime


def mint(person: User, *, purpose: str, leads_to: str, now: dt.datetime | None = None) -> Minted:
    """Make a link for `person` that, once its button is pressed, signs them in and leads to the path `leads_to`.

    Args:
        purpose: one of VALID.
        leads_to: a path of this site.
    """
    if not is_own_path(leads_to):
        raise ValueError(f"{leads_to!r} is no path of this site")
    now = now or timezone.now()
    token, code = secrets.token_urlsafe(32), f"{secrets.randbelow(10**8):08}"
    link = EmailedLink(
        person=person, purpose=purpose, leads_to=leads_to, token_hash=hash_of(token), made_at=now,
        expires_at=now + VALID[purpose],
    )  # fmt: skip
    link.code_hash = code_hash(person, code)
    link.save(force_insert=True)
    return Minted(site_address(reverse("emailed-link", args=[token])), code, link.expires_at)


def way_to(person: User, path: str, *, purpose: str) -> tuple[str, str]:
    """Return the address that a mail to `person` leads to, and the code beside it: a link of their own for somebody outside, who
    may have no password; for ours the page itself, and no code."""
    if not person.is_outside:
        return site_address(path), ""
    minted = mint(person, purpose=purpose, leads_to=path)
    return minted.address, minted.code


def hash_of(token: str) -> str:
    """Return what is kept of a token: it has 256 bits of chance, so a plain hash will do."""
    return hashlib.sha256(token.encode()).hexdigest()


def code_hash(person: User, code: str) -> str:
    """Return what is kept of a code: keyed with our secret, since eight digits can be tried through."""
    return hmac.new(settings.SECRET_KEY.encode(), f"{person.pk}:{code}".encode(), "sha256").hexdigest()


def by_token(token: str) -> EmailedLink | None:
    """Return the link of a token, whatever its state, or None where there never was one."""
    return EmailedLink.objects.select_related("person").filter(token_hash=hash_of(token)).first()


def by_code(address: str, code: str, *, now: dt.datetime | None = None) -> EmailedLink | None:
    """Return the open link of a person's code, or None; a wrong code counts against every open link of that person."""
    now = now or timezone.now()
    person = User.objects.filter(email=address.strip().lower(), is_active=True).first()
    if person is None:
        return None
    mine = EmailedLink.objects.open(now).filter(person=person, wrong_codes__lt=MOST_WRONG_CODES)
    found = mine.filter(code_hash=code_hash(person, code.strip())).select_related("person").first()
    if found is None:
        mine.update(wrong_codes=F("wrong_codes") + 1)
    return found


def use(link: EmailedLink, *, now: dt.datetime | None = None) -> bool:
    """Use a link up; return False where it is expired, used, or its person deactivated. Of two at once one wins."""
    now = now or timezone.now()
    used = EmailedLink.objects.open(now).filter(pk=link.pk, person__is_active=True).update(used_at=now)
    return bool(used)
