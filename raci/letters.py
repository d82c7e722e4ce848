"""The four letters, and who holds them on one step.

Plain values: no database, no roles table. A role code means something only inside its own playbook
(domain.md, "A role code belongs to its playbook"), so nothing here knows any code by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import models


class Letter(models.TextChoices):
    """What a role does on a step, in the order in which every screen and export writes it."""

    RESPONSIBLE = "R", "Responsible"
    ACCOUNTABLE = "A", "Accountable"
    CONSULTED = "C", "Consulted"
    INFORMED = "I", "Informed"


# Plain strings rather than members: they go into YAML and JSON, where an enum would need a representer.
LETTERS: tuple[str, ...] = tuple(letter.value for letter in Letter)


@dataclass(frozen=True)
class Raci:
    """The role codes under each letter of one step, in the order in which they were written.

    Args:
        R: codes of the responsible roles.
        A: codes of the accountable roles; a healthy step has exactly one (`raci.health`).
        C: codes of the consulted roles.
        I: codes of the informed roles.

    Raises:
        ValueError: a code stands twice under one letter.
    """

    R: tuple[str, ...] = ()
    A: tuple[str, ...] = ()
    C: tuple[str, ...] = ()
    I: tuple[str, ...] = ()  # noqa: E741 (the fourth letter is called I)

    def __post_init__(self) -> None:
        for letter in LETTERS:
            codes = self.under(letter)
            if len(set(codes)) != len(codes):
                raise ValueError(f"a role is named twice under {letter}: {', '.join(codes)}")

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Raci:
        """Read the mapping that fixtures and exports hold (design.md, "Playbook as code").

        Args:
            data: letter to list of role codes. A letter left out has nobody.

        Raises:
            ValueError: a key is no letter, a value is no list of codes, or a code stands twice
                under one letter.
        """
        strangers = [key for key in data if key not in LETTERS]
        if strangers:
            raise ValueError(f"not a letter of R, A, C, I: {', '.join(map(repr, strangers))}")
        return cls(**{letter: _codes(letter, codes) for letter, codes in data.items()})

    def as_dict(self) -> dict[str, list[str]]:
        """Return all four letters with their role codes, an empty list where nobody."""
        return {letter: list(self.under(letter)) for letter in LETTERS}

    def under(self, letter: str) -> tuple[str, ...]:
        """Return the codes that hold a letter.

        Args:
            letter: one of R, A, C, I (a `Letter` will do).

        Raises:
            KeyError: it is none of the four.
        """
        return {"R": self.R, "A": self.A, "C": self.C, "I": self.I}[letter]

    def letters_of(self, code: str) -> tuple[str, ...]:
        """Return the letters that a role holds, in the order R, A, C, I; empty when it has none."""
        return tuple(letter for letter in LETTERS if code in self.under(letter))

    def codes(self) -> tuple[str, ...]:
        """Return every role code named, once each, in the order of first mention."""
        return tuple(dict.fromkeys(code for letter in LETTERS for code in self.under(letter)))

    @property
    def is_empty(self) -> bool:
        """Say whether nobody holds any letter (Integration 22 and 46 in the source)."""
        return not self.codes()


def _codes(letter: str, value: object) -> tuple[str, ...]:
    # A bare string is a sequence of one-letter strings too: `R: SE` would become the roles S and E.
    if not isinstance(value, list | tuple) or not all(isinstance(code, str) for code in value):
        raise ValueError(f"{letter} wants a list of role codes, not {value!r}")
    return tuple(value)
