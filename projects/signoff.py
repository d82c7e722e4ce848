"""Sign-offs: who has to decide an approval step, who has, and the exact text of what they are asked to sign.

The parties are those of `projects.parties`; who sits in them is asked under the project's lock. One round runs from a
submission to the decision that ends it: decisions count in their own round only. The models ask here, so nothing here imports
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count

from accounts.models import User
from projects.board import A, Board, LiveStep
from projects.evidence import canonical, sha256, utc
from projects.parties import OPTIONAL, Party, holders, parties_of, signers
from projects.people import Person
from transitions.blockers import Blocker
from transitions.models import TransitionRecord
from transitions.step import StepStatus

if TYPE_CHECKING:
    from projects.models import Approval, Delegation, Document, Project, ProjectStep

#: The format of a statement. A change of what a statement says needs another number.
STATEMENT = "Gatehouse sign-off statement, format 1"


@dataclass(frozen=True, slots=True)
class PartyView:
    """One party of a sign-off: who may decide for it, and what was decided."""

    party: Party
    people: tuple[Person, ...]
    delegations: tuple[Delegation, ...]
    decision: Approval | None

    @property
    def label(self) -> str:
        """The party in words."""
        return str(self.party.label)

    @property
    def optional(self) -> bool:
        """Whether it may be excused."""
        return self.party in OPTIONAL

    @property
    def deciders(self) -> frozenset[int]:
        """The ids of those who may decide: who holds it, and to whom one of them passed it."""
        passed = {delegation.to_id for delegation in self.delegations if delegation.to_id}
        return frozenset({person.id for person in self.people} | passed)

    def delegated_from(self, person_id: int) -> int | None:
        """Return who passed the decision to the person, or None where they hold it themselves."""
        if any(person.id == person_id for person in self.people):
            return None
        return next(delegation.by_id for delegation in self.delegations if delegation.to_id == person_id)


@dataclass(frozen=True, slots=True)
class Deciding:
    """A decision that is being made: for whom, passed on by whom, and whether it was made elsewhere and is written down here."""

    party: Party
    delegated_from: int | None = None
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class SignOff:
    """One round of decisions on one step."""

    board: Board
    step: LiveStep
    round: int
    parties: tuple[PartyView, ...]
    decisions: tuple[Approval, ...]

    @property
    def outstanding(self) -> list[PartyView]:
        """The parties that have still to decide."""
        return [view for view in self.parties if view.decision is None]

    def own(self, person_id: int) -> list[PartyView]:
        """Return the outstanding parties for which the person may decide in their own right, or as a delegate."""
        return [view for view in self.outstanding if person_id in view.deciders]

    def held(self, person_id: int) -> list[PartyView]:
        """Return the outstanding parties that the person holds: these may be passed on, a delegate's may not."""
        return [view for view in self.outstanding if any(person.id == person_id for person in view.people)]

    def is_accountable(self, person_id: int) -> bool:
        """Return whether the person is A of the step."""
        return any(person.id == person_id for person in self.board.people(self.step, A))

    def concerns(self, person_id: int) -> bool:
        """Return whether the person may decide on this step, for whichever party, decided or not, or is its A."""
        return self.is_accountable(person_id) or any(person_id in view.deciders for view in self.parties)

    def resolve(self, move: str, by: User, party: str, note: str) -> Deciding | list[Blocker]:
        """Return for whom a decision is made, or why it cannot be.

        Whoever may decide for a party does; A of the step may record what an outside party decided elsewhere, saying how that is
        known. A rejection by A needs no party: it is A's own.

        Args:
            move: approve, reject or excuse. party: whose decision, or "" where that goes without saying. note: the reason.
        """
        if party and party not in Party.values:
            return self._refused("unknown-party", f"There is no party “{party}”.")
        if move == "excuse":
            return self._excused(by, party)
        own = self.own(by.pk)
        if not party and not own and move == "reject":
            return Deciding(Party.ACCOUNTABLE)
        views = [view for view in self.outstanding if view.party == party] if party else own or self.outstanding
        if not views:
            return self._refused("already-decided", "That has been decided already in this round.")
        if len(views) > 1 and not own:
            names = " or ".join(view.label.lower() for view in views)
            return self._refused("which-party", f"Say whose decision you record: {names}.")
        view = views[0]
        if by.pk in view.deciders:
            return Deciding(view.party, view.delegated_from(by.pk))
        if not self.is_accountable(by.pk):
            return self._refused("not-your-decision", f"That is the decision of the {view.label.lower()}, not yours.")
        if not note:
            text = f"Say how the decision of the {view.label.lower()} reached you: a letter, a mail, a meeting."
            return [Blocker("missing-note", text, subject="note")]
        return Deciding(view.party, recorded=True)

    def _excused(self, by: User, party: str) -> Deciding | list[Blocker]:
        views = [view for view in self.outstanding if view.optional and party in ("", view.party)]
        if not views:
            return self._refused("nothing-to-excuse", "Nobody who has still to decide here can be excused.")
        if len(self.outstanding) == 1 and not self.is_accountable(by.pk):
            who = ", ".join(person.name for person in self.board.people(self.step, A)) or "its accountable"
            return self._refused("last-word", f"This would close the step. That is for {who}.")
        return Deciding(views[0].party)

    def _refused(self, code: str, text: str) -> list[Blocker]:
        return [Blocker(code, text, self.board.project.step_url(self.step.path), subject="party")]


