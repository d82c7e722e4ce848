"""What is wrong, or open, in a playbook, in sentences for the admin who can mend or confirm it. Pure: no database.

Which findings refuse publication and which are only confirmed is design.md, "Playbook as code".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from playbook.data import DocumentData, PlaybookData, StepData
from playbook.order import circle_words, circles
from playbook.vocabulary import ApprovalKind, SignsAs
from raci.health import Severity, check
from transitions.blockers import Blocker
from transitions.phase import PHASE_ORDER, Phase


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend (`error`) or to confirm (`warning`). A finding on the whole playbook has no step and no number."""

    step: str
    number: int | None
    code: str
    text: str
    severity: Severity
    #: Which of several of its code on its step it is, from 1 on.
    nth: int = 1

    @property
    def id(self) -> str:
        """What a person confirms, one by one: `step:code`, with `:2` and so on where a step has several of a code."""
        return f"{self.step}:{self.code}{f':{self.nth}' if self.nth > 1 else ''}"

    @property
    def is_error(self) -> bool:
        """Whether it refuses publication, whatever anybody confirms."""
        return self.severity == "error"

    def as_dict(self) -> dict[str, str | int | None]:
        """Return the keys of `lint_playbook --format json`."""
        return {
            "step": self.step,
            "number": self.number,
            "code": self.code,
            "text": self.text,
            "severity": self.severity,
        }


def lint(data: PlaybookData) -> list[Finding]:
    """Return the findings of a playbook: those on the whole of it first, then step by step.

    Source: design.md, "Playbook as code"; domain.md, "Steps" (the known holes) and the rule for a healthy step.
    """
    listed = frozenset(role.code for role in data.roles)
    steps = {step.key: step for step in data.steps}
    circle_at = {circle[0]: circle for circle in circles({step.key: step.needs for step in data.steps})}
    documents = {document.slug: document for document in data.documents}
    keys, numbers = Counter(step.key for step in data.steps), Counter(step.number for step in data.steps)
    findings = list(_of_the_whole(data))
    for step in sorted(data.steps, key=lambda step: step.number):
        findings += (
            Finding(step.key, step.number, code, text, severity)
            for code, text, severity in (
                *_twice(step, keys, numbers),
                *(
                    (found.code, found.text, found.severity)
                    for found in check(step.raci, listed=listed, derived=step.derived)
                ),
                *_needs(step, steps),
                *_documents(step, documents),
                *_circle(circle_at.pop(step.key, None)),
                *_questions(step.open_questions),
            )
        )
    return list(_numbered(findings))


def _numbered(findings: Sequence[Finding]) -> Iterator[Finding]:
    seen: Counter[tuple[str, str]] = Counter()
    for finding in findings:
        seen[finding.step, finding.code] += 1
        yield replace(finding, nth=seen[finding.step, finding.code])


def publish_blockers(findings: Sequence[Finding], *, confirmed: Collection[str], link: str = "") -> list[Blocker]:
    """Return what stands in the way of publishing: every error, and every warning that nobody has confirmed.

    Args:
        findings: what `lint` found.
        confirmed: the ids (`Finding.id`) of the warnings that the person accepts. Errors cannot be confirmed.
        link: where the playbook is mended.
    """
    blockers = [
        Blocker(finding.code, _placed(finding), link, subject=finding.step) for finding in findings if finding.is_error
    ]
    unconfirmed = {finding.id: finding for finding in findings if not finding.is_error and finding.id not in confirmed}
    for finding_id, finding in unconfirmed.items():
        text = f"Not confirmed: {_placed(finding)}"
        blockers.append(Blocker("unconfirmed-warning", text, link, subject=finding_id))
    return blockers


def warning_ids(findings: Sequence[Finding]) -> list[str]:
    """Return the ids of the warnings, once each, in their order: what a person has to confirm."""
    return list(dict.fromkeys(finding.id for finding in findings if not finding.is_error))


#: A finding's code, text and severity, before it is known on which step it is.
Row = tuple[str, str, Severity]


def _twice(step: StepData, keys: Counter[str], numbers: Counter[int]) -> Iterator[Row]:
    if keys[step.key] > 1:
        yield "duplicate-key", f"{keys[step.key]} steps have the key {step.key}; a key names one step.", "error"
    if numbers[step.number] > 1:
        yield "duplicate-number", f"{numbers[step.number]} steps have the number {step.number}.", "error"


def _of_the_whole(data: PlaybookData) -> Iterator[Finding]:
    for code, count in Counter(role.code for role in data.roles).items():
        if count > 1:
            yield Finding(
                "", None, "duplicate-role", f"{count} roles have the code {code}; a code names one role.", "error"
            )
    yield from _documents_twice(data.documents)
    final = [step for step in data.steps if step.approval == ApprovalKind.FINAL_SIGN_OFF]
    if final and not any(role.signs_as == SignsAs.BILLER for role in data.roles):
        text = (
            "asks for the biller's decision, and no role signs as the biller: whoever is accountable has to record it."
        )
        yield Finding("", None, "nobody-signs", f"“{final[0].title}” {text}", "warning")
    if not data.steps:
        yield Finding("", None, "no-steps", "The playbook has no step.", "error")
    for code, text, severity in _questions(data.open_questions):
        yield Finding("", None, code, text, severity)


def _questions(questions: Sequence[str]) -> Iterator[Row]:
    for question in questions:
        yield "open-question", question, "warning"


def _needs(step: StepData, steps: dict[str, StepData]) -> Iterator[Row]:
    for key in step.needs:
        needed = steps.get(key)
        if needed is None:
            yield "needs-unknown", f"It needs {key}, and there is no such step.", "error"
        elif PHASE_ORDER[needed.phase] > PHASE_ORDER[step.phase]:
            later, here = Phase(needed.phase).label, Phase(step.phase).label
            yield "needs-later-phase", f"It needs {key}, which comes later: in {later}, not {here}.", "error"


def _documents(step: StepData, listed: dict[str, DocumentData]) -> Iterator[Row]:
    for path in step.documents:
        slug, _, section = path.partition("/")
        document = listed.get(slug)
        if document is None:
            text = f"It names {path}, which is not among the playbook's documents: nothing holds it to be written."
            yield "document-unlisted", text, "warning"
        elif section and section not in {one.slug for one in document.sections}:
            yield "section-unlisted", f"It names {path}, and “{document.title}” lists no such section.", "warning"


def _documents_twice(documents: Sequence[DocumentData]) -> Iterator[Finding]:
    for slug, count in Counter(document.slug for document in documents).items():
        if count > 1:
            text = f"{count} documents have the slug {slug}; a slug names one document."
            yield Finding("", None, "duplicate-document", text, "error")
    for document in documents:
        for slug, count in Counter(section.slug for section in document.sections).items():
            if count > 1:
                text = f"{count} sections of “{document.title}” have the slug {slug}; a slug names one section."
                yield Finding("", None, "duplicate-section", text, "error")


def _circle(circle: Sequence[str] | None) -> Iterator[Row]:
    if circle:
        yield "needs-cycle", f"These steps wait for one another for ever: {circle_words(circle)}.", "error"


def _placed(finding: Finding) -> str:
    return f"Step {finding.number} ({finding.step}): {finding.text}" if finding.step else finding.text
