"""The rows of which the table speaks: an own project, a foreign one, and nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import NoReverseMatch, reverse

from accounts.links import mint
from accounts.models import User
from history.tracking import history_of
from projects.dates import move_due_date
from projects.documents import add_version
from projects.models import Approval, CoreSystem, CoreSystemProduct, Project, ProjectStep, Seat, SheetDraft
from projects.outside import show_to_customer
from projects.registry import seen_of
from projects.signoff import statement
from records.models import RaidItem
from records.raid import link_item, raise_item
from records.raid_import import PURPOSE, keep_draft, plan_of
from records.talk import post_comment
from sheets.reading import Row, Table
from tests.cast import MakeProject, move, step_of
from tests.permissions import (
    parts_agendas,
    parts_calendars,
    parts_hearing,
    parts_package,
    parts_phased,
    parts_playbook,
    parts_series,
    parts_summary,
    parts_support,
    parts_tier,
    parts_watch,
)  # fmt: skip
from tests.permissions.parts_reminder_rows import make_reminder_rows
from tests.permissions.table import Address
from tests.workbook.uat_scene import picture, write_cases
from transitions.moves import perform
from workbook.cases import add_case, add_suite
from workbook.defects import NewDefect, record_case
from workbook.models import ResultFile, Run, RunSignOff, StarterCase, StarterSuite
from workbook.runs import record_result, start_run
from workbook.sign_off import sign_run
from workbook.vocabulary import Kind

DECISION_STEP = "integration/sit.verification"
OWN_STEP, ABSENT_STEP = "integration/discovery.invoicing", "integration/discovery.nothing"
ABSENT = 987654


@dataclass
class Site:
    """Everything that a line of the table may speak of."""

    cast: SimpleNamespace
    own: Project
    foreign: Project
    #: part of an address → values for own, foreign and absent.
    parts: dict[str, tuple[Any, Any, Any]]
    #: The same where a part of that name means something else: by the name of the address.
    of: dict[str, dict[str, tuple[Any, Any, Any]]]

    def objects(self, address: Address) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return which rows an address can speak of, with its parts for each."""
        if address.name == "account_reset_password_from_key":  # its parts are those of an expression
            yield "absent", {"uidb36": "1", "key": "nothing"}
            return
        if not address.parts:
            yield "-", {}
            return
        values = (
            self.admin_parts(address)
            if address.route.startswith("admin/")
            else self.parts | self.of.get(address.name, {})
        )
        named = {part: values[part] for part in address.parts}
        for place, of in enumerate(("own", "foreign", "absent")):
            if all(value[place] is not None for value in named.values()):
                yield of, {part: value[place] for part, value in named.items()}
        second = [part for part in address.parts if part != "code"]
        if "code" in named and second and named[second[0]][0] != named[second[0]][1]:
            yield "crossed", {part: value[0] if part == "code" else value[1] for part, value in named.items()}

    def admin_parts(self, address: Address) -> dict[str, tuple[Any, Any, Any]]:
        """Return the parts of an admin page: a row of its model, and none."""
        return admin_parts(self, address)

    def path(self, address: Address, kwargs: dict[str, Any]) -> str:
        """Return the path of an address."""
        try:
            return reverse(address.name, kwargs=kwargs)
        except NoReverseMatch:
            path = address.route
            for value in kwargs.values():
                before, _, rest = path.partition("<")
                path = before + str(value) + rest.partition(">")[2]
            return "/" + path.replace("(?P<url>.*)$", "nothing").replace("^", "").replace("$", "")


