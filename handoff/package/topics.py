"""What each topic of a package says: rows of the project, read and put into words. Queries: a few for each topic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from handoff.package.contents import Attached, Section
from meetings.models import MeetingAction, MeetingDecision, Occurrence
from projects.board import A, R
from projects.models import Approval, Document, Project, StatusUpdate, Waiver
from projects.models.decision import Signed
from records.models import Comment, RaidItem
from records.raid_sheet import as_sheet
from transitions.clock import business_day
from transitions.meeting import ActionState, OccurrenceState
from transitions.phase import Phase
from transitions.step import StepStatus
from workbook.models import Defect, Run, RunSignOff
from workbook.outcomes import outcome_counts
from workbook.results_sheet import DEFECTS, RESULTS, defect_rows, result_rows
from workbook.vocabulary import Kind, Outcome

#: The documents that are the scope plan: by the Integration playbook, and as the Integration Summary calls it.
SCOPE_PLANS = ("solution-design-document", "scope-plan")
Read = tuple[Sequence[Section], Sequence[Attached]]


def project_facts(project: Project, now: dt.datetime) -> Read:
    """What the project is, and how far it has come."""
    manager = project.board.manager()
    facts: list[tuple[str, object]] = [
        ("Project", f"{project.name} ({project.code})"), ("Biller", project.biller.name),
        ("Vertical", project.biller.get_vertical_display()), ("Kind", project.get_integration_kind_display()),
        ("Core system", project.core_system.name if project.core_system else "None named"),
        ("Playbooks", ", ".join(version.label for version in project.board.versions)),
        ("Phase", Phase(project.phase).label), ("Standing", project.get_standing_display()), ("Kickoff", project.kickoff),
        ("Go-live, target", project.target_go_live), ("Go-live, as first planned", project.baseline_go_live),
        ("Went live", project.actual_go_live or "Not yet"), ("MRR, US dollars", project.mrr),
        ("Phased go-live", "Yes" if project.phased_go_live else "No"), ("Run by", manager.name if manager else "nobody yet"),
        ("Read at", now),
    ]  # fmt: skip
    return [Section("The project", ("What", "Value"), facts, shown=((0, 1), (1, 3)))], ()


# What was planned ----------------------------------------------------------------------------------------------------------


def scope_plan(project: Project, now: dt.datetime) -> Read:
    """The latest version of each document, and the scope plan itself where it is a file of ours."""
    documents = Document.objects.filter(project=project).prefetch_related(
        "sections", "versions__file", "versions__added_by", "versions__section"
    )
    rows, files, scope = [], [], []
    for document in documents:
        states = {section.title: section.get_state_display() for section in document.sections.all()}
        latest: dict[int | None, Any] = {}
        for version in document.versions.all():  # the latest first
            latest.setdefault(version.section_id, version)
        for version in latest.values():
            where = version.link or f"File: {version.name}"
            part = version.section.title if version.section else "The whole"
            rows.append(
                (document.title, part, version.number, where, version.added_by.name, version.at, version.sha256)
            )
            if document.slug in SCOPE_PLANS:
                scope.append((document.title, part, version.number, where, version.added_by.name, version.at))
                if version.file is not None:
                    files.append(Attached(f"{document.slug}-v{version.number}-{version.file.name}", version.file))
        rows += [(document.title, title, None, state, "", None, "") for title, state in states.items()]
    words = "The files of the scope plan that lie here are in the folder “files” of this package." if files else ""
    head = ("Document", "Section", "Version", "Where", "Added by", "Added (UTC)", "SHA-256")
    wide = ((0, 2), (1, 2), (2, 1), (3, 4), (4, 2), (5, 2))
    return [
        Section(
            "Scope plan", head[:-1], scope, words, "No scope plan (Solution Design Document) was handed in.", shown=wide
        ),
        Section(
            "All documents", head, rows, "Of each document and section: the latest version, and its state.", shown=wide
        ),
    ], files


def schedule(project: Project, now: dt.datetime) -> Read:
    """Every step with its dates, state and people, and the dates that were moved."""
    board = project.board
    rows = [
        (
            step.template.path, Phase(step.template.phase).label, board.title(step), StepStatus(step.status).label, step.due,
            step.baseline_due, ", ".join(one.name for one in board.people(step, R)),
            ", ".join(one.name for one in board.people(step, A)), step.reason, step.until, step.status_since,
        )
        for step in board.steps
    ]  # fmt: skip
    head = (
        *("Key", "Phase", "Step", "Status", "Due", "Baseline", "Responsible", "Accountable", "Reason", "Until"),
        "Status since (UTC)",
    )
    moved: Any = project.date_changes.select_related("by", "step__template").order_by("at", "pk")
    changes = [
        (
            row.at,
            str(row.step) if row.step else "The project",
            row.field,
            row.old,
            row.new,
            row.by.name,
            row.reason,
        )
        for row in moved
    ]
    shown = ((1, 1.3), (2, 3.5), (3, 1.4), (4, 1.3), (5, 1.3), (6, 1.7), (7, 1.7), (8, 2))
    return [
        Section("Steps", head, rows, shown=shown),
        Section(
            "Dates that were moved", ("When (UTC)", "Of", "Date", "From", "To", "By", "Why"), changes,
            empty="No date was moved.",
        ),
    ], ()  # fmt: skip


# What was tested -----------------------------------------------------------------------------------------------------------


def sit_results(project: Project, now: dt.datetime) -> Read:
    """The SIT runs, and what each case of the newest closed one came to."""
    return _results(project, Kind.SIT), ()


def uat_results(project: Project, now: dt.datetime) -> Read:
    """The UAT runs, and what each case of the newest closed one came to."""
    return _results(project, Kind.UAT), ()


def _results(project: Project, kind: str) -> list[Section]:
    runs = list(Run.objects.filter(project=project, kind=kind).select_related("started_by").order_by("-number"))
    counts = outcome_counts([run.pk for run in runs])
    signed = {row.run_id: row for row in RunSignOff.objects.filter(project=project, run__kind=kind).order_by("pk")}
    listed = [
        (
            str(run), run.get_state_display(), run.build, run.environment, run.started_at, run.started_by.name, run.ended_at,
            ", ".join(f"{Outcome(one).label} {number}" for one, number in sorted(counts.get(run.pk, {}).items())),
            f"{signed[run.pk].get_decision_display()} by {signed[run.pk].name}" if run.pk in signed else "",
        )
        for run in runs
    ]  # fmt: skip
    head = ("Run", "State", "Build", "Where", "Started (UTC)", "By", "Ended (UTC)", "Cases", "Signed")
    label = Kind(kind).label
    sections = [Section(f"{label} runs", head, listed, empty=f"No {label} run was made.")]
    newest = next((run for run in runs if run.state == "closed"), None)
    if newest is None:
        words = "No run was closed, so none has results that count."
        return [*sections, Section(f"{label} results", RESULTS, (), empty=words)]
    cases = ((0, 0.7), (1, 1.3), (2, 2.6), (3, 1), (7, 1.1), (8, 1.4), (9, 1.7), (10, 2.6), (11, 1.8))
    return [
        *sections,
        Section(f"{newest}: results", RESULTS, list(result_rows(newest, project.code)), shown=cases),
        Section(f"{newest}: defects", DEFECTS, list(defect_rows(newest)), empty="No defect was found in it."),
    ]


# What was said and decided ---------------------------------------------------------------------------------------------------


def raid_log(project: Project, now: dt.datetime) -> Read:
    """The whole RAID log, in the layout in which it can be imported again."""
    sheet = as_sheet(project, RaidItem.objects.filter(project=project).order_by("kind", "number"))
    shown = ((0, 0.7), (1, 1.1), (2, 2.2), (5, 2.2), (8, 1.1), (10, 2.4), (11, 1.3), (12, 1.1), (13, 1))
    return [Section("RAID log", sheet.header, list(sheet.rows), empty="The log is empty.", shown=shown)], ()


def notes(project: Project, now: dt.datetime) -> Read:
    """Status updates, notes of the project's own meetings, and what was said beside its rows."""
    updates = StatusUpdate.objects.filter(project=project).select_related("by")
    said = [(row.at, row.get_health_display(), row.text, row.reason, row.by.name) for row in updates]
    meetings = Occurrence.objects.filter(project=project, state=OccurrenceState.HELD).select_related("series")
    held = [(row.day, row.series.title, row.notes or "No notes were taken.") for row in meetings.order_by("day", "pk")]
    talk = [
        (
            row.at,
            row.subject_type.name.capitalize(),
            row.by.name,
            row.text,
            "Yes" if row.decided_at else "",
            row.visible,
        )
        for row in _talk(project)
    ]
    return [
        Section(
            "Status updates", ("When (UTC)", "Health", "Text", "Reason", "By"), said, empty="No update was posted.",
            shown=((0, 1.4), (1, 1), (2, 5), (3, 3), (4, 1.3)),
        ),
        Section("Meetings held", ("Day", "Meeting", "Notes"), held, empty="No meeting was held.", shown=((0, 1), (1, 2), (2, 7))),
        Section(
            "Talk", ("When (UTC)", "About", "By", "Text", "Decision", "Customer reads it"), talk, empty="Nothing was said.",
            shown=((0, 1.4), (1, 1.1), (2, 1.3), (3, 6), (4, 0.9), (5, 1)),
        ),
    ], ()  # fmt: skip


