"""The summary's part of the demo: half filled while a project is in Release, filled and accepted when it leaves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from accounts.models import User
from handoff.summary.completeness import completeness
from handoff.summary.filling import accept_summary, set_field, take_known
from handoff.summary.mark import PLAYBOOK
from projects.models import Project
from transitions.phase import Phase

_REVIEWED = "Looked through with the TSM before go-live."
TEXTS: Mapping[str, str] = {
    "general-comment": "The biller’s staff read balances on their own screen first; ours follows within five minutes.",
    "invoice-types": "Regular bill\nFinal bill\nMiscellaneous charge",
    "invoices": "Nightly file of new and corrected bills at 02:00; a corrected bill replaces the one before it.",
    "payments": "Posted back in real time, and once more in the nightly file for what was not answered.",
    "adjustments": "Credits and late fees come with the balance file; a write-off closes the bill.",
    "daily-balance-file": "Fetched at 05:00; when it does not come, yesterday’s balances stand and the biller is written to.",
    "rejects": "Returned payments are posted as negative payments on the next working day, with the bank’s reason.",
}
SKIPPED: Mapping[str, str] = {
    "videos": "None was recorded; the sessions are in the project notes.",
    "bif-customizations": "The standard interface file is used.",
    "change-logs": "Changes of accounts come with the balance file.",
    "conveyance": "Accounts do not change hands at this biller.",
    "ivr": "Payers do not pay by telephone.",
}
#: What is left where the project knows nothing: a link to where files of projects lie.
ELSEWHERE = "https://files.example.com/implementations/{code}/{key}"


def chapter(project: Project, phase: str, people: Mapping[str, User], now: dt.datetime, leaving: bool) -> None:
    """Fill the summary of a project in Release: what the project knows and some of the rest; before it leaves, all of it."""
    if phase != Phase.RELEASE or all(version.playbook != PLAYBOOK for version in project.board.versions):
        return
    by = people["IM"] if project.board.manages(people["IM"].pk) else people["Adele"]
    _write(project, by, now, texts=len(TEXTS) if leaving else 3, skipped=len(SKIPPED) if leaving else 2)
    take_known(project, by=by, now=now)
    if not leaving:
        return
    for section in completeness(project).gaps:
        for field in section.gaps:
            value = ELSEWHERE.format(code=project.code.lower(), key=field.key)
            set_field(project, field.key, value=value, revision=0, by=by, now=now)
    accept_summary(project, digest=completeness(project).digest, note=_REVIEWED, by=people["CSM"], now=now)


def _write(project: Project, by: User, now: dt.datetime, *, texts: int, skipped: int) -> None:
    for key, value in list(TEXTS.items())[:texts]:
        set_field(project, key, value=value, revision=0, by=by, now=now)
    for key, reason in list(SKIPPED.items())[:skipped]:
        set_field(project, key, not_applicable=True, reason=reason, revision=0, by=by, now=now)