def make_site(make_project: MakeProject, cast: SimpleNamespace) -> Site:
    """Make the two projects, the own one with a step under way."""
    own = make_project(
        biller="Marrow County Tax", code="MRW", playbooks=("integration", "transition-to-cs", "addon-post-live")
    )
    foreign = make_project(biller="Copperline Gas", code="CPG", people={}, by=cast.adele)
    for project, sofia in ((own, cast.sofia), (foreign, cast.adele)):
        show_to_customer(step_of(project, OWN_STEP), visible=True, note="Look at this", by=sofia)
        move_due_date(step_of(project, OWN_STEP), dt.date(2026, 11, 20), by=sofia)
        Approval(project=project, step=step_of(project, DECISION_STEP), decision="approved", by=cast.ingrid).save()
        upload = SimpleUploadedFile("Invoices.txt", b"Every night at two.\n")
        add_version(project, "discovery-page", by=sofia, upload=upload)
    move(own, OWN_STEP, "start", cast.sofia)
    tested = [make_runs(project, leads) for project, leads in ((own, cast.priya), (foreign, cast.adele))]
    make_reminder_rows(cast)
    seats = [Seat.objects.filter(project=project).order_by("pk").first() for project in (own, foreign)]
    assert None not in seats
    parts: dict[str, tuple[Any, Any, Any]] = {
        "code": (own.code, foreign.code, "NIL-9"),
        "document": ("discovery-page", "discovery-page", "nothing"),
        "seat_id": (*(seat.pk for seat in seats if seat), ABSENT),
        "path": (OWN_STEP, OWN_STEP, ABSENT_STEP),
        "slug": ("integration", None, "nothing"),
        "number": (1, None, 99),
        # The registry is everybody's inside: nothing in it is foreign.
        "biller": (own.biller.code, None, "NIL"),
        "core_system": (_core_system().pk, None, ABSENT),
        "product_id": (CoreSystemProduct.objects.get().pk, None, ABSENT),
        "item": ("R-1", "R-1", "R-99"),
    }
    here, there = (
        history_of(ProjectStep).objects.filter(project=row.pk, history_type="~").first() for row in (own, foreign)
    )
    decisions = [Approval.objects.get(project=project).pk for project in (own, foreign)]
    people = (cast.dele.pk, None, ABSENT)
    decide = {"path": (DECISION_STEP, DECISION_STEP, ABSENT_STEP)}
    token = mint(cast.dele, purpose="invitation", leads_to="/inbox").address.rpartition("/")[2]
    for project, by in ((own, cast.sofia), (foreign, cast.adele)):
        link_item(
            raise_item(project, "risk", title="The file is late", by=by), step_id=project.board.steps[0].id, by=by
        )
    a_sheet = Table([Row(2, {"title": "From a sheet", "kind": "issue"})], [])
    drafts = [
        keep_draft(project, "log.xlsx", a_sheet, by=by).pk for project, by in ((own, cast.priya), (foreign, cast.adele))
    ]
    of: dict[str, dict[str, tuple[Any, Any, Any]]] = {
        "raid-import-look": {"draft_id": (*drafts, ABSENT)},
        "revert": {"kind": ("step", "step", "nothing"), "pk": (here.pk, there.pk, ABSENT)},
        "sign-off": {"decision_id": (*decisions, ABSENT)},
        "decide": decide,
        "delegate": decide,
        "invite-again": {"pk": people},
        "replace-person": {"pk": people},
        "mfa_remove_webauthn": {"pk": (None, None, ABSENT)},
        "mfa_edit_webauthn": {"pk": (None, None, ABSENT)},
        "emailed-link": {"token": (token, None, "nothing")},
        "link-again": {"token": (token, None, "nothing")},
        "openid_connect_login": {"provider_id": (None, None, "nothing")},
        "openid_connect_callback": {"provider_id": (None, None, "nothing")},
        "document-file": {"number": (1, 1, 99)},
        "file-as-customer": {"number": (1, 1, 99), "seat_id": (*map(_outside_seat, (own, foreign)), ABSENT)},
        "project-as-customer": {"seat_id": (*map(_outside_seat, (own, foreign)), ABSENT)},
        "step-as-customer": {"seat_id": (*map(_outside_seat, (own, foreign)), ABSENT)},
        "uat-as-customer": {"seat_id": (*map(_outside_seat, (own, foreign)), ABSENT)},
        "uat-page-as-customer": {"seat_id": (*map(_outside_seat, (own, foreign)), ABSENT), "rest": ("2/", "2/", "99/")},
        "uat-run": {"number": (2, 2, 99)},
        "uat-sign": {"number": (2, 2, 99)},
        "uat-case": {"number": (2, 2, 99), "position": (2, 2, 99)},
        "run-sign-off": {"sign_off_id": (*(signature.pk for signature, _ in tested), ABSENT)},
        "run-file": {"file_id": (*(file.pk for _, file in tested), ABSENT)},
    }  # fmt: skip
    talk = [post_comment(project, "project", project.pk, "Hello", by=by, visible=True).comment.pk for project, by in
            ((own, cast.priya), (foreign, cast.adele))]  # fmt: skip
    for name in ("comment", "edit", "delete", "show", "decision", "versions"):
        of[f"talk-{name}"] = {"pk": (*talk, ABSENT)}
    on = {"kind": ("project", "project", "project"), "subject_id": (own.pk, foreign.pk, ABSENT)}
    of["talk-about"] = on
    of["talk-as-customer"] = on | of["project-as-customer"]
    of |= workbook_parts(own, foreign, cast)
    of |= parts_hearing.reminders_parts(own, foreign, cast)
    of |= parts_series.parts(own, foreign, cast)
    of |= parts_agendas.parts(own, foreign, cast)
    of |= parts_calendars.parts(own, foreign, cast)
    of |= parts_tier.parts(own, foreign, cast)
    of |= parts_summary.summary_parts(own, foreign, cast)
    of |= parts_package.parts(own, foreign, cast)
    of |= parts_support.parts(own, foreign, cast)
    of |= parts_phased.phased_parts(own, foreign, cast)
    of |= parts_watch.watch_parts(own, foreign, cast)
    of |= parts_playbook.parts(own, foreign, cast)
    return Site(cast, own, foreign, parts, of)


