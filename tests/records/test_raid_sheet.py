"""The RAID log as a sheet: what goes out comes back unchanged, and what comes in is looked at first, whole or not at all."""

from __future__ import annotations

import datetime as dt
import io
import re
import shutil
import subprocess
import zipfile
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from projects.models import Notice, Project, SheetDraft
from projects.sheet_drafts import KEPT
from records.models import RaidItem
from records.raid import change_item, link_item, raise_item, review_item, show_item
from records.raid_import import apply_draft, keep_draft, plan_of
from records.raid_page import log_address
from records.raid_sheet import HEADER, MOST_ROWS, plan, read_sheet
from sheets.reading import Row, SheetRefused, Table
from sheets.writing import Sheet, book
from tests.records.test_raid import a_risk, afresh, complete
from tests.transitions.made_up import a_step, publish, started
from transitions.blockers import Archived, MoveRefused, NotPermitted, StaleRow
from transitions.models import TransitionRecord
from transitions.moves import perform

pytestmark = pytest.mark.django_db

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
AWKWARD = "=1+1 “quoted”, <b>\n-second line; Ä\u00a0€\t+x\r\n'third"


@pytest.fixture
def project(cast: SimpleNamespace) -> Project:
    return started(cast, publish(a_step(1), a_step(2)))


@pytest.fixture
def priya(cast: SimpleNamespace) -> Client:
    return signed_in(cast.priya)


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def a_log(project: Project, cast: SimpleNamespace) -> None:
    """One of each kind, with everything that an item can have, through the page's form where texts are awkward."""
    client = signed_in(cast.priya)
    for kind in ("risk", "assumption", "issue", "dependency"):
        texts = dict.fromkeys(("title", "cause", "event", "effect", "response", "notes"), AWKWARD)
        weight = {"probability": "4", "impact": "5", "strategy": "transfer"} if kind == "risk" else {}
        sent = {"kind": kind, "owner": cast.bo.pk, "due": "2026-12-01", "trend": "down", **texts, **weight}
        assert client.post(reverse("raid-new", args=[project.code]), sent).status_code == 302
    risk, _, issue, bare = RaidItem.objects.order_by("pk")
    change_item(bare, by=cast.priya, owner=None, due=None, cause="", notes="", response="")
    review_item(risk, by=cast.sofia)
    show_item(risk, visible=True, by=cast.priya)
    link_item(risk, step_id=project.board.steps[1].id, by=cast.priya)
    perform(issue, "close_item", by=cast.priya, note="Done")


def exported(client: Client, project: Project, kind: str = "xlsx", query: str = "state=all") -> bytes:
    answer = client.get(f"{log_address(project)}?{query}&format={kind}")
    assert answer.status_code == 200
    return b"".join(answer)


def upload(data: bytes, name: str = "log.xlsx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def a_book(*rows: tuple[Any, ...], header: tuple[str, ...] = HEADER, sheet: str = "RAID") -> bytes:
    return book([Sheet(sheet, header, rows)], about=[])


def of(project: Project, data: bytes, name: str = "log.xlsx") -> Any:
    return plan(project, read_sheet(upload(data, name)))


def a_table(*rows: dict[str, str]) -> Table:
    return Table([Row(number, values) for number, values in enumerate(rows, start=2)], [])


def everything() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (RaidItem, TransitionRecord, Notice)]


# Out


def test_the_layout_is_one_that_people_know(project, cast, priya):
    a_log(project, cast)
    written = openpyxl.load_workbook(io.BytesIO(exported(priya, project)))
    sheet = written["RAID"]
    risk = RaidItem.objects.get(kind="risk")
    rows = {row[0]: dict(zip(HEADER, row, strict=True)) for row in sheet.iter_rows(min_row=2, values_only=True)}

    assert [cell.value for cell in sheet[1]] == list(HEADER)
    assert HEADER[:10] == (
        "ID",
        "Type",
        "Title",
        "Cause",
        "Event",
        "Effect",
        "Probability",
        "Impact",
        "Exposure",
        "Strategy",
    )
    assert list(rows) == ["A-1", "D-1", "I-1", "R-1"]
    assert rows["R-1"] | {"Title": "", "Cause": "", "Event": "", "Effect": "", "Response": "", "Notes": ""} == {
        "ID": "R-1", "Type": "Risk", "Title": "", "Cause": "", "Event": "", "Effect": "", "Probability": 4, "Impact": 5,
        "Exposure": 20, "Strategy": "Transfer", "Response": "", "Owner": "Bo Halvorsen",
        "Due": dt.datetime.combine(risk.due, dt.time()),
        "State": "Open", "Trend": "Down", "Reviewed": dt.datetime.combine(risk.reviewed_on, dt.time()),
        "Customer-visible": "Yes", "Linked steps": "2 Step 2", "Notes": "",
    }  # fmt: skip
    assert rows["R-1"]["Cause"] == risk.cause == "=1+1 “quoted”, <b>\n-second line; Ä\u00a0€ +x\n'third"
    about = {row[0]: row[1] for row in written["About"].iter_rows(min_row=2, values_only=True)}
    assert (about["What"], about["By"], about["Filter"]) == (
        "RAID log of Marrow County Tax (MRW-1)",
        "Priya Nair",
        "Any state",
    )


