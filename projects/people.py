"""A person as a page shows them: enough for a name and a round mark, without loading an account."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a seat, or responsible for something."""

    id: int
    name: str

    @property
    def initials(self) -> str:
        """Two letters, as `accounts.User.initials`."""
        words = self.name.split()
        if not words:
            return "?"
        return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


def person(person_id: int | None, name: str | None) -> Person | None:
    """Return a Person, or None where there is nobody."""
    return None if person_id is None else Person(person_id, name or "")