def _core_system() -> CoreSystem:
    """Return the core system of the table, of whose one product something is to be confirmed."""
    row, made = CoreSystem.objects.get_or_create(name="Tyndall")
    if made:
        row.products.create(product="payments", stage="released", to_confirm=True, doubt="Lost by the scrape")
    return row


def make_runs(project: Project, leads: User) -> tuple[RunSignOff, ResultFile]:
    """Make a UAT run that was signed on paper, and a second one, open, with one result; return signature and evidence."""
    write_cases(project, Kind.UAT, 2)
    start_run(project, Kind.UAT, build="1", environment="Staging", by=leads)
    perform(Run.objects.get(project=project), "close_run", by=leads)
    signature = sign_run(Run.objects.get(project=project), "rejected", by=leads, recorded=True, note="By letter")
    second = start_run(project, Kind.UAT, build="2", environment="Staging", by=leads)
    result = record_result(second.cases.get(position=1), "failed", by=leads, note="It hangs", files=[picture()])
    return signature, result.files.get()


def workbook_parts(own: Project, foreign: Project, cast: SimpleNamespace) -> dict[str, dict[str, tuple[Any, Any, Any]]]:
    """Make on both projects a suite with two cases, and an open run with a failed case, its file and its defect."""
    made: dict[str, list[Any]] = {
        "suite_id": [],
        "number": [],
        "run_id": [],
        "place": [],
        "defect_id": [],
    }
    for project, by, first in ((own, cast.priya, 1), (foreign, cast.adele, 2)):
        suite = add_suite(project, "sit", "Invoices", by=by)
        cases = [add_case(suite, title=title, by=by) for title in ("A new invoice arrives", "A changed one")]
        add_case(add_suite(project, "uat", "Payers", by=by), title="Pay a bill", by=by)
        run = start_run(project, "sit", build="1.0", environment="Test", by=by)
        found = NewDefect("No invoice", 2)
        log = SimpleUploadedFile("feed.log", b"no rows")
        place = run.cases.get(position=first)
        result = record_case(place, "failed", note="It does not.", files=[log], defect=found, by=by)
        row = {
            "suite_id": suite.pk, "number": cases[0].number, "run_id": run.pk, "place": first,
            "defect_id": result.defects.get().pk,
        }  # fmt: skip
        for part, value in row.items():
            made[part].append(value)
    offered = StarterSuite.objects.create(playbook=own.pins.first().version.playbook, kind="uat", title="Agents")
    StarterCase.objects.create(suite=offered, title="Void a payment", steps="Void it", expected="It is void")
    of_run = {part: (*made[part], ABSENT) for part in ("run_id", "place")}
    kind = {"kind": ("sit", "sit", "nothing")}
    form = {"form": ("csv", "csv", "nothing")}
    case, suite_id = {"number": (*made["number"], ABSENT)}, {"suite_id": (*made["suite_id"], ABSENT)}
    defect = {"defect_id": (*made["defect_id"], ABSENT)}
    return {
        "exit-criteria": kind, "new-suite": kind, "new-case": kind, "import-cases": kind, "apply-import": kind,
        "start-run": {"kind": ("uat", "uat", "nothing")}, "export-cases": kind | form, "suite": suite_id,
        "move-suite": suite_id, "case": case, "move-case": case, "run": of_run, "move-run": of_run, "run-case": of_run,
        "run-results": of_run | form, "defect": defect, "move-defect": defect,
    }  # fmt: skip


def _outside_seat(project: Project) -> int:
    return int(project.seats.get(role__code="B").pk)


