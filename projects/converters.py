"""The parts of addresses: which texts they are, and what views are given for them."""

from __future__ import annotations

from django.urls.converters import StringConverter


class AnyCase(StringConverter):
    """A name that people write in either case: views get it in capitals, addresses are as they are given."""

    def to_python(self, value: str) -> str:
        """Return the name in capitals."""
        return value.upper()


class ProjectCode(AnyCase):
    """MRW-1."""

    regex = "[A-Za-z]{2,6}-[0-9]{1,4}"


class BillerCode(AnyCase):
    """MRW."""

    regex = "[A-Za-z]{2,6}"


class StepPath(StringConverter):
    """playbook/step-key."""

    regex = "[a-z0-9-]+/[a-z0-9-]+[.][a-z0-9-]+"


class DocumentName(StringConverter):
    """As the steps name it: a slug, unless somebody wrote a playbook with another word. What no column takes is no name."""

    regex = "[^/\x00-\x1f\x7f]+"
