"""Playbooks with a life, in the table: a newer version that the two projects might go to, and what somebody would send there."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from playbook.lint import lint, warning_ids
from playbook.models import Version
from playbook.services import new_draft, publish_version
from projects.models import Project

ABSENT = 987654
Parts = dict[str, dict[str, tuple[Any, Any, Any]]]


def parts(own: Project, foreign: Project, cast: SimpleNamespace) -> Parts:
    """Publish a second version of the playbook of add-ons, which the own project is not on yet; return the parts of addresses."""
    first = Version.objects.select_related("playbook").get(playbook__slug="addon-post-live", number=1)
    draft = new_draft(first, cast.adele)
    warnings = warning_ids(lint(draft.as_data()))
    publish_version(draft, by=cast.adele, note="The same again", confirmed=warnings)
    newer = {"slug": ("addon-post-live", "addon-post-live", "nothing"), "number": (2, 2, 99)}
    # A version is everybody's inside: none is foreign.
    of_playbook = {"slug": ("addon-post-live", None, "nothing"), "number": (2, None, 99)}
    return {"upgrade-project": newer, "upgrade-projects": of_playbook, "playbook-preview": of_playbook}


Body = Callable[[Any, str], dict[str, Any]]

#: Whoever might write is refused: there is nothing to undo, and what was looked at is something else by now.
REFUSED_BODIES: dict[str, Body] = {
    "upgrade-project": lambda site, of: {"seen": "0" * 32, "note": ""},
    "undo-upgrade": lambda site, of: {},
    "upgrade-projects": lambda site, of: {"project": [], "note": ""},
}
