"""What the words of a page mean: phases, to whom a step applies, decisions, days, sides. Pure tables and small readers.

Source: domain.md, "Phases", "Steps" and "Time"; the cells of the five pages in `shared/sources`.
"""

from __future__ import annotations

import re

from playbook.importing.columns import fold
from playbook.vocabulary import LONGEST_DURATION, Applies, ApprovalKind, SignsAs
from transitions.phase import Phase

#: UAT is no phase: it is a milestone inside Release. Go-live is the way out of Release.
_PHASES: dict[str, tuple[str, ...]] = {
    Phase.DISCOVERY: ("discovery", "discover", "requirements", "requirements gathering", "analysis"),
    Phase.DESIGN: ("design", "solution design", "designing"),
    Phase.DEVELOPMENT: ("development", "develop", "build", "coding", "dev"),
    Phase.SIT: (
        *("sit", "testing", "test", "system integration testing", "system integration test", "integration testing"),
        *("sit testing", "system testing"),
    ),
    Phase.FINALIZE: (
        *("finalize", "finalise", "finalize design", "finalise design", "design finalization", "finalization"),
        "final design",
    ),
    Phase.RELEASE: ("release", "integration release", "uat", "user acceptance testing", "go live", "golive", "launch"),
    Phase.POST_LIVE: (
        *("post live", "post golive", "post go live", "postlive", "post launch", "after go live", "post release"),
        "add on post live",
    ),
}
_PHASE_OF: dict[str, str] = {name: phase.value for phase, names in _PHASES.items() for name in names}  # type: ignore[attr-defined]
_PHASE_OF |= {fold(word): phase.value for phase in Phase for word in (phase.value, phase.label)}

_ALWAYS = {"yes", "y", "required", "mandatory", "always", "true", "x", "✓", "all"}
_IF_APPLICABLE = {"if applicable", "optional", "no", "n", "as needed", "if needed", "conditional", "when applicable"}
_PARTNER_ONLY = re.compile(r"\bonly appl(?:ies|icable) (?:to|for) partner|\bpartner integrations? only\b", re.I)
_PHASED_ONLY = re.compile(r"\bonly appl(?:ies|icable) (?:to|for) phased|\bphased go-lives? only\b", re.I)
_MAY_NOT_APPLY = re.compile(r"\((?:only )?(?:if|where|when) applicable\)|^if applicable[,:]", re.I | re.M)

_APPROVALS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^business design review$", re.I), ApprovalKind.BUSINESS_DESIGN_REVIEW.value),
    (re.compile(r"^(?:\w+ )?technical design review$", re.I), ApprovalKind.TECHNICAL_DESIGN_REVIEW.value),
    (re.compile(r"^(?:biller|partner|customer)\b.*design review$", re.I), ApprovalKind.CUSTOMER_DESIGN_REVIEW.value),
    (re.compile(r"^sit verification$", re.I), ApprovalKind.SIT_VERIFICATION.value),
    (re.compile(r"^(?:sa|(?:solution )?architect) review\b", re.I), ApprovalKind.ARCHITECT_REVIEW.value),
    (re.compile(r"\bfinal\b.*\bsign[- ]?off\b", re.I), ApprovalKind.FINAL_SIGN_OFF.value),
)
_DAYS = re.compile(r"(?:about |approx\.? |~)?(\d{1,3})(?:\s*(?:-|–|to)\s*(\d{1,3}))?\s*([a-z ]*)", re.I)


def phase_of(text: str) -> str | None:
    """Return the phase that a cell names, by meaning ("Testing" is SIT), or None for another word."""
    if len(text) > 60:
        return None
    said = fold(text)
    bare = fold(re.sub(r"\(.*?\)", " ", text))
    for candidate in (
        said,
        bare,
        *(re.sub(r"^(?:(?:sub )?phase|p)? ?\d{1,2} | (?:sub )?phase$", "", one) for one in (said, bare)),
    ):
        if candidate in _PHASE_OF:
            return _PHASE_OF[candidate]
    return None


def phase_within(text: str) -> str | None:
    """Return the one phase that a longer text is about (a page's title: "P5 - Add on Post Live"), if it is one."""
    words = f" {fold(text)} "
    if re.search(r" post (?:go )?live ", words):
        return Phase.POST_LIVE.value
    return None


def required_means(cell: str) -> str | None:
    """Return to whom a step applies by a cell under "Required?", or None where the word says nothing we know."""
    said = fold(cell)
    if cell.strip() in Applies.values or said.replace(" ", "_") in Applies.values:
        return cell.strip() if cell.strip() in Applies.values else said.replace(" ", "_")
    if said in _ALWAYS:
        return Applies.ALWAYS.value
    if said in _IF_APPLICABLE or "if applicable" in said:
        return Applies.IF_APPLICABLE.value
    return next((kind.value for kind in Applies if fold(kind.label) == said), None)


def applies_by(title: str, guidance: str) -> str | None:
    """Return to whom a step applies by what its texts say, or None where they are silent (domain.md, "Steps")."""
    if _PARTNER_ONLY.search(guidance) or _PARTNER_ONLY.search(title):
        return Applies.PARTNER_ONLY.value
    if _PHASED_ONLY.search(guidance):
        return Applies.PHASED_ONLY.value
    if _MAY_NOT_APPLY.search(title) or _MAY_NOT_APPLY.search(guidance):
        return Applies.IF_APPLICABLE.value
    return None


def approval_by(title: str) -> str:
    """Return the decision that a step of this title ends in, or an empty text (domain.md, "Approvals")."""
    return next((kind for pattern, kind in _APPROVALS if pattern.search(title.strip())), "")


def approval_named(cell: str) -> str | None:
    """Return the decision that a cell names; an empty text for none, None for a word that we do not know."""
    said = fold(cell)
    if said in ("", "no", "none", "n a"):
        return ""
    return next((kind.value for kind in ApprovalKind if said in (fold(kind.value), fold(kind.label))), None)


def days_of(cell: str) -> int | None:
    """Return working days: `10`, `10 days`, `4-6 weeks` (the upper end). None for anything else."""
    found = _DAYS.fullmatch(cell.strip())
    if not found:
        return None
    unit = found[3].strip().casefold()
    each = 5 if unit.startswith(("week", "wk")) else 1
    if each == 1 and unit and not re.fullmatch(r"(?:(?:working|business|work) )?(?:days?|d|bd)", unit):
        return None
    days = int(found[2] or found[1]) * each
    return days if days <= LONGEST_DURATION else None


def side_of(team: str, name: str) -> str:
    """Return whose a role is, by its team: a customer's, a partner's or our own."""
    said = f" {fold(team)} "
    if re.search(r" (?:customer|client|biller|payer) (?!s(?:ervices|uccess))(?!services|success)", said):
        return "customer"
    if re.search(r" (?:partner|vendor) ", said):
        return "partner"
    if not team and fold(name) in ("biller", "customer", "client", "core system", "customer information system"):
        return "customer"
    return "internal"


def runs_the_project(name: str) -> bool:
    """Whether a role of this name moves the project: the project manager and the implementation manager (domain.md)."""
    return re.fullmatch(r"(?:project|implementations?) manager", fold(name)) is not None


def signs_as(name: str, side: str) -> str:
    """Return whose word a role gives on a sign-off, by its name."""
    if side != "customer":
        return ""
    said = fold(name)
    if said in ("biller", "customer", "client"):
        return SignsAs.BILLER.value
    if said in ("core system", "customer information system", "cis"):
        return SignsAs.CORE_SYSTEM.value
    return ""