def test_an_export_has_what_the_list_shows(project, cast, priya):
    a_log(project, cast)
    lines = exported(priya, project, "csv", "kind=risk").decode("utf-8-sig").splitlines()
    assert (lines[0].split(",")[:3], lines[1].split(",")[:2]) == (["ID", "Type", "Title"], ["R-1", "Risk"])
    assert [row.values["id"] for row in read_rows(exported(priya, project, "csv", ""))] == ["A-1", "D-1", "R-1"]


def read_rows(data: bytes) -> Any:
    from records.raid_sheet import COLUMNS
    from sheets.reading import read

    return read(io.BytesIO(data), "x.csv", COLUMNS).rows


# Round trips


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_what_goes_out_and_comes_in_changes_nothing(project, cast, priya, kind):
    a_log(project, cast)
    found = of(project, exported(priya, project, kind), f"log.{kind}")
    assert [(line.code, line.what, line.changes, line.problems) for line in found.lines] == [
        (code, "unchanged", [], []) for code in ("A-1", "D-1", "I-1", "R-1")
    ]
    before = everything()
    answer = priya.post(
        reverse("raid-import", args=[project.code]), {"file": upload(exported(priya, project, kind), f"l.{kind}")}
    )
    html = unescape(priya.get(answer["Location"]).content.decode())
    assert "There is nothing to import: the log says the same already." in html
    assert everything() == before


def test_openpyxl_in_between_changes_nothing(project, cast, priya):
    a_log(project, cast)
    again = openpyxl.load_workbook(io.BytesIO(exported(priya, project)))
    out = io.BytesIO()
    again.save(out)
    assert [line.what for line in of(project, out.getvalue()).lines] == ["unchanged"] * 4


