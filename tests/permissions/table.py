"""The table of who may do what, in the layout of `expected.txt`, and what of the site it has to cover.

A line is `name  method  object  answers…`, one answer for each person of PEOPLE, in that order. `object` is the row that
the address speaks of: `own` (a project on which the usual people sit), `foreign` (one on which none of them sits), `crossed`
(an own project with a part of the foreign one), `absent` (there is none), or `-` where the address speaks of no row.
`other` stands for PUT, PATCH and DELETE.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

HERE = Path(__file__).resolve().parent
#: `nobody` is not signed in.
PEOPLE = ("nobody", "priya", "ivan", "sofia", "arun", "ingrid", "tess", "cora", "dele", "adele", "bo", "pat", "mallory")
METHODS = ("GET", "POST", "other")
OTHERS = ("PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Address:
    """One pattern of the site map: its name (or, without one, its route) and the names of its parts."""

    name: str
    route: str
    parts: tuple[str, ...]


def addresses() -> list[Address]:
    """Return every address of the site, in the order of its map."""
    return list(_walk(get_resolver().url_patterns, "", ""))


def _walk(patterns: Any, route: str, namespace: str) -> Iterator[Address]:
    for pattern in patterns:
        full = route + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            name = f"{namespace}{pattern.name}" if pattern.name else full
            yield Address(name, full, tuple(pattern.pattern.converters))
        elif isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, full, inner)


Key = tuple[str, str, str]


def read(path: Path) -> dict[Key, tuple[str, ...]]:
    """Return the answers of a table file by (name, method, object)."""
    found: dict[Key, tuple[str, ...]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, method, of, *answers = line.split()
        if len(answers) != len(PEOPLE):
            raise ValueError(f"{path.name}: {name} {method} {of} has {len(answers)} answers for {len(PEOPLE)} people")
        if (name, method, of) in found:
            raise ValueError(f"{path.name}: {name} {method} {of} stands there twice")
        found[name, method, of] = tuple(answers)
    return found


def write(path: Path, rows: dict[Key, tuple[str, ...]], head: str) -> None:
    """Write a table file. What it says is to be read line by line before it is believed."""
    width = max(len(name) for name, _, _ in rows) + 2
    lines = [f"# {line}".rstrip() for line in head.splitlines()]
    title = f"{'# address':<{width}}{'method':<8}{'object':<9}" + " ".join(f"{person:<7}" for person in PEOPLE)
    last = ""
    lines += ["", title.rstrip()]
    for (name, method, of), answers in rows.items():
        if name != last:
            lines.append("")
        last = name
        lines.append(f"{name:<{width}}{method:<8}{of:<9}" + " ".join(f"{answer:<7}" for answer in answers).rstrip())
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