def sign_off_of(step: ProjectStep) -> SignOff:
    """Return the present round of a step's sign-off, in three queries beside the board's."""
    number = round_of(step)
    decisions = list(step.approvals.filter(round=number).select_related("by").order_by("pk"))
    delegations = list(step.delegations.filter(round=number).select_related("by", "to").order_by("pk"))
    return _sign_off(step.project.board, step.live, number, decisions, delegations)


def sign_offs_of(project: Project) -> tuple[list[SignOff], list[Approval]]:
    """Return the rounds that are under way on a project, and every decision made on it, latest first; in three queries."""
    decisions: list[Approval] = list(
        project.approvals.select_related("by", "delegated_from", "step__template").order_by("-pk")
    )
    records: Any = TransitionRecord.objects.under(project).filter(move="submit", machine="status")
    rounds = dict(records.order_by().values_list("object_id").annotate(Count("pk")))
    delegations = list(project.delegations.select_related("by", "to").order_by("pk"))
    board = project.board
    under_way = []
    for step in board.steps:
        if step.status == StepStatus.IN_REVIEW:
            number = rounds.get(step.id, 0)
            mine = [row for row in reversed(decisions) if (row.step_id, row.round) == (step.id, number)]
            passed = [row for row in delegations if (row.step_id, row.round) == (step.id, number)]
            under_way.append(_sign_off(board, step, number, mine, passed))
    return under_way, decisions


def round_of(step: ProjectStep) -> int:
    """Return the number of the step's present round: how often it was submitted."""
    return TransitionRecord.objects.of(step).filter(move="submit").count()


def _sign_off(
    board: Board, step: LiveStep, number: int, decisions: Sequence[Approval], delegations: Sequence[Delegation]
) -> SignOff:
    views = []
    latest = {(row.by_id, row.party): row for row in delegations}
    for party in parties_of(step.template.approval):
        people = tuple(holders(board, step, party))
        ids = {person.id for person in people}
        standing = tuple(
            row
            for row in latest.values()
            if row.party == party and row.by_id in ids and row.to is not None and row.to.is_active
        )
        decided = [row for row in decisions if row.party == party and row.decision != "rejected"]
        views.append(PartyView(party, people, standing, decided[-1] if decided else None))
    return SignOff(board, step, number, tuple(views), tuple(decisions))


def may_know_of(board: Board, step: LiveStep, person: User) -> bool:
    """Return whether a step may be named to the person: everybody inside knows them all, who sits outside those they have a
    letter on, or sign."""
    if not person.is_outside or board.letters_of(person.pk, step):
        return True
    return any(signer.id == person.pk for signer in signers(board.seats, step))


def reopenable(step: ProjectStep, person: User) -> list[LiveStep]:
    """Return the steps that the person may reopen by rejecting this one: done, of the project's phase, and known to them."""
    board = step.project.board
    return [
        other
        for other in board.steps
        if other.status == StepStatus.DONE
        and other.template.phase == step.project.phase
        and may_know_of(board, other, person)
    ]


# -- What is shown ----------------------------------------------------------------------------------


#: What rooms above add to what a signer is shown: plain values, or None where they have nothing to say of the step.
Shown = Callable[["ProjectStep", User], Any]
_shown: dict[str, Shown] = {}