def admin_parts(site: Site, address: Address) -> dict[str, tuple[Any, Any, Any]]:
    """Return a present and an absent row of the model that an admin address is of."""
    from django.apps import apps

    present: Any = None
    pieces = address.route.removeprefix("admin/").split("/")
    if len(pieces) > 2:
        model = next(
            (m for m in apps.get_models() if (m._meta.app_label, m._meta.model_name) == (pieces[0], pieces[1])), None
        )
        row = model._default_manager.order_by("pk").first() if model else None
        present = row.pk if row else None
    return dict.fromkeys(address.parts, (present, None, ABSENT))


Body = Callable[[Site, str], dict[str, Any]]


def _step(site: Site, of: str) -> ProjectStep:
    return step_of(site.foreign if of == "foreign" else site.own, OWN_STEP)


def _project(site: Site, of: str) -> Project:
    return site.foreign if of == "foreign" else site.own


#: Every field of an item of the RAID log, as its form sends it.
RAID = {
    "title": "The file is late", "cause": "", "event": "", "effect": "", "probability": "4", "impact": "5", "strategy": "",
    "response": "", "owner": "", "due": "", "trend": "steady", "notes": "",
}  # fmt: skip


class Sheet(SimpleUploadedFile):
    """A file that may be sent more than once."""

    def read(self, *args: Any) -> bytes:
        self.seek(0)
        return super().read(*args)


def _raid_draft(site: Site, of: str) -> SheetDraft:
    return SheetDraft.objects.get(project=_project(site, of), purpose=PURPOSE)


def _raid(site: Site, of: str) -> RaidItem:
    return RaidItem.objects.get(project=_project(site, of), kind="risk", number=1)


#: What somebody who may would send, by the name of the address.
BODIES: dict[str, Body] = {
    "move-step": lambda site, of: {"move": "complete", "revision": _step(site, of).revision},
    "move-due": lambda site, of: {"due": "2026-12-01", "reason": "Later", "revision": _step(site, of).revision},
    "name-on-step": lambda site, of: {
        "letter": "A", "person": site.cast.arun.pk, "revision": _step(site, of).revision,
    },
    "rename-step": lambda site, of: {
        "title": "As we call it", "reason": "The biller's word", "revision": _step(site, of).revision,
    },
    "move-project": lambda site, of: {"move": "hold", "note": "Holidays", "revision": _project(site, of).revision},
    "move-go-live": lambda site, of: {
        "target_go_live": "2027-04-02", "reason": "Later", "revision": _project(site, of).revision,
    },
    "fill-seat": lambda site, of: {"person": site.cast.ivan.pk},
    "comment": lambda site, of: {"text": "Ask the biller for samples."},
    "show-to-customer": lambda site, of: {"visible": "on", "note": "Look", "revision": _step(site, of).revision},
    "add-version": lambda site, of: {"link": "https://files.example/1", "label": "", "file_sha256": ""},
    "move-section": lambda site, of: {"section": "invoices", "move": "draft_section", "revision": 0},
    "show-document": lambda site, of: {"visible": "on"},
    "revert": lambda site, of: {"field": "due"},
    "add-biller": lambda site, of: {"name": "Halden Water", "code": "HLD", "vertical": "utility", "state": "OH"},
    "edit-biller": lambda site, of: {
        "name": "Marrow County Tax", "vertical": "tax", "state": "OH", "seen": seen_of(site.own.biller),
    },
    "add-mrr": lambda site, of: {"as_of": "2026-11-01", "amount": "1200"},
    "edit-integration": lambda site, of: {"name": "Tyndall", "partner": "Tyndall Systems", "seen": seen_of(_core_system())},
    "add-product": lambda site, of: {"product": "claims", "stage": "initiated"},
    "integration-product": lambda site, of: {
        "product": "payments", "stage": "in_progress", "seen": seen_of(_core_system().products.get()),
    },
    "raid-new": lambda site, of: {**RAID, "kind": "risk"},
    "raid-log-reviewed": lambda site, of: {"note": "Nothing new"},
    "raid-item": lambda site, of: {**RAID, "title": "Another title", "revision": _raid(site, of).revision},
    "raid-move": lambda site, of: {"move": "mitigate", "note": "A second window", "revision": _raid(site, of).revision},
    "raid-reviewed": lambda site, of: {},
    "raid-issue": lambda site, of: {"revision": _raid(site, of).revision},
    "raid-customer": lambda site, of: {"visible": "on", "response": "", "revision": _raid(site, of).revision},
    "raid-links": lambda site, of: {"target": f"step:{_project(site, of).board.steps[1].id}", "remove": ""},
    "raid-import": lambda site, of: {
        "file": Sheet("log.csv", b"Type,Title\r\nIssue,From a sheet\r\n"),
    },
    "raid-import-look": lambda site, of: {
        "fingerprint": plan_of(_project(site, of), _raid_draft(site, of)).fingerprint,
    },
    "talk-about": lambda site, of: {"text": "Look"},
    "talk-edit": lambda site, of: {"text": "Look again", "revision": 0},
    "talk-delete": lambda site, of: {"revision": 0},
    "talk-show": lambda site, of: {"revision": 0},
    "talk-decision": lambda site, of: {"revision": 0, "decision": "1"},
    "post-update": lambda site, of: {
        "health": "on_track", "reason": "", "text": "All is well", "visible_to_customer": "", "seen": 0,
        "key": "4f5b3a1e-0000-4000-8000-000000000001",
    },
    "weekly-report": lambda site, of: {"to_me": "on", "key": "4f5b3a1e-0000-4000-8000-000000000002"},
    "uat-case": lambda site, of: {"outcome": "passed", "note": "", "severity": "", "seen": 0},
    "take-starter-set": lambda site, of: {"kind": "uat"},
    "exit-criteria": lambda site, of: {"share_passed": 95, "revision": 0},
    "new-suite": lambda site, of: {"title": "Balances"},
    "suite": lambda site, of: {"title": "Bills"},
    "move-suite": lambda site, of: {"act": "up"},
    "new-case": lambda site, of: {"new_suite": "Balances", "title": "Balances agree", "revision": 0},
    "case": lambda site, of: {
        "suite": _project(site, of).suites.get(kind="sit").pk, "title": "Changed", "revision": 0, "mandatory": "on",
    },
    "move-case": lambda site, of: {"act": "down"},
    "move-run": lambda site, of: {"move": "close_run", "revision": 0},
    "run-case": lambda site, of: {"outcome": "passed", "seen": _project(site, of).results.get(run__kind="sit").pk},
    "defect": lambda site, of: {"title": "Changed", "severity": 3, "link": "", "revision": 0},
    "move-defect": lambda site, of: {"move": "close_defect", "note": "Mended in 1.1", "revision": 0},
}  # fmt: skip

