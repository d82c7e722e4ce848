"""Cases out to a spreadsheet and back: what comes back unchanged changes nothing, what is wrong is refused by cell."""

from __future__ import annotations

import io
import shutil
import subprocess

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from projects import sheet_drafts
from projects.models import SheetDraft, StoredFile
from sheets.reading import SheetRefused
from sheets.writing import Sheet, book, csv_response
from transitions.blockers import NotPermitted, StaleRow
from workbook.cases import NewCase, change_case, plain, set_retired
from workbook.models import Case, Suite
from workbook.sheet import (
    HEADER,
    SHEET,
    apply_import,
    export_rows,
    keep_import,
    plan_import,
    read_cases,
    template_sheets,
)  # fmt: skip

AWKWARD = (
    "=1+1",
    "-5 due",
    "+1",
    "@x",
    "'quoted",
    'a,b;c\t"d"',
    "two\nlines",
    "1.0",
    "007",
    "2026-01-05",
    "TRUE",
    "é – “ ”",
)


def xlsx(*rows, header=HEADER) -> bytes:
    return book([Sheet(SHEET, header, rows)], about=[("x", "y")])


def csv(*rows, header=HEADER) -> bytes:
    return b"".join(csv_response("x.csv", header, rows).streaming_content)


def exported(project, kind="sit") -> bytes:
    return xlsx(*export_rows(project, kind))


def read(data, name="cases.xlsx"):
    return read_cases(SimpleUploadedFile(name, data))


def plan(project, data, name="cases.xlsx", kind="sit"):
    return plan_import(project, kind, read(data, name))


def keep(project, data, by, name="cases.xlsx", kind="sit"):
    table = read(data, name)
    return keep_import(project, kind, name, table, plan_import(project, kind, table), by=by)


def apply(project, data, by, name="cases.xlsx", kind="sit"):
    shown = plan(project, data, name, kind)
    draft = keep(project, data, by, name, kind)
    return apply_import(project, kind, draft.pk if draft else 0, fingerprint=shown.fingerprint, by=by)


@pytest.fixture
def awkward(project, write):
    """Cases whose texts a spreadsheet likes to take for something else."""
    case = write(len(AWKWARD))
    for row, text in zip(case, AWKWARD, strict=True):
        row.title, row.steps, row.expected = text.replace("\n", " "), text, f"{text}\n{text}"
    Case.objects.bulk_update(case, ["title", "steps", "expected"])
    return case


def test_new_changed_unchanged(project, cast, write):
    write(3)
    rows = [list(row) for row in export_rows(project, "sit")]
    rows[0][2] = "Another"
    rows[1][1] = "Balances"
    rows.append(["", "Refunds", "A refund", "", "1. Ask", "It comes", "No"])
    found = apply(project, xlsx(*rows), cast.priya)

    assert (len(found.added), len(found.changed), found.unchanged, found.suites) == (1, 2, 1, ["Refunds", "Balances"])
    assert [(c.case.code, c.differences) for c in found.changed] == [
        ("T-1", (("Case", "Case 1", "Another"),)), ("T-2", (("Suite", "Invoices", "Balances"),)),
    ]  # fmt: skip
    assert sorted(Case.objects.values_list("number", "title", "suite__title", "mandatory", "revision")) == [
        (1, "Another", "Invoices", True, 1), (2, "Case 2", "Balances", True, 1), (3, "Case 3", "Invoices", True, 0),
        (4, "A refund", "Refunds", False, 0),
    ]  # fmt: skip