@pytest.mark.skipif(not SOFFICE, reason="LibreOffice is not installed")
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_libreoffice_in_between_changes_nothing(project, cast, priya, tmp_path: Path, kind):
    a_log(project, cast)
    source = tmp_path / "log.xlsx"
    source.write_bytes(exported(priya, project))
    out = tmp_path / "out"
    target = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1" if kind == "csv" else "xlsx"
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [str(SOFFICE), profile, "--headless", "--convert-to", target, "--outdir", str(out), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    (converted,) = out.iterdir()
    found = of(project, converted.read_bytes(), converted.name)
    assert [(line.code, line.what, line.changes, line.problems) for line in found.lines] == [
        (code, "unchanged", [], []) for code in ("A-1", "D-1", "I-1", "R-1")
    ]


def test_an_empty_project_takes_the_log_of_another(project, cast, priya):
    a_log(project, cast)
    sheet = openpyxl.load_workbook(io.BytesIO(exported(priya, project)))
    for row in sheet["RAID"].iter_rows(min_row=2, max_col=1):
        row[0].value = None
    out = io.BytesIO()
    sheet.save(out)
    other = started(cast, publish(a_step(1), slug="other"), biller_name="Copperline Gas", biller_code="CPG")
    take(other, out.getvalue(), cast.priya)

    kept = (
        "kind",
        "title",
        "cause",
        "event",
        "effect",
        "probability",
        "impact",
        "strategy",
        "response",
        "owner_id",
        "due",
        "state",
        "trend",
        "notes",
    )
    rows = [sorted(RaidItem.objects.filter(project=one).values_list(*kept), key=str) for one in (project, other)]
    assert rows[0] == rows[1]
    shown = RaidItem.objects.get(project=other, kind="risk")
    assert (shown.visible_to_customer, shown.reviewed_on, shown.raised_by) == (False, None, cast.priya)
    assert [(r.move, r.target) for r in TransitionRecord.objects.under(other).filter(subject__startswith="I-1")] == [
        ("bring_in", "closed")
    ]


def take(project: Project, data: bytes, by: Any, name: str = "log.xlsx") -> Any:
    """Import a sheet as the pages do."""
    draft = keep_draft(project, name, read_sheet(upload(data, name)), by=by)
    return apply_draft(draft, by=by, fingerprint=plan_of(project, draft).fingerprint)


# In


def test_the_pages_show_first_and_import_then(project, cast, priya):
    risk = a_risk(project, cast.priya)
    data = a_book(
        ("R-1", "", "Late balance file", 2, "Sofia Reyes", "Mitigating"),
        ("", "Issue", "New one", "", "arun patel", "closed"),
        ("", "r", "New risk", "", "", ""),
        header=("ID", "Type", "Title", "Probability", "Owner", "Status"),
    )
    sent = priya.post(reverse("raid-import", args=[project.code]), {"file": upload(data)})
    draft = SheetDraft.objects.get()
    assert (sent.status_code, sent["Location"]) == (302, reverse("raid-import-look", args=[project.code, draft.pk]))
    html = unescape(priya.get(sent["Location"]).content.decode())
    assert RaidItem.objects.count() == 1
    assert re.findall(r"<b>(\d+)</b> <span class=\"small soft\">(\w[\w ]*)<", html) == [
        ("2", "new"), ("1", "changed"), ("0", "as they are"), ("0", "refused"),
    ]  # fmt: skip
    assert re.findall(r"<dt>(.*?)</dt><dd><del>(.*?)</del>.*?<ins>(.*?)</ins>", html) == [
        ("Title", "The balance file is late", "Late balance file"), ("Probability", "4", "2"), ("Owner", "nobody", "Sofia Reyes"),
    ]  # fmt: skip
    fingerprint = re.search(r'name="fingerprint" value="(\w+)"', html)[1]

    done = priya.post(sent["Location"], {"fingerprint": fingerprint})
    assert (done.status_code, done["Location"]) == (302, log_address(project))
    row = afresh(risk)
    assert (row.title, row.probability, row.impact, row.cause, row.owner, row.state, row.revision) == (
        "Late balance file", 2, 5, "the nightly run grows", cast.sofia, "open", 1,
    )  # fmt: skip
    made = RaidItem.objects.exclude(pk=risk.pk).order_by("pk")
    assert [(item.code, item.title, item.state, item.owner) for item in made] == [
        ("I-1", "New one", "closed", cast.arun), ("R-2", "New risk", "open", None),
    ]  # fmt: skip
    assert sorted(n.person.name for n in Notice.objects.filter(kind="owned")) == ["Arun Patel", "Sofia Reyes"]
    record = TransitionRecord.objects.of(made[0]).get()
    assert (record.move, record.target, record.note) == ("bring_in", "closed", "From the sheet “log.xlsx”.")
    assert RaidItem.history.filter(id=risk.pk, history_type="~").get().history_user == cast.priya
    assert priya.post(sent["Location"], {"fingerprint": fingerprint}).status_code == 404
    assert SheetDraft.objects.count() == 0


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("R-9", "", "x"), "A2 (ID): “R-9” is not in this log. Leave the ID empty for a new item."),
        (("nonsense", "", "x"), "A2 (ID): “NONSENSE” is not in this log."),
        (("R-1", "Issue", "x"), "B2 (Type): R-1 is a risk, and stays one."),
        (("", "", "x"), "B2 (Type): Say what it is"),
        (("", "Wish", "x"), "B2 (Type): “Wish” is no type"),
        (("", "Risk", ""), "C2 (Title): This field is required."),
        (("", "Risk", "x" * 201), "C2 (Title): Ensure this value has at most 200 characters"),
        (("", "Risk", "x", "6", "1"), "D2 (Probability): “6” is no probability: 1 to 5."),
        (("", "Risk", "x", "6.5", "1"), "D2 (Probability): “6.5” is no probability: 1 to 5."),
        (("", "Risk", "x", "4", ""), "E2 (Impact): Probability and impact go together"),
        (("", "Issue", "x", "4", "4"), "D2 (Probability): Probability is said of risks alone."),
        (("", "Risk", "x", "", "", "Tess Moreau"), "F2 (Owner): “Tess Moreau” has no seat on this project."),
        (("", "Risk", "x", "", "", "", "some day"), "G2 (Due): Write the date as"),
        (("", "Risk", "x", "", "", "", "", "Parked"), "H2 (State): “Parked” is no state"),
        (("", "Risk", "x", "", "", "", "", "", "sideways"), "I2 (Trend): “sideways” is no trend"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_is_named_by_its_cell_and_nothing_is_imported(project, cast, priya, row, told):
    a_risk(project, cast.priya)
    header = ("ID", "Type", "Title", "Probability", "Impact", "Owner", "Due", "State", "Trend")
    good = ("", "Risk", "A good one")
    data = a_book((*row, *[""] * (9 - len(row))), (*good, *[""] * 6), header=header)
    answer = priya.post(reverse("raid-import", args=[project.code]), {"file": upload(data)})
    html = unescape(answer.content.decode())
    assert (answer.status_code, RaidItem.objects.count(), SheetDraft.objects.count()) == (400, 1, 0)
    assert told in html
    assert "cannot be imported, so nothing is." in html


def test_an_id_twice_is_refused(project, cast):
    a_risk(project, cast.priya)
    found = of(project, a_book(("R-1", "One"), ("r-1", "Two"), header=("ID", "Title")))
    assert [(line.what, line.problems) for line in found.lines] == [
        ("changed", []), ("refused", ["A3 (ID): R-1 is in the sheet twice."]),
    ]  # fmt: skip


def formula() -> bytes:
    evil = openpyxl.Workbook()
    evil.active.append(["ID", "Type", "Title"])
    evil.active.append(["", "Risk", "=HYPERLINK(1)"])
    out = io.BytesIO()
    evil.save(out)
    return out.getvalue()


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(a_book())) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, b"0" * 60_000_000 if name == "xl/styles.xml" else old.read(name))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "told"),
    [
        (formula, "log.xlsx", "C2: a formula. Paste its value instead."),
        (bomb, "log.xlsx", "Unpacked, the file is larger than 50 MB."),
        (lambda: b"Colour,Size\nred,1\n", "log.csv", "These headings are missing in the first row: Title."),
        (lambda: b"\x89PNG\x00\x00", "log.xlsx", "This is neither a spreadsheet"),
        (lambda: b"Title\n" + b"x\n" * (MOST_ROWS + 1), "log.csv", "More than 2,000 rows. Import them in parts."),
        (lambda: b"", "log.csv", "The submitted file is empty."),
        (lambda: b"MZ", "log.exe", "Choose an .xlsx or a .csv file."),
    ],
)
def test_a_file_that_is_no_log_is_refused(project, priya, data, name, told):
    answer = priya.post(reverse("raid-import", args=[project.code]), {"file": upload(data(), name)})
    assert answer.status_code == 400
    assert told in unescape(answer.content.decode())
    assert (RaidItem.objects.count(), SheetDraft.objects.count()) == (0, 0)


