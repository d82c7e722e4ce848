"""Codes of billers: proposed from the name, so that nobody has to invent one."""

from __future__ import annotations

import re

from projects.models import Biller


def propose_code(name: str) -> str:
    """Return a free code of three to six capitals for a biller called `name`, or the one that it already has.

    The first letter and the consonants after it, none twice: `Marrow County Tax` → `MRW`.
    """
    known = Biller.objects.filter(name__iexact=name.strip()).values_list("code", flat=True).first()
    if known:
        return known
    letters = re.sub(r"[^A-Z]", "", name.upper())
    if not letters:
        return ""
    rest = dict.fromkeys(letter for letter in letters[1:] if letter not in "AEIOU" and letter != letters[0])
    spelled = letters[0] + "".join(rest) + "XYZQJK"
    taken = set(Biller.objects.filter(code__startswith=letters[0]).values_list("code", flat=True))
    for last in range(2, len(spelled)):
        for candidate in (spelled[:2] + spelled[last], spelled[: last + 1][:6]):
            if len(candidate) >= 3 and candidate not in taken:
                return candidate
    return ""