def test_a_column_that_is_not_there_changes_nothing(project, cast, write):
    write(1, mandatory=False)
    data = csv(("T-1", "Invoices", "Another"), header=("ID", "Suite", "Case"))
    apply(project, data, cast.priya, "cases.csv")
    case = Case.objects.get()
    assert (case.title, case.steps, case.mandatory) == ("Another", "Do", False)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (("T-99", "Invoices", "x"), "A2: there is no case T-99 here. Leave the ID empty for a new one."),
        (("T-2", "Invoices", "x"), "A2: T-2 is a UAT case. Import it there."),
        (("T-3", "Invoices", "x"), "A2: T-3 is retired. Bring it back first."),
        (("", "", "x"), "B2: This field is required."),
        (("", "Invoices", ""), "C2: This field is required."),
        (("", "Invoices", "x" * 201), "C2: Ensure this value has at most 200 characters (it has 201)."),
        (("", "Invoices", "x", "", "x" * 8001), "E2: Ensure this value has at most 8000 characters (it has 8001)."),
        (("", "Invoices", "x", "", "", "", "perhaps"), "G2: “perhaps” is neither Yes nor No."),
    ],
)
def test_what_is_wrong_is_refused_by_its_cell(project, cast, write, row, problem):
    write(1), write(1, kind="uat")
    set_retired(write(1, suite="Old")[0], True, by=cast.priya)
    data = xlsx(row)
    assert plan(project, data).problems == [problem]
    assert keep(project, data, cast.priya) is None
    kept = sheet_drafts.keep(project, "cases-sit", "x.xlsx", read(data), by=cast.priya)
    with pytest.raises(ValidationError) as refused:
        apply_import(project, "sit", kept.pk, fingerprint="", by=cast.priya)
    assert refused.value.messages == [problem]
    assert Case.objects.count() == 3


def test_the_cell_is_where_the_file_has_the_column(project):
    data = csv(("Case", ""), header=("Case", "Suite"))
    assert plan(project, data, "x.csv").problems == ["B2: This field is required."]


def test_an_id_twice(project, write):
    write(1)
    assert plan(project, xlsx(("T-1", "Invoices", "x"), ("t-1", "Invoices", "y"))).problems == [
        "A3: T-1 is in the file twice."
    ]


def test_rows_that_would_be_there_twice_are_told(project, write):
    write(1)
    assert plan(project, xlsx(("", "Invoices", "Case 1"))).twins == 1


def test_formulas_headings_and_emptiness(project):
    made = openpyxl.Workbook()
    made.active.append(["Suite", "Case"])
    made.active.append(["Invoices", "=1+1"])
    out = io.BytesIO()
    made.save(out)
    for data, words in (
        (out.getvalue(), "B2: a formula"),
        (xlsx(), "no case under"),
        (csv(("x",), header=("Case",)), "missing"),
    ):
        with pytest.raises(SheetRefused, match=words):
            plan(project, data)


def test_the_template_can_be_imported(project, cast):
    data = book(template_sheets(), about=[("x", "y")])
    assert len(apply(project, data, cast.priya).added) == 2
    assert sorted(Suite.objects.values_list("title", flat=True)) == ["Invoices", "Payments"]


def test_a_round_trip_changes_nothing(project, awkward):
    for data, name in ((exported(project), "x.xlsx"), (csv(*export_rows(project, "sit")), "x.csv")):
        found = plan(project, data, name)
        assert (found.problems, found.added, found.changed, found.unchanged) == ([], [], [], len(awkward)), name


def test_a_round_trip_through_openpyxl_changes_nothing(project, awkward):
    out = io.BytesIO()
    openpyxl.load_workbook(io.BytesIO(exported(project))).save(out)
    found = plan(project, out.getvalue())
    assert (found.problems, found.changed, found.unchanged) == ([], [], len(awkward))


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_a_round_trip_through_libreoffice_changes_nothing(project, awkward, tmp_path, ending):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "cases.xlsx").write_bytes(exported(project))
    how = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1" if ending == "csv" else "xlsx"
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", how,
         "--outdir", str(tmp_path), str(tmp_path / "in" / "cases.xlsx")],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    (data,) = [path.read_bytes() for path in tmp_path.glob(f"cases*.{ending}")]
    found = plan(project, data, f"cases.{ending}")
    assert (found.problems, [c.differences for c in found.changed], found.unchanged) == ([], [], len(awkward))