def test_no_file_is_said(project, priya):
    answer = priya.post(reverse("raid-import", args=[project.code]))
    assert (answer.status_code, "Choose a sheet first." in answer.content.decode()) == (400, True)


def test_a_log_that_changed_since_is_shown_again(project, cast, priya):
    risk = a_risk(project, cast.priya)
    sent = priya.post(
        reverse("raid-import", args=[project.code]), {"file": upload(a_book(("R-1", "Mine"), header=("ID", "Title")))}
    )
    html = priya.get(sent["Location"]).content.decode()
    fingerprint = re.search(r'name="fingerprint" value="(\w+)"', html)[1]
    change_item(risk, by=cast.sofia, title="Theirs")
    answer = priya.post(sent["Location"], {"fingerprint": fingerprint})
    shown = unescape(answer.content.decode())
    assert (answer.status_code, afresh(risk).title) == (409, "Theirs")
    assert "The log changed since you looked" in shown
    assert "<del>Theirs</del>" in shown
    again = re.search(r'name="fingerprint" value="(\w+)"', shown)[1]
    assert priya.post(sent["Location"], {"fingerprint": again}).status_code == 302
    assert afresh(risk).title == "Mine"
    draft = keep_draft(project, "x", a_table({"title": "Mine", "id": "R-1"}), by=cast.priya)
    with pytest.raises(StaleRow), transaction.atomic():
        apply_draft(draft, by=cast.priya, fingerprint="x")
    with pytest.raises(MoveRefused), transaction.atomic():
        apply_draft(draft, by=cast.priya, fingerprint=plan_of(project, draft).fingerprint)


