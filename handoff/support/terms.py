"""What support was decided for a project: asked of the part that decides tiers, which registers here.

Nothing here knows how a tier is decided. Until somebody registers, no project has terms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from accounts.models import User
from projects.models import Project


@dataclass(frozen=True, slots=True)
class Terms:
    """The support that was decided.

    Args:
        support: its name, such as `Transition Success Light`. days: how long; 0 where the help desk supports from the first day.
        open_ended: whether it lasts at least so long and is then evaluated.
        tsm: who is named for it, or None: then whoever sits as TSM.
    """

    support: str
    days: int
    open_ended: bool = False
    tsm: User | None = None


#: Returns the terms of a project, or None where nothing is decided.
TermsOf = Callable[[Project], Terms | None]
_sources: list[TermsOf] = []
_pages: list[str] = []


def register(terms_of: TermsOf, *, decide: str = "") -> None:
    """Let `terms_of` say what was decided, in `AppConfig.ready()`; `decide` names the page, of a project's code, where it is."""
    if terms_of not in _sources:
        _sources.append(terms_of)
        _pages.append(decide)


def terms_of(project: Project) -> Terms | None:
    """Return the support that was decided for a project, or None."""
    return next((found for source in _sources if (found := source(project)) is not None), None)


def decide_address(project: Project) -> str:
    """Return where the tier is decided, or the project's page where nobody said."""
    named = next((name for name in _pages if name), "")
    return reverse(named, args=[project.code]) if named else project.get_absolute_url()
