"""Runs: the text of their cases is pinned, results are added and never changed, and a closed run takes none."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from projects.models.archive import DecisionIsFinal
from tests.workbook.conftest import place
from transitions.blockers import MoveRefused, NotPermitted, StaleRow
from transitions.models import TransitionRecord
from transitions.moves import perform
from workbook.cases import change_case, set_retired
from workbook.defects import NewDefect, change_defect, defect_from, open_defect, record_case
from workbook.models import Defect, Result
from workbook.outcomes import facts_of, last_run, next_place, outcome_counts, to_run_again
from workbook.runs import RunRefused, record_result, start_run
from workbook.vocabulary import LONGEST_REASON, MOST_FILES


def test_a_run_keeps_the_text_of_its_cases(project, cast, write, begin):
    case = write(1)[0]
    run = begin("passed")
    texts = {"title": "Another", "preconditions": "", "steps": "", "expected": ""}
    change_case(case, suite=case.suite, revision=0, mandatory=False, by=cast.priya, **texts)
    pinned = run.cases.get()
    assert (pinned.title, pinned.steps, pinned.mandatory) == ("Case 1", "Do", True)
    pinned.title = "x"
    with pytest.raises(DecisionIsFinal):
        pinned.save()


def test_one_run_of_a_kind_is_open_at_a_time(project, cast, write, begin):
    write(1), write(1, kind="uat")
    run = begin()
    with pytest.raises(MoveRefused, match="SIT run 1 is still open"):
        begin()
    begin(kind="uat")
    perform(run, "close_run", by=cast.priya)
    assert begin().number == 2


def test_no_cases_no_run_and_retired_ones_stay_out(project, cast, write, begin):
    with pytest.raises(MoveRefused, match="no SIT cases"):
        begin()
    first, _ = write(2)
    set_retired(first, True, by=cast.priya)
    assert [case.case.code for case in begin().cases.all()] == ["T-2"]


@pytest.mark.parametrize(
    ("who", "kind", "may"),
    [
        ("priya", "sit", True), ("sofia", "sit", True), ("ingrid", "sit", True), ("adele", "sit", True), ("tess", "sit", False),
        ("mallory", "sit", False), ("bo", "sit", False), ("bo", "uat", True), ("pat", "uat", True), ("mallory", "uat", False),
    ],
)  # fmt: skip
def test_who_tests(project, cast, write, begin, who, kind, may):
    write(1, kind=kind)
    run = begin(kind=kind)
    if may:
        assert record_result(place(run, 1), "passed", by=getattr(cast, who)).by == getattr(cast, who)
    else:
        with pytest.raises(NotPermitted):
            record_result(place(run, 1), "passed", by=getattr(cast, who))


@pytest.mark.parametrize("outcome", ["waived", "not_applicable"])
def test_only_who_leads_waives_and_says_that_it_does_not_apply(project, cast, write, begin, outcome):
    write(1, kind="uat")
    run = begin(kind="uat")
    with pytest.raises(NotPermitted):
        record_result(place(run, 1), outcome, note="No.", by=cast.bo)
    assert record_result(place(run, 1), outcome, note="Agreed.", by=cast.priya).by == cast.priya


@pytest.mark.parametrize("outcome", ["failed", "blocked", "not_applicable", "waived"])
def test_these_are_said_with_a_reason(project, cast, write, begin, outcome):
    write(1)
    run = begin()
    with pytest.raises(ValidationError) as refused:
        record_result(place(run, 1), outcome, note="  ", by=cast.priya)
    assert list(refused.value.message_dict) == ["note"]


@pytest.mark.parametrize("outcome", ["untested", "great", ""])
def test_unknown_outcomes(project, cast, write, begin, outcome):
    write(1)
    with pytest.raises(ValidationError):
        record_result(place(begin(), 1), outcome, by=cast.priya)


def test_results_are_added_and_the_last_one_counts(project, cast, write, begin):
    write(1)
    run = begin("failed", None)
    last = record_result(place(run, 1), "passed", by=cast.sofia, seen=Result.objects.get().pk)
    assert [r.outcome for r in place(run, 1).results.order_by("pk")] == ["failed", "passed"]
    assert list(Result.objects.latest_of(run)) == [last]
    assert outcome_counts([run.pk]) == {run.pk: {"passed": 1}}
    assert [c.outcome for c in facts_of([run.pk], project.code)[run.pk]] == ["passed"]


def test_who_did_not_see_the_last_result_is_refused_with_it(project, cast, write, begin):
    write(1)
    run = begin()
    theirs = record_result(place(run, 1), "failed", note="x", by=cast.sofia, seen=0)
    with pytest.raises(StaleRow) as stale:
        record_result(place(run, 1), "passed", by=cast.priya, seen=0)
    assert (stale.value.row, Result.objects.count()) == (theirs, 1)


@pytest.mark.parametrize("move", ["close_run", "abandon_run"])
def test_a_run_that_has_ended_takes_no_results_and_no_defects(project, cast, write, begin, move):
    write(1)
    run = begin("failed")
    ended = perform(run, move, note="Enough.", by=cast.priya).row
    assert ended.ended_at is not None
    with pytest.raises(RunRefused, match="takes no more results"):
        record_result(place(run, 1), "passed", by=cast.priya)
    with pytest.raises(RunRefused):
        open_defect(Result.objects.get(), title="x", severity=1, by=cast.priya)
    with pytest.raises(MoveRefused):
        perform(ended, "close_run", by=cast.priya)


def test_who_tests_does_not_end_a_run_and_abandoning_asks_why(project, cast, write, begin):
    write(1)
    run = begin()
    for who in (cast.tess, cast.bo, cast.mallory):
        with pytest.raises(NotPermitted):
            perform(run, "close_run", by=who)
    with pytest.raises(MoveRefused, match="needs a reason"):
        perform(run, "abandon_run", by=cast.priya)


def test_evidence_is_kept_and_what_is_not_what_it_says_is_refused(project, cast, write, begin):
    write(1)
    run = begin()
    with pytest.raises(ValidationError, match="not what its name says"):
        record_result(place(run, 1), "passed", by=cast.priya, files=[SimpleUploadedFile("a.png", b"MZ no picture")])
    assert Result.objects.count() == 0
    log = SimpleUploadedFile("feed.log", b"10 rows")
    record_result(place(run, 1), "passed", by=cast.priya, files=[log])
    assert [kept.file.name for kept in Result.objects.get().files.all()] == ["feed.log"]
    many = [SimpleUploadedFile(f"{n}.log", b"x") for n in range(MOST_FILES + 1)]
    with pytest.raises(ValidationError, match="at most"):
        record_result(place(run, 1), "passed", by=cast.priya, files=many)
    with pytest.raises(ValidationError, match="characters"):
        record_result(place(run, 1), "failed", note="x" * (LONGEST_REASON + 1), by=cast.priya)


def test_a_result_and_its_defect_are_both_there_or_neither(project, cast, write, begin):
    write(1)
    run = begin()
    with pytest.raises(ValidationError):
        record_case(place(run, 1), "failed", note="x", defect=NewDefect("No link", 1, "ftp://x"), by=cast.sofia)
    assert Result.objects.count() == 0
    found = NewDefect("No invoice", 1, "https://tracker.example/1")
    record_case(place(run, 1), "failed", note="x", defect=found, by=cast.sofia)
    assert (Defect.objects.get().result, Defect.objects.get().opened_by) == (Result.objects.get(), cast.sofia)


def test_a_defect_closes_and_opens_again_with_words_on_the_projects_record(project, cast, write, begin):
    write(1)
    record_case(place(begin(), 1), "failed", note="x", defect=NewDefect("No invoice", 1), by=cast.sofia)
    defect = Defect.objects.get()
    with pytest.raises(NotPermitted):
        perform(defect, "close_defect", note="x", by=cast.bo)
    with pytest.raises(MoveRefused):
        perform(defect, "close_defect", by=cast.sofia)
    closed = perform(defect, "close_defect", note="Mended in 1.1", by=cast.sofia).row
    perform(closed, "reopen_defect", note="Again", by=cast.priya)
    kept = TransitionRecord.objects.under(project).filter(move__endswith="_defect").order_by("pk")
    assert [(r.move, r.note) for r in kept] == [("close_defect", "Mended in 1.1"), ("reopen_defect", "Again")]


def test_a_stale_change_of_a_defect_is_refused(project, cast, write, begin):
    write(1)
    record_case(place(begin(), 1), "failed", note="x", defect=NewDefect("No invoice", 1), by=cast.sofia)
    defect = Defect.objects.get()
    perform(defect, "close_defect", note="Mended", by=cast.sofia)
    with pytest.raises(StaleRow):
        change_defect(defect, title="x", severity=4, link="", revision=0, by=cast.priya)
    with pytest.raises(NotPermitted):
        change_defect(defect, title="x", severity=4, link="", revision=1, by=cast.mallory)


def test_half_a_defect_is_none():
    empty = {"defect_title": "", "severity": None, "link": ""}
    assert defect_from(empty) is None
    for half in ({"defect_title": "x"}, {"severity": 1}, {"link": "https://tracker.example/1"}):
        with pytest.raises(ValidationError):
            defect_from(empty | half)


def test_a_retest_takes_what_was_not_good_and_what_is_new(project, cast, write, begin):
    assert to_run_again(project.pk, "sit") == []
    cases = write(5)
    optional = write(1, suite="Balances", mandatory=False)[0]
    run = begin("passed", "failed", "waived", "not_applicable", None, "not_applicable")
    new = write(1, suite="Refunds")[0]
    perform(run, "close_run", by=cast.priya)
    again = to_run_again(project.pk, "sit")
    assert set(again) == {cases[1].pk, cases[3].pk, cases[4].pk, new.pk}
    assert optional.pk not in again

    second = start_run(project, "sit", build="1.1", environment="Test", by=cast.priya, only=again)
    assert second.cases.count() == 4
    perform(second, "abandon_run", note="Wrong build", by=cast.priya)
    assert last_run(project.pk, "sit") == run
    assert set(to_run_again(project.pk, "sit")) == set(again)


def test_the_next_case_is_one_that_waits(project, write, begin):
    write(4)
    run = begin("passed", None, "retest", "failed")
    assert [next_place(run, at) for at in (1, 2, 3, 4)] == [2, 3, 2, 2]