#: What somebody would send who may not, or not now: the answers tell a missing right (403) from a step that is elsewhere (409).
REFUSED_BODIES: dict[str, Body] = {
    "start-run": lambda site, of: {"build": "2.0", "environment": "Test", "cases": "all"},  # one is open
    "decide": lambda site, of: {
        "act": "approve",
        "shown": statement(
            step_of(site.foreign if of == "foreign" else site.own, DECISION_STEP), site.cast.ingrid
        ).text,
    },
    "import-cases": lambda site, of: {"file": Sheet("cases.csv", b"Suite,Case\nBalances,Balances agree\n")},
    "apply-import": lambda site, of: {"draft": ABSENT, "fingerprint": "made up"},
    "delegate": lambda site, of: {"to": site.cast.arun.pk, "reason": "Away"},
    # An administrator's, and nobody's who only keeps the registry.
    "live-customers": lambda site, of: {"biller": site.own.biller.code, "since": "2024-03-01"},
    "confirm-product": lambda site, of: {"seen": seen_of(_core_system().products.get())},
    "uat-sign": lambda site, of: {"act": "approve", "note": "", "shown": "0" * 64, "head": ""},
}

BODIES |= parts_hearing.BODIES
REFUSED_BODIES |= parts_hearing.REFUSED_BODIES
BODIES |= parts_series.BODIES
REFUSED_BODIES |= parts_series.REFUSED_BODIES
BODIES |= parts_agendas.BODIES
REFUSED_BODIES |= parts_agendas.REFUSED_BODIES
BODIES |= parts_calendars.BODIES
REFUSED_BODIES |= parts_calendars.REFUSED_BODIES
for handed in (parts_package, parts_phased, parts_summary, parts_support, parts_tier):
    BODIES |= handed.BODIES
    REFUSED_BODIES |= handed.REFUSED_BODIES
REFUSED_BODIES |= parts_playbook.REFUSED_BODIES
REFUSED_BODIES |= parts_watch.REFUSED_BODIES