def show_with(key: str, source: Shown) -> None:
    """Let `source` add its values under `key` to the statements of the steps that it knows of, in `AppConfig.ready()`.

    What it gives to somebody outside is read by them: nothing internal.
    """
    _shown[key] = source


@dataclass(frozen=True, slots=True)
class Statement:
    """The exact, complete text of what a signer is asked to sign."""

    values: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The canonical text, which is kept with the decision."""
        return canonical(self.values)

    @property
    def digest(self) -> str:
        """The SHA-256 of that text: a form carries it, and a decision on anything else is refused."""
        return sha256(self.text)


def statement(step: ProjectStep, viewer: User, sign_off: SignOff | None = None) -> Statement:
    """Return what `viewer` is asked to sign on `step`, as it is now.

    Who sits outside gets nothing internal: no playbook, no document that is not marked visible; and nobody gets an address.

    Args:
        sign_off: the step's present round, where it was read already.
    """
    sign_off = sign_off or sign_off_of(step)
    project, template, inside = step.project, sign_off.step.template, not viewer.is_outside
    title = sign_off.board.title(sign_off.step)
    values: dict[str, Any] = {
        "format": STATEMENT,
        "project": {"code": project.code, "name": project.name, "biller": project.biller.name},
        "step": title,
        "decision": template.approval_label,
        "round": sign_off.round,
        "asks": f"To approve, or to reject with a reason: {template.approval_label or 'approval'}, “{title}”.",
        "parties": [{"party": view.label, "optional": view.optional} for view in sign_off.parties],
        "documents": [_document(row) for row in documents_shown(step, inside=inside)],
        "decisions": [
            {
                "party": row.get_party_display(),
                "decision": row.get_decision_display(),
                "name": row.name,
                "at": utc(row.at),
            }
            for row in sign_off.decisions
        ],
    }
    if inside:
        version = sign_off.board.version_of(sign_off.step)
        values["playbook"] = {"title": version.title, "version": version.number}
    for key, source in _shown.items():
        if (more := source(step, viewer)) is not None:
            values[key] = more
    return Statement(values)


def documents_shown(step: ProjectStep, *, inside: bool) -> list[tuple[str, Document | None]]:
    """Return the documents that a step names, as (title, row), each row knowing its `current` version; one without a row yet
    is None.

    Whoever sits outside gets those that are marked visible to the customer, and no others.
    """
    slugs = document_slugs(step.live)
    rows: dict[str, Document] = {}
    if slugs:
        found = step.project.documents.filter(slug__in=slugs).prefetch_related("versions__file")
        rows = {row.slug: row for row in found}
    if inside:
        titles = {slug: outline.title for slug, outline in step.project.board.outlines.items()}
        return [(rows[slug].title if slug in rows else titles[slug], rows.get(slug)) for slug in slugs]
    return [(rows[slug].title, rows[slug]) for slug in slugs if slug in rows and rows[slug].visible_to_customer]


def document_slugs(step: LiveStep) -> list[str]:
    """Return the documents that a step names: of `discovery-page/payer-experience` the page, once."""
    return list(dict.fromkeys(path.partition("/")[0] for path in step.template.documents))


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return in words what is not in `after` as it was in `before` (values of two statements), for whoever saw the first."""
    found = []
    was, now = _by_title(before.get("documents", [])), _by_title(after.get("documents", []))
    for title in dict.fromkeys([*was, *now]):
        if was.get(title) != now.get(title):
            found.append(f"{title}: {_version_words(was.get(title))} before, {_version_words(now.get(title))} now.")
    known = before.get("decisions", [])
    found += [
        f"{row['name']} decided: {row['decision'].lower()}." for row in after.get("decisions", []) if row not in known
    ]
    more = [key.replace("_", " ") for key in _shown if before.get(key) != after.get(key)]
    found += [f"What is shown of the {words} is not what it was." for words in more]
    return found or ["What is asked changed."]


def _by_title(documents: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {document["title"]: document for document in documents}


def _version_words(document: Mapping[str, Any] | None) -> str:
    if document is None:
        return "not shown"
    return f"version {document['version']}" if document["version"] else "no version"


def _document(shown: tuple[str, Document | None]) -> dict[str, Any]:
    title, row = shown
    version = row.current if row else None
    if version is None:
        return {"title": title, "version": None}
    return {
        "title": title,
        "version": version.number,
        "label": version.label,
        **({"file": version.file.name} if version.file else {}),
        "link": version.address,
        "sha256": version.sha256,
    }
