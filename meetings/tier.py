"""How many TSM meetings a project has before its go-live: the tier says it, and a room above knows the tier.

Until that room is there, whoever plans the meetings says the number, with the table of domain.md beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from projects.models import Project

#: What a project may have (domain.md, Transition to Client Services, Tier).
COUNTS = (0, 1, 2, 4)
#: The table: integration, monthly recurring revenue in US dollars, support, meetings before go-live.
TABLE: Sequence[tuple[str, str, str, int]] = (
    ("new", "0 to under 5,000", "Transition Success", 1),
    ("new", "5,000 to under 20,000", "Transition Success", 2),
    ("new", "20,000 and over", "Transition Success", 4),
    ("existing", "under 3,000", "Client Services Help Desk", 0),
    ("existing", "3,000 to under 5,000", "Transition Success Light", 1),
    ("existing", "5,000 to under 20,000", "Transition Success", 2),
    ("existing", "20,000 and over", "Transition Success", 4),
)

CountOf = Callable[[Project], int | None]
_counts: list[CountOf] = []


def register(count_of: CountOf) -> None:
    """Let `count_of` say how many meetings a project's tier asks for (None: not decided), in `AppConfig.ready()`."""
    if count_of not in _counts:
        _counts.append(count_of)


def count_for(project: Project) -> int | None:
    """Return how many TSM meetings the project's tier asks for; None where nobody says so."""
    return next((count for count_of in _counts if (count := count_of(project)) is not None), None)
