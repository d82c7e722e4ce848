"""What is known of each kind of notice: how it is heard unless its person says otherwise, and in which order a mail says it."""

from __future__ import annotations

from collections.abc import Mapping

from projects.notice_kinds import NoticeKind, Route

K = NoticeKind

#: Heard at once: somebody waits for an answer, or a meeting is not where it was. Everything else comes once a day.
AT_ONCE = frozenset(
    {
        K.APPROVAL_ASKED, K.DELEGATED, K.MENTIONED, K.OWNED, K.RUN_ASKED, K.COMMENT_ASKED, K.MEETING_CHANGED, K.ACTION_GIVEN,
        K.ANOMALY,
    }
)  # fmt: skip
DEFAULTS: Mapping[NoticeKind, Route] = {kind: Route.NOW if kind in AT_ONCE else Route.DIGEST for kind in K}

#: Kinds of which the rooms below send a mail themselves, with the act: the delivery sends none beside it. What the sweep reminds
#: of again is no such act: its occasion begins with AGAIN.
HAVE_THEIR_OWN_MAIL = frozenset({K.APPROVAL_ASKED, K.DELEGATED, K.RUN_ASKED})
AGAIN = "again:"

#: The order within a mail, and with which words its kinds are counted: one, several.
COUNTED: Mapping[NoticeKind, tuple[str, str]] = {
    K.OVERDUE: ("overdue", "overdue"),
    K.APPROVAL_ASKED: ("decision asked", "decisions asked"),
    K.DELEGATED: ("decision passed on", "decisions passed on"),
    K.COMMENT_ASKED: ("comment asked", "comments asked"),
    K.RUN_ASKED: ("run to test", "runs to test"),
    K.ANOMALY: ("anomaly", "anomalies"),
    K.PRESENTATION_MISSING: ("presentation missing", "presentations missing"),
    K.SUMMARY_INCOMPLETE: ("summary incomplete", "summaries incomplete"),
    K.SUMMARY_REOPENED: ("summary reopened", "summaries reopened"),
    K.WAITING_CUSTOMER: ("waiting on customer", "waiting on customers"),
    K.YOUR_TURN: ("yours now", "yours now"),
    K.DUE_SOON: ("due soon", "due soon"),
    K.MEETING_SOON: ("meeting", "meetings"),
    K.MEETING_CHANGED: ("meeting changed", "meetings changed"),
    K.AGENDA_CLOSES: ("agenda closes", "agendas close"),
    K.ACTION_GIVEN: ("action", "actions"),
    K.OWNED: ("given to you", "given to you"),
    K.MENTIONED: ("mention", "mentions"),
    K.SEAT_EMPTY: ("seat empty", "seats empty"),
    K.TIER_UNDECIDED: ("tier undecided", "tiers undecided"),
    K.SUPPORT_EVALUATION: ("support to evaluate", "supports to evaluate"),
    K.SUPPORT_ENDING: ("support ends", "supports end"),
    K.SEAT_GIVEN: ("seat given", "seats given"),
    K.DECIDED: ("decided", "decided"),
    K.STEP_DONE: ("step done", "steps done"),
}
RANKS: Mapping[str, int] = {kind.value: place for place, kind in enumerate(COUNTED)}


def sends_itself(kind: str, occasion: str) -> bool:
    """Return whether a notice came with a mail of its own."""
    return kind in HAVE_THEIR_OWN_MAIL and not occasion.startswith(AGAIN)
