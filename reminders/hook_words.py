"""What a channel is told of an event: words that speak to nobody in particular, and the shape that Slack or Teams wants.

A notice speaks to its reader (“You decide it for …”); a channel has many. No text of a notice carries what somebody wrote
(projects.inbox), and people outside are never told through one, so nothing of theirs is in it either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from projects.models import Notice
from projects.notice_kinds import NoticeKind
from reminders.models import Hook

#: What is said where the notice's own words speak to one person; `{step}` is its step, or the project.
WORDS: Mapping[NoticeKind, str] = {
    NoticeKind.APPROVAL_ASKED: "A decision is asked: {step}.",
    NoticeKind.COMMENT_ASKED: "Comments are asked: {step}.",
    NoticeKind.SEAT_GIVEN: "Seats were filled: {step}.",
    NoticeKind.DELEGATED: "A decision was passed on: {step}.",
    NoticeKind.MENTIONED: "People were mentioned in the talk: {step}.",
    NoticeKind.OWNED: "Something was given to an owner: {step}.",
    NoticeKind.RUN_ASKED: "Testing is asked: {step}.",
    NoticeKind.DUE_SOON: "Due soon: {step}.",
    NoticeKind.OVERDUE: "Overdue: {step}.",
    NoticeKind.YOUR_TURN: "Can begin: {step}.",
    NoticeKind.WAITING_CUSTOMER: "Waiting on the customer: {step}.",
    NoticeKind.ACTION_GIVEN: "A meeting gave out an action: {step}.",
}
YOU = re.compile(r"\byou(r|rs)?\b", re.IGNORECASE)
LONGEST = 300


def words_of(notice: Notice) -> str:
    """Return what a channel is told, at most 300 characters; `notice.project` and `.step` are read already."""
    where = notice.project.name if notice.project else ""
    if notice.kind in WORDS or YOU.search(notice.text):
        thing = f"“{notice.step}”" if notice.step else where or "see the link"
        plain = "{label}: {step}."
        label = NoticeKind(notice.kind).label.replace("to you", "").strip()
        text = WORDS.get(NoticeKind(notice.kind), plain).format(step=thing, label=label)
    else:
        text = notice.text
    if where and where not in text:
        text = f"{where}: {text}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"


def payload(kind: str, text: str, address: str) -> bytes:
    """Return the body of a post. `address`: absolute, of what it is about; empty where there is nothing to open."""
    shape = _slack(text, address) if kind == Hook.Kind.SLACK else _teams(text, address)
    return json.dumps(shape, ensure_ascii=False).encode()


def _slack(text: str, address: str) -> dict[str, object]:
    """Slack's incoming webhook: only `&`, `<` and `>` mean something in its text, so that nobody is called by it."""
    said = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    link = address.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
    return {"text": f"{said} <{link}|Open>" if address else said, "unfurl_links": False}


def _teams(text: str, address: str) -> dict[str, object]:
    """A workflow of Teams takes an Adaptive Card; a rich text block knows no Markdown, so that a text can mean nothing else."""
    card: dict[str, object] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
        "body": [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text}]}],
    }  # fmt: skip
    if address:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": address}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}
