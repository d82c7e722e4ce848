"""Headings recognised by meaning: which column of a table says what, and what the table is about.

Source: the heading rows of the five pages in `shared/sources`, and issue 7 ("Column names are recognised by meaning").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from playbook.importing.raw import TableKind

#: Of steps: what a heading may be called, folded by `fold`. The first name is the one that we write ourselves.
STEP_COLUMNS: dict[str, tuple[str, ...]] = {
    "number": ("number", "no", "nr", "#", "step number", "step no", "id"),
    "key": ("key", "step key"),
    "phase": ("phase", "sub phase", "subphase", "stage", "project phase"),
    "category": ("category", "area", "group", "workstream"),
    "title": ("step", "task", "title", "step title", "task name", "activity", "steps", "tasks", "action"),
    "guidance": ("description", "guidance", "notes", "details", "description notes", "instructions", "comments"),
    "raci": ("r a c i", "raci", "r a c i source", "raci source", "owner", "owners", "task owner", "task owners"),
    "r": ("r", "responsible"),
    "a": ("a", "accountable"),
    "c": ("c", "consulted"),
    "i": ("i", "informed"),
    "required": ("required", "mandatory", "applicability", "optional required"),
    "applies": ("applies",),
    "derived": ("derived",),
    "approval": ("approval", "decision", "sign off", "review"),
    "duration": ("duration", "duration days", "days", "working days", "duration in working days"),
    "needs": ("needs", "predecessor", "predecessors", "depends on", "dependencies", "after"),
    "documents": ("documents", "document", "deliverable", "deliverables", "artifact", "artifacts"),
    "meeting": ("meeting",),
    "questions": ("open questions", "questions"),
    "source": ("source",),
}
ROLE_COLUMNS: dict[str, tuple[str, ...]] = {
    "code": ("code", "role code", "abbreviation", "short"),
    "name": ("name", "role", "role name", "title"),
    "team": ("team", "department", "organisation", "organization"),
    "side": ("side",),
    "manages": ("manages", "runs the project"),
    "signs_as": ("signs as",),
}
CHANGE_COLUMNS: dict[str, tuple[str, ...]] = {
    "date": ("date", "changed on"),
    "author": ("author", "changed by", "by", "who"),
    "version": ("version", "revision"),
    "note": ("note", "description", "change", "change details", "changes made", "changes", "details"),
}
DOCUMENT_COLUMNS: dict[str, tuple[str, ...]] = {
    "slug": ("slug",),
    "title": ("title", "document", "name"),
    "mandatory": ("mandatory",),
    "live": ("live",),
    "section": ("section",),
    "section_title": ("section title",),
    "section_mandatory": ("section mandatory",),
}
PLAYBOOK_COLUMNS: dict[str, tuple[str, ...]] = {"field": ("field",), "value": ("value",)}


def fold(heading: str) -> str:
    """Return a heading as it is looked up, in one case and without marks: `R / A / C / I` is `r a c i`."""
    plain = unicodedata.normalize("NFKC", heading).casefold()
    if plain.strip() == "#":
        return "#"
    return " ".join(re.sub(r"[^\w]+|_", " ", plain).split())


def columns_of(headings: Sequence[str], known: dict[str, tuple[str, ...]]) -> dict[int, str]:
    """Return which place of a heading row is which column; a column is found once, at its best name, then leftmost."""
    folded = [fold(heading) for heading in headings]
    places: dict[int, str] = {}
    for column, names in known.items():
        found = ((names.index(name), place) for place, name in enumerate(folded) if name in names)
        best = min((pair for pair in found if pair[1] not in places), default=None)
        if best is not None:
            places[best[1]] = column
    return places


def kind_of(headings: Sequence[str]) -> TableKind | None:
    """Return what a table with these headings is about, or None for a table of another kind."""
    if {"field", "value"} <= {fold(heading) for heading in headings}:
        return "playbook"
    # Before steps, which have a title and may be mandatory as well, but no slug.
    if {"slug", "title"} <= set(columns_of(headings, DOCUMENT_COLUMNS).values()):
        return "documents"
    steps = set(columns_of(headings, STEP_COLUMNS).values())
    who = steps & {"raci", "r", "a", "c", "i"}
    if "title" in steps and (who or steps & {"guidance", "phase", "required", "number"}):
        return "steps"
    changes = set(columns_of(headings, CHANGE_COLUMNS).values())
    if {"date", "version"} <= changes or {"version", "author"} <= changes:
        return "changes"
    roles = set(columns_of(headings, ROLE_COLUMNS).values())
    if "name" in roles and roles & {"team", "code"}:
        return "roles"
    return None