@given(text=st.text(max_size=200))
def test_plain_text_is_what_a_sheet_gives_back(text):
    kept = plain(text)
    assert plain(kept) == kept


def test_who_does_not_lead_imports_nothing(project, cast, write):
    write(1)
    data = xlsx(("", "Refunds", "x"))
    for who in (cast.tess, cast.bo, cast.mallory):
        with pytest.raises(NotPermitted):
            apply(project, data, who)
        with pytest.raises(NotPermitted):
            keep(project, data, who)
        with pytest.raises(NotPermitted):
            apply_import(project, "sit", 1, fingerprint="", by=who)
    assert Case.objects.count() == 1


def test_what_changed_since_the_preview_is_shown_anew(project, cast, write):
    case = write(1)[0]
    data = xlsx(("T-1", "Invoices", "Theirs"))
    shown, kept = plan(project, data), keep(project, data, cast.priya)
    texts = {"title": "Mine", "preconditions": "", "steps": "", "expected": ""}
    change_case(case, suite=case.suite, revision=0, mandatory=True, by=cast.sofia, **texts)
    with pytest.raises(StaleRow) as stale:
        apply_import(project, "sit", kept.pk, fingerprint=shown.fingerprint, by=cast.priya)
    assert stale.value.row.changed[0].differences[0] == ("Case", "Mine", "Theirs")
    assert Case.objects.get().title == "Mine"


def test_an_upload_is_found_again_by_who_looked_at_it_alone(project, cast, make_project):
    data = xlsx(("", "Refunds", "x"))
    shown, kept = plan(project, data).fingerprint, keep(project, data, cast.priya)
    other = make_project(biller="Ashby Gas")
    with pytest.raises(NotPermitted):
        apply_import(project, "sit", kept.pk, fingerprint=shown, by=cast.arun)
    for args, by in (((project, "sit"), cast.sofia), ((project, "uat"), cast.priya), ((other, "sit"), cast.priya)):
        with pytest.raises(ValidationError, match="run out"):
            apply_import(*args, kept.pk, fingerprint=shown, by=by)
    with pytest.raises(StaleRow):
        apply_import(project, "sit", kept.pk, fingerprint=shown + "x", by=cast.priya)
    apply_import(project, "sit", kept.pk, fingerprint=shown, by=cast.priya)
    assert Case.objects.count() == 1
    with pytest.raises(ValidationError, match="imported already"):
        apply_import(project, "sit", kept.pk, fingerprint=shown, by=cast.priya)
    assert (Case.objects.count(), SheetDraft.objects.count(), StoredFile.objects.count()) == (1, 0, 0)


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_in_any_code_that_is_read_is_imported(project, cast, code):
    data = "Suite;Case\r\nZahlungen;Prüfung – “100 €”\r\n"
    apply(project, data.encode(code), cast.priya, "cases.csv")
    assert list(Case.objects.values_list("suite__title", "title")) == [("Zahlungen", "Prüfung – “100 €”")]


def test_ten_thousand_cases_and_not_one_more(project, cast):
    rows = [
        ("", f"Suite {n % 20}", f"Case {n}", "Before", "1. Do\n2. Look", "It is there", "Yes") for n in range(10_000)
    ]
    apply(project, xlsx(*rows), cast.priya)
    assert Case.objects.count() == 10_000
    assert "10,000 SIT cases are the most" in plan(project, xlsx(rows[0])).problems[0]
    with pytest.raises(SheetRefused, match="More than 10,000 rows"):
        plan(project, xlsx(*rows, rows[0]))

    changed = Case.objects.filter(suite__title="Suite 7")
    apply(project, xlsx(*((case.code, "Suite 0", "Another", "", "", "", "No") for case in changed)), cast.priya)
    another = Case.objects.filter(suite__title="Suite 0", title="Another", mandatory=False)
    assert (changed.all().count(), another.count(), Case.objects.count()) == (0, 500, 10_000)


def test_a_new_case_is_what_the_row_says():
    assert NewCase("a", "b") == NewCase("a", "b", "", "", "", True)