def _talk(project: Project) -> Iterable[Comment]:
    rows: Any = Comment.objects.filter(project=project).readable().select_related("by", "subject_type", "decided_by")
    found: Iterable[Comment] = rows.order_by("at", "pk")
    return found


def decisions(project: Project, now: dt.datetime) -> Read:
    """Approvals and signatures with what was shown and their digests, waivers, decisions of meetings and in talk."""
    approvals: Any = (
        Approval.objects.filter(project=project).select_related("by", "step__template").order_by("at", "pk")
    )
    signed: Any = RunSignOff.objects.filter(project=project).select_related("by", "run").order_by("at", "pk")
    rows = [_signed(row, str(row.step), row.get_party_display()) for row in approvals]
    rows += [_signed(row, str(row.run), "Biller") for row in signed]
    waivers = [
        (row.at, row.text, dict(Phase.choices).get(row.phase, row.phase), row.by.name, row.reason, row.expires)
        for row in Waiver.objects.filter(project=project).select_related("by").order_by("at", "pk")
    ]
    of_meetings = [
        (row.at, str(row.occurrence), row.text, row.by.name)
        for row in MeetingDecision.objects.filter(project=project)
        .select_related("by", "occurrence__series")
        .order_by("at", "pk")
    ]
    in_talk = [
        (row.decided_at, row.subject_type.name.capitalize(), row.text, row.decided_by.name)
        for row in _talk(project)
        if row.decided_at and row.decided_by
    ]
    head = (
        *(
            "When (UTC)",
            "What",
            "Party",
            "Decision",
            "By",
            "Mail",
            "Note",
            "Written down for them",
            "Address",
            "Program",
        ),
        *("Signed in by", "What was shown", "SHA-256 of what was shown", "Seal before it", "Seal", "Digests"),
    )
    return [
        Section(
            "Approvals and signatures", head, rows, empty="Nothing was decided yet.",
            words="Each with its evidence: what was shown, its SHA-256, and the seal over the whole row and the seal before it. "
            "The text that was shown, address and program are in the spreadsheet.",
            shown=((0, 1.2), (1, 2), (2, 1), (3, 0.9), (4, 1.2), (6, 2), (7, 0.9), (12, 2), (14, 2), (15, 1)),
        ),
        Section(
            "Waivers", ("When (UTC)", "Criterion", "Gate out of", "By", "Reason", "Until"), waivers, empty="Nothing was waived."
        ),
        Section(
            "Decided in meetings", ("When (UTC)", "Meeting", "Decision", "By"), of_meetings, empty="Nothing was decided there."
        ),
        Section("Decided in talk", ("When (UTC)", "About", "Decision", "By"), in_talk, empty="No comment was marked as one."),
    ], ()  # fmt: skip