def test_a_form_that_is_sent_twice_imports_once(project, cast):
    draft = keep_draft(project, "x", a_table({"title": "x", "kind": "risk"}), by=cast.priya)
    shown = plan_of(project, draft).fingerprint
    seen_twice = SheetDraft.objects.get(pk=draft.pk)
    apply_draft(draft, by=cast.priya, fingerprint=shown)
    with pytest.raises(MoveRefused) as refused, transaction.atomic():
        apply_draft(seen_twice, by=cast.priya, fingerprint=shown)
    assert [blocker.code for blocker in refused.value.blockers] == ["draft-gone"]
    assert RaidItem.objects.count() == 1


def test_a_sheet_is_its_owners_and_lies_about_for_a_day(project, cast, priya):
    draft = keep_draft(project, "x", a_table({"title": "x", "kind": "risk"}), by=cast.priya)
    address = reverse("raid-import-look", args=[project.code, draft.pk])
    assert signed_in(cast.sofia).get(address).status_code == 404
    assert priya.get(address).status_code == 200
    SheetDraft.objects.update(at=timezone.now() - KEPT - dt.timedelta(minutes=1))
    assert priya.get(address).status_code == 404
    keep_draft(project, "y", a_table(), by=cast.sofia)
    assert [row.name for row in SheetDraft.objects.all()] == ["y"]


def test_who_may_not_write_imports_nothing(project, cast):
    cast.mallory.is_superuser = False
    for person in (cast.tess, cast.bo):
        with pytest.raises(NotPermitted), transaction.atomic():
            keep_draft(project, "x", a_table(), by=person)
    draft = keep_draft(project, "x", a_table({"title": "x", "kind": "risk"}), by=cast.arun)
    project.seats.filter(person=cast.arun).update(person=None)
    with pytest.raises(NotPermitted), transaction.atomic():
        apply_draft(draft, by=cast.arun, fingerprint=plan_of(project, draft).fingerprint)
    assert RaidItem.objects.count() == 0


def test_a_finished_project_takes_no_sheet(project, cast, priya):
    complete(project, cast)
    with pytest.raises(Archived), transaction.atomic():
        keep_draft(project, "x", a_table(), by=cast.priya)
    data = upload(a_book(("", "Risk", "x"), header=("ID", "Type", "Title")))
    assert priya.post(reverse("raid-import", args=[project.code]), {"file": data}).status_code == 409


def test_headings_that_people_use_elsewhere_are_known_and_others_are_told(project, cast):
    found = of(
        project,
        "Kind;SUMMARY;Likelihood;Impact;Status;Colour\r\nRisks;One;4 Likely;5;In progress;red\r\n".encode("cp1252"),
        "l.csv",
    )
    (line,) = found.lines
    assert (line.what, line.state, line.values["probability"], line.values["impact"]) == ("new", "mitigating", 4, 5)
    assert found.ignored == ["Colour"]


def test_two_thousand_rows_are_planned_in_two_queries_and_imported(project, cast):
    for number in range(5):
        raise_item(project, "risk", title=f"Old {number}", by=cast.priya)
    rows = [(f"R-{n}", "Risk", f"New title {n}") for n in range(1, 6)]
    rows += [("", "Risk", f"Row {n}") for n in range(MOST_ROWS - 5)]
    read = read_sheet(upload(a_book(*rows, header=("ID", "Type", "Title"))))
    fresh = Project.objects.get(pk=project.pk)
    assert fresh.board.seats
    with CaptureQueriesContext(connection) as asked:
        found = plan(fresh, read)
    assert (len(asked), found.count("new"), found.count("changed")) == (1, MOST_ROWS - 5, 5)
    done = take(project, a_book(*rows, header=("ID", "Type", "Title")), cast.priya)
    assert (done.count("new"), RaidItem.objects.filter(project=project).count()) == (MOST_ROWS - 5, MOST_ROWS)
    assert RaidItem.objects.order_by("-number").first().number == MOST_ROWS


def test_a_sheet_that_cannot_be_read_is_a_refusal(project):
    with pytest.raises(SheetRefused):
        read_sheet(upload(b"nothing", "log.csv"))


def test_the_empty_layout(priya, project):
    written = openpyxl.load_workbook(io.BytesIO(priya.get(reverse("raid-import-empty", args=[project.code])).content))
    assert [[cell.value for cell in row] for row in written["RAID"].iter_rows()] == [list(HEADER)]
