"""The pages of the workbook: what they show, what they refuse and how, and to whom they do not exist."""

from __future__ import annotations

import datetime as dt
import io
import re

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.workbook.conftest import place
from tests.workbook.test_sheet import xlsx
from transitions.moves import perform
from workbook.cases import change_case, set_criteria
from workbook.defects import NewDefect, record_case
from workbook.models import Case, Defect, Result, Run, Suite
from workbook.runs import record_result


@pytest.fixture
def priya(cast) -> Client:
    client = Client()
    client.force_login(cast.priya)
    return client


def as_(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def at(project, name, *args) -> str:
    return reverse(name, args=[project.code, *args])


def text(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def test_outside_and_strangers_find_nothing(project, cast, write, begin):
    write(1)
    run = begin()
    result = record_case(
        place(run, 1), "failed", note="x", by=cast.priya, defect=NewDefect("d", 1),
        files=[SimpleUploadedFile("a.log", b"x")],
    )  # fmt: skip
    addresses = [
        at(project, "workbook"), at(project, "case", 1), at(project, "new-case", "sit"), at(project, "exit-criteria", "sit"),
        at(project, "suite", Suite.objects.get().pk), at(project, "cases-template"), at(project, "export-cases", "sit", "csv"),
        at(project, "import-cases", "sit"), at(project, "start-run", "sit"), at(project, "run", run.pk),
        at(project, "run-case", run.pk, 1), at(project, "run-results", run.pk, "xlsx"), at(project, "defects"),
        at(project, "defect", Defect.objects.get().pk),
    ]  # fmt: skip
    for who, status in ((cast.bo, 404), (cast.pat, 404), (cast.mallory, 404), (cast.arun, 200), (cast.priya, 200)):
        client = as_(who)
        assert {address: client.get(address).status_code for address in addresses} == dict.fromkeys(addresses, status)
    posts = {
        at(project, "run-case", run.pk, 1): {"outcome": "passed", "seen": result.pk},
        at(project, "move-run", run.pk): {"move": "close_run", "revision": 0},
        at(project, "take-starter-set"): {"kind": "sit"},
        at(project, "move-case", 1): {"act": "retire"},
        at(project, "move-defect", Defect.objects.get().pk): {"move": "close_defect", "note": "x", "revision": 0},
    }
    for who, status in ((cast.bo, 404), (cast.mallory, 404), (cast.arun, 403)):
        client = as_(who)
        assert {a: client.post(a, data).status_code for a, data in posts.items()} == dict.fromkeys(posts, status)
    assert Result.objects.count() == 1


def test_an_empty_workbook_says_what_to_do(project, cast, priya):
    assert "No SIT cases yet" in text(priya.get(at(project, "workbook")))
    assert "Import cases" not in text(as_(cast.arun).get(at(project, "workbook")))


def test_write_a_case_in_a_new_suite_and_change_it(project, cast, priya):
    sent = {"new_suite": "Invoices", "title": "A new one", "steps": "1. Do", "mandatory": "on", "revision": 0}
    response = priya.post(at(project, "new-case", "sit"), sent, follow=True)
    assert "T-1 is added" in text(response)
    both = priya.post(at(project, "new-case", "sit"), sent | {"suite": Suite.objects.get().pk})
    assert (both.status_code, Case.objects.count()) == (400, 1)

    case = Case.objects.get()
    now = {"suite": case.suite_id, "title": "Changed", "mandatory": "on", "revision": 0}
    assert priya.post(at(project, "case", 1), now).status_code == 302
    assert (Case.objects.get().title, Case.objects.get().steps) == ("Changed", "")


def test_the_late_see_both_values_and_may_save_theirs(project, cast, priya, write):
    case = write(1)[0]
    texts = {"title": "Theirs", "preconditions": "Before", "steps": "Do", "expected": "After"}
    change_case(case, suite=case.suite, revision=0, mandatory=True, by=cast.sofia, **texts)
    sent = {"suite": case.suite_id, **texts, "title": "Mine", "mandatory": "on", "revision": 0}
    response = priya.post(at(project, "case", 1), sent)
    assert response.status_code == 409
    assert '<th scope="row">Case</th><td>Theirs</td><td>Mine</td>' in text(response)
    assert 'name="revision" value="1"' in text(response)
    assert 'value="Mine"' in text(response)
    assert priya.post(at(project, "case", 1), sent | {"revision": 1}).status_code == 302
    assert Case.objects.get().title == "Mine"


def test_order_and_retire_by_buttons(project, priya, write):
    write(2)
    assert priya.post(at(project, "move-case", 2), {"act": "up"}).status_code == 302
    assert list(Case.objects.order_by("position").values_list("number", flat=True)) == [2, 1]
    assert priya.post(at(project, "move-case", 2), {"act": "retire"}).status_code == 302
    page = text(priya.get(at(project, "workbook") + "?retired=on"))
    assert "T-2" in page
    assert "T-1 " not in page
    assert priya.post(at(project, "move-case", 2), {"act": "burn"}).status_code == 400


def test_exit_criteria_page(project, cast, priya):
    set_criteria(project, "sit", share_passed=90, revision=0, by=cast.sofia)
    late = priya.post(at(project, "exit-criteria", "sit"), {"share_passed": 95, "revision": 0})
    assert late.status_code == 409
    assert "<td>90</td><td>95</td>" in text(late)
    assert priya.post(at(project, "exit-criteria", "sit"), {"share_passed": 101, "revision": 1}).status_code == 400
    assert priya.post(at(project, "exit-criteria", "sit"), {"share_passed": 95, "revision": 1}).status_code == 302


def test_import_is_looked_at_first_and_then_done(project, priya, write):
    write(1)
    data = xlsx(("T-1", "Invoices", "Changed"), ("", "Refunds", "A refund"))
    shown = priya.post(at(project, "import-cases", "sit"), {"file": SimpleUploadedFile("cases.xlsx", data)})
    assert shown.status_code == 200
    page = text(shown)
    assert all(words in page for words in ("1 new", "1 changed", "0 unchanged", "Suites to be made: Refunds"))
    assert Case.objects.count() == 1

    sent = dict(re.findall(r'name="(draft|fingerprint)" value="([^"]+)"', page))
    done = priya.post(at(project, "apply-import", "sit"), sent, follow=True)
    assert "Imported: 1 new, 1 changed" in text(done)
    assert Case.objects.count() == 2
    again = priya.post(at(project, "apply-import", "sit"), sent)
    assert (again.status_code, Case.objects.count()) == (400, 2)
    assert "imported already" in text(again)
    assert priya.post(at(project, "apply-import", "sit"), {"draft": "x"}).status_code == 400


def test_what_changed_since_the_preview_is_looked_at_again(project, cast, priya, write):
    case = write(1)[0]
    data = xlsx(("T-1", "Invoices", "Theirs"))
    page = text(priya.post(at(project, "import-cases", "sit"), {"file": SimpleUploadedFile("cases.xlsx", data)}))
    asked = r'name="(draft|fingerprint)" value="([^"]+)"'
    texts = {"preconditions": "", "steps": "", "expected": "", "suite": case.suite, "mandatory": True}
    change_case(case, revision=0, by=cast.sofia, title="Mine", **texts)
    late = priya.post(at(project, "apply-import", "sit"), dict(re.findall(asked, page)))
    assert (late.status_code, Case.objects.get().title) == (409, "Mine")
    assert "changed since the preview" in text(late)
    change_case(case, revision=1, by=cast.sofia, title="Theirs", **texts)
    idle = priya.post(at(project, "apply-import", "sit"), dict(re.findall(asked, text(late))))
    assert (idle.status_code, re.findall(asked, text(idle))) == (409, [])
    change_case(case, revision=2, by=cast.sofia, title="Mine", **texts)
    assert priya.post(at(project, "apply-import", "sit"), dict(re.findall(asked, text(late)))).status_code == 409


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("cases.xlsx", b"MZ\x00\x00", "neither a spreadsheet"),
        ("cases.xlsx", b"", "empty"),
        ("cases.csv", b"Suite,Case\nInvoices,\n", "B2: This field is required."),
        ("cases.pdf", b"Suite,Case\nInvoices,One\n", "not what its name says"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(project, priya, name, data, words):
    response = priya.post(at(project, "import-cases", "sit"), {"file": SimpleUploadedFile(name, data)})
    assert response.status_code == 400
    assert words in text(response)
    assert Case.objects.count() == 0


def test_start_a_run_record_and_go_on_to_the_next(project, cast, priya, write):
    write(3)
    sent = {"build": "1.0", "environment": "Test", "due": "2026-12-01", "cases": "all"}
    started = priya.post(at(project, "start-run", "sit"), sent)
    run = Run.objects.get()
    assert (started.status_code, started["Location"], run.due) == (
        302,
        at(project, "run", run.pk),
        dt.date(2026, 12, 1),
    )
    assert priya.post(at(project, "start-run", "sit"), sent).status_code == 409

    first = at(project, "run-case", run.pk, 1)
    log = SimpleUploadedFile("feed.log", b"no rows")
    found = {"defect_title": "No invoice", "severity": 1, "link": "https://tracker.example/1"}
    recorded = as_(cast.sofia).post(
        first, {"outcome": "failed", "note": "Nothing came.", "seen": 0, "evidence": log, **found}
    )
    assert (recorded.status_code, recorded["Location"]) == (302, at(project, "run-case", run.pk, 2))
    result = Result.objects.get()
    assert (result.by, result.note, result.defects.get().severity) == (cast.sofia, "Nothing came.", 1)
    kept = priya.get(at(project, "run-file", result.files.get().pk))
    assert (b"".join(kept.streaming_content), kept["Content-Disposition"]) == (
        b"no rows",
        'attachment; filename="feed.log"',
    )

    no_reason = priya.post(at(project, "run-case", run.pk, 2), {"outcome": "failed", "seen": 0})
    assert no_reason.status_code == 400
    assert "Say what happened instead of what was expected." in text(no_reason)
    half = priya.post(at(project, "run-case", run.pk, 2), {"outcome": "failed", "note": "x", "seen": 0, "severity": 2})
    assert half.status_code == 400
    assert "Give the defect a title." in text(half)
    assert priya.post(at(project, "run-case", run.pk, 2), {"outcome": "passed", "seen": 0})["Location"].endswith(
        "cases/3"
    )
    assert priya.post(at(project, "run-case", run.pk, 3), {"outcome": "passed", "seen": 0})["Location"] == at(
        project, "run", run.pk
    )


def test_who_is_late_with_a_result_sees_the_other_one(project, cast, priya, write, begin):
    write(1)
    run = begin()
    theirs = record_result(place(run, 1), "failed", note="No rows", by=cast.sofia)
    late = priya.post(at(project, "run-case", run.pk, 1), {"outcome": "passed", "note": "Fine", "seen": 0})
    assert late.status_code == 409
    page = text(late)
    assert '<th scope="row">Outcome</th><td>Failed</td><td>Passed</td>' in page
    assert '<th scope="row">Recorded by</th><td>Sofia Reyes</td>' in page
    assert f'name="seen" value="{theirs.pk}"' in page
    assert "Fine</textarea>" in page
    assert priya.post(at(project, "run-case", run.pk, 1), {"outcome": "passed", "seen": theirs.pk}).status_code == 302


def test_a_closed_run_refuses_with_its_reason(project, cast, priya, write, begin):
    write(2)
    run = begin("passed")
    stale = priya.post(at(project, "move-run", run.pk), {"move": "close_run", "revision": 9})
    assert stale.status_code == 409
    assert priya.post(at(project, "move-run", run.pk), {"move": "abandon_run", "revision": 0}).status_code == 409
    assert priya.post(at(project, "move-run", run.pk), {"move": "close_run", "revision": 0}).status_code == 302
    response = priya.post(at(project, "run-case", run.pk, 2), {"outcome": "passed", "seen": 0})
    assert response.status_code == 409
    assert "SIT run 1 is closed: it takes no more results." in text(response)
    assert "data-record" not in text(priya.get(at(project, "run-case", run.pk, 2)))


def test_the_run_says_its_verdict_and_why(project, cast, priya, write, begin):
    write(3)
    run = begin("passed", "failed")
    page = text(priya.get(at(project, "run", run.pk)))
    assert all(
        words in page
        for words in (
            "1 of 3 passed or waived", "Exit criteria not met", "SIT run 1 is still open", "(33 %); 100 % is asked",
            "T-2 “Case 2” failed", "T-3 “Case 3” is mandatory and was not run",
        )
    )  # fmt: skip
    only = text(priya.get(at(project, "run", run.pk) + "?outcome=failed"))
    assert (">Case 2</a>" in only, ">Case 1</a>" in only) == (True, False)

    record_result(place(run, 2), "passed", by=cast.sofia)
    record_result(place(run, 3), "waived", note="Agreed", by=cast.priya)
    perform(run, "close_run", by=cast.priya)
    assert "Exit criteria met" in text(priya.get(at(project, "run", run.pk)))


def test_pictures_are_said_in_words_and_in_tables(project, cast, priya, write, begin):
    write(2)
    run = begin("passed")
    record_case(place(run, 2), "failed", note="x", defect=NewDefect("d", 2), by=cast.sofia)
    page = text(priya.get(at(project, "run", run.pk)))
    assert 'aria-label="SIT run 1: 1 passed, 1 failed"' in page
    assert "The same by day" in page
    assert "2 of 2 cases run and 1 passed or waived" in page
    assert 'aria-label="1 open, 0 closed"' in page
    assert "style=" not in page


def test_the_projects_page_shows_the_run_that_counts(project, cast, priya, write, begin):
    assert "No run yet" in text(priya.get(at(project, "project")))
    write(2)
    begin("passed")
    page = text(priya.get(at(project, "project")))
    assert all(words in page for words in ("SIT run 1", "Not met", "1 passed, 1 untested", at(project, "workbook")))


def test_defects_are_listed_changed_closed_and_opened_again(project, cast, priya, write, begin):
    assert "No defects" in text(priya.get(at(project, "defects")))
    write(1)
    record_case(place(begin(), 1), "failed", note="x", defect=NewDefect("No invoice", 1), by=cast.sofia)
    defect = Defect.objects.get()
    one, move = at(project, "defect", defect.pk), at(project, "move-defect", defect.pk)
    assert priya.post(one, {"title": "None", "severity": 2, "link": "", "revision": 0}).status_code == 302
    late = priya.post(one, {"title": "x", "severity": 4, "link": "", "revision": 0})
    assert late.status_code == 409
    assert "<td>None</td><td>x</td>" in text(late)
    assert priya.post(one, {"title": "x", "severity": 9, "link": "javascript:x", "revision": 1}).status_code == 400
    assert priya.post(move, {"move": "close_defect", "revision": 1}).status_code == 409
    assert priya.post(move, {"move": "close_defect", "note": "Mended in 1.1", "revision": 1}).status_code == 302
    assert "Mended in 1.1" in text(priya.get(one))
    assert "None is open" in text(priya.get(at(project, "defects") + "?state=open"))
    assert priya.post(move, {"move": "reopen_defect", "note": "Again", "revision": 2}).status_code == 302
    assert Defect.objects.get().state == "open"


def test_results_as_a_file(project, cast, priya, write, begin):
    write(2)
    run = begin("passed")
    record_case(place(run, 2), "failed", note="=cmd|x", defect=NewDefect("No invoice", 2), by=cast.sofia)
    made = openpyxl.load_workbook(io.BytesIO(priya.get(at(project, "run-results", run.pk, "xlsx")).content))
    assert made.sheetnames == ["Results", "Defects", "Summary", "About"]
    rows = list(made["Results"].iter_rows(values_only=True))
    assert rows[0][:3] + rows[0][7:9] == ("ID", "Suite", "Case", "Outcome", "Tester")
    assert [row[:3] + row[7:9] + row[10:12] for row in rows[1:]] == [
        ("T-1", "Invoices", "Case 1", "Passed", "Priya Nair", "Because.", None),
        ("T-2", "Invoices", "Case 2", "Failed", "Sofia Reyes", "=cmd|x", "2: No invoice"),
    ]
    assert isinstance(rows[1][9], dt.datetime)
    assert made["Defects"]["A2"].value == "No invoice"
    summary = dict(made["Summary"].iter_rows(min_row=2, values_only=True))
    assert (summary["Share passed, per cent"], summary["Exit criteria"]) == (50, "Not met")
    sent = b"".join(priya.get(at(project, "run-results", run.pk, "csv")).streaming_content).decode("utf-8-sig")
    assert "'=cmd|x" in sent
    assert priya.get(at(project, "run-results", run.pk, "pdf")).status_code == 404


def test_the_history_names_what_changed(project, cast, priya, write, begin):
    write(1)
    run = begin("passed")
    perform(run, "close_run", by=cast.priya)
    set_criteria(project, "sit", share_passed=95, revision=0, by=cast.priya)
    page = text(priya.get(at(project, "project-history")))
    assert all(
        words in page for words in (f"SIT run 1, {project.code}", "T-1 Case 1", "Invoices (SIT)", "Exit criteria")
    )
    assert at(project, "run", run.pk) in page


@pytest.mark.parametrize(
    "query", ["kind=x&page=-1&suite=abc&outcome=%00", "page=99999999", "kind=uat&runs=all", "suite=987654"]
)
def test_nonsense_in_the_address_is_passed_over(project, priya, write, begin, query):
    write(1)
    run = begin()
    for name, args in (("workbook", ()), ("run", (run.pk,)), ("defects", ())):
        assert priya.get(at(project, name, *args) + "?" + query).status_code == 200
    for address in (
        at(project, "start-run", "both"),
        at(project, "export-cases", "sit", "pdf"),
        at(project, "run-case", run.pk, 99),
    ):
        assert priya.get(address).status_code == 404