def _signed(row: Signed, what: str, party: str) -> tuple[object, ...]:
    kept: Any = row
    digests = ("Match" if row.recomputes else "DO NOT MATCH") if row.has_evidence else "From before evidence was kept"
    return (
        row.at, what, party, kept.get_decision_display(), row.name or row.by.name, row.email, row.note,
        "Yes" if kept.recorded else "", row.address, row.agent, row.method, row.shown, row.shown_sha256, row.previous_sha256,
        row.sha256, digests,
    )  # fmt: skip


# Who, and what is left -------------------------------------------------------------------------------------------------------


def team(project: Project, now: dt.datetime) -> Read:
    """Who sits where, with addresses: our people, and those outside."""
    seats: Any = project.seats.select_related("role__version__playbook", "person").order_by("role__version", "pk")
    ours: list[tuple[object, ...]] = []
    outside: list[tuple[object, ...]] = []
    for seat in seats:
        row = (
            seat.role.code, seat.role.name, seat.role.team, seat.person.name if seat.person else "nobody",
            seat.person.email if seat.person else "", seat.role.version.playbook.title,
            "Runs the project" if seat.role.manages else "",
        )  # fmt: skip
        (ours if seat.role.side == "internal" else outside).append(row)
    head = ("Code", "Role", "Team", "Person", "Mail", "Playbook", "Remark")
    shown = ((0, 0.7), (1, 2), (2, 1.5), (3, 1.7), (4, 2.5), (5, 2.2), (6, 1.2))
    return [
        Section("Our team", head, ours, empty="There are no seats.", shown=shown),
        Section("Contacts outside", head, outside, empty="Nobody outside has a seat.", shown=shown),
    ], ()


def open_items(project: Project, now: dt.datetime) -> Read:
    """What is not done: steps, log, defects, actions; and what people outside were promised or asked."""
    board, today = project.board, business_day(now)
    steps = [
        (
            board.title(step), Phase(step.template.phase).label, StepStatus(step.status).label, step.due,
            "Yes" if step.overdue(today) else "", ", ".join(one.name for one in board.people(step, R)), step.reason,
        )
        for step in board.steps
        if not step.closed
    ]  # fmt: skip
    raid: Any = RaidItem.objects.filter(project=project).live().select_related("owner").order_by("kind", "number")
    items = list(raid)
    defects: Any = Defect.objects.filter(project=project, state="open").select_related("result__run")
    actions: Any = MeetingAction.objects.filter(project=project, state=ActionState.OPEN)
    left = [
        (row.due, row.text, row.owner.name, str(row.occurrence), "Yes" if row.due < today else "")
        for row in actions.select_related("owner", "occurrence__series").order_by("due", "pk")
    ]
    asked: Any = project.steps.filter(visible_to_customer=True).exclude(customer_note="").select_related("template")
    promised = [("Asked of them", str(row), row.customer_note, row.due) for row in asked if not row.live.closed]
    promised += [
        (
            "Told of the log",
            f"{item.code} {item.title}",
            item.response if item.response_to_customer else item.effect,
            item.due,
        )
        for item in items
        if item.visible_to_customer
    ]
    promised += [("Taken on in a meeting", what, owner, due) for due, what, owner, *_ in left]
    return [
        Section(
            "Open steps", ("Step", "Phase", "Status", "Due", "Overdue", "Responsible", "Reason"), steps,
            empty="Every step is closed.", shown=((0, 4), (1, 1.2), (2, 1.3), (3, 1.2), (4, 0.9), (5, 2), (6, 2.5)),
        ),
        Section(
            "Open in the RAID log", ("ID", "Title", "State", "Owner", "Due", "Exposure"),
            [(i.code, i.title, i.get_state_display(), i.owner.name if i.owner else "", i.due, i.exposure) for i in items],
            empty="Nothing in the log is open.", shown=((0, 0.7), (1, 5), (2, 1), (3, 1.5), (4, 1.2), (5, 1.1)),
        ),
        Section(
            "Open defects", ("Defect", "Severity", "Found in", "Opened (UTC)", "Link"),
            [
                (row.title, row.severity, str(row.result.run), row.opened_at, row.link)
                for row in defects.order_by("severity", "pk")
            ],
            empty="No defect is open.",
        ),
        Section("Open actions of meetings", ("Due", "What", "Owner", "Meeting", "Overdue"), left, empty="No action is open."),
        Section(
            "Promises", ("What", "Of what", "Words", "By when"), promised,
            words="What people outside were shown, asked or promised, and that is not done.", empty="Nothing is owed to them.",
            shown=((0, 1.3), (1, 3), (2, 5), (3, 1.2)),
        ),
    ], ()  # fmt: skip


# The Integration Summary -----------------------------------------------------------------------------------------------------


def summary_sections(rows: Iterable[Sequence[object]]) -> list[Section]:
    """Return the Integration Summary as sections, of rows (section, title, value, by, at) in their order."""
    grouped: dict[str, list[Sequence[object]]] = {}
    for section, *row in rows:
        grouped.setdefault(str(section), []).append(row)
    head, shown = ("Field", "Value", "By", "When (UTC)"), ((0, 2), (1, 5), (2, 1.3), (3, 1.5))
    made = [Section(title, head, found, shown=shown) for title, found in grouped.items()]
    return made or [Section("Integration Summary", head, (), empty="The Integration Summary was not begun.")]
