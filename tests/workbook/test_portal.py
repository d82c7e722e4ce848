"""Testing by customers: what the pages show, what they take and refuse, and that nothing internal is told."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.mail import send
from accounts.models import OutgoingMail, User
from projects.models import Notice, Project, StoredFile
from projects.notice_kinds import NoticeKind
from projects.outside import outsider
from projects.outside_asks import Telling, asks
from projects.team import fill_seat
from tests.projects.reading import Page
from tests.projects.test_view_as_customer import alike
from tests.workbook.uat_scene import PNG, Uat, a_project, a_run, client_of, picture, write_cases
from transitions.blockers import Archived, NotPermitted, StaleRow
from transitions.moves import perform
from workbook.models import Defect, Result, ResultFile
from workbook.runs import RunRefused, record_result, start_run
from workbook.sign_off import sign_run
from workbook.tester import record_as_tester
from workbook.vocabulary import Kind, Severity

pytestmark = pytest.mark.django_db

TODAY = dt.date(2026, 11, 20)


@pytest.fixture
def uat(cast) -> Uat:
    return a_run(cast, due=dt.date(2026, 12, 4))


def get(person: User, address: str, status: int = 200) -> str:
    answer = client_of(person).get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return unescape(answer.content.decode())


def post(person: User, uat: Uat, position: int, outcome: str, **sent: Any) -> Any:
    """Send the form of a case as the person saw it, unless `seen` says otherwise."""
    last = Result.objects.filter(run_case=uat.case(position)).order_by("-pk").first()
    given = {"outcome": outcome, "note": "", "severity": "", "seen": last.pk if last else 0, **sent}
    return client_of(person).post(uat.url("uat-case", position), given)


def told(answer: Any) -> str:
    return Page(unescape(answer.content.decode())).text


# The pages.


def test_the_open_run_comes_first_with_how_far_it_is(uat, cast):
    perform(uat.run, "abandon_run", by=cast.priya, note="Wrong build")
    second = start_run(uat.project, Kind.UAT, build="2026.12", environment="Staging", by=cast.priya)
    record_result(second.cases.get(position=1), "passed", by=cast.bo)
    page = Page(get(cast.bo, reverse("uat", args=[uat.project.code])))
    assert page.headings == ["User acceptance tests", "UAT run 2", "Earlier runs"]
    assert "1 of 4 run 1 passed, 3 to test" in page.text
    assert page.links["Continue testing"].endswith("/uat/2/")
    assert any(words.startswith("UAT run 1") and words.endswith("Stopped") for words in page.links)


def test_a_project_without_a_run_has_an_empty_page(cast):
    project = a_project(cast)
    page = get(cast.bo, reverse("uat", args=[project.code]))
    assert Page(page).headings == ["User acceptance tests", "Nothing to test yet"]
    assert "User acceptance tests" not in get(cast.bo, project.get_absolute_url())


def test_a_run_leads_to_the_first_case_that_waits_and_lists_all(uat, cast):
    assert "Start testing" in Page(get(cast.bo, uat.url())).links
    uat.record(1, "passed", cast.bo)
    uat.record(2, "failed", cast.pat, "It hangs")
    page = Page(get(cast.bo, uat.url()))
    assert page.links["Continue testing"] == uat.url("uat-case", 3)
    assert {page.links[words] for words in page.links} >= {uat.url("uat-case", position) for position in (1, 2, 3, 4)}
    assert "Open a bill Bo Halvorsen" in page.text
    assert "Pay by card Pat Quinn" in page.text


def test_a_case_shows_what_to_do_numbered_once_and_who_was_there_before(uat, cast):
    uat.record(1, "failed", cast.pat, "It hangs at the card")
    html = get(cast.bo, uat.url("uat-case", 1))
    page = Page(html)
    assert page.headings == [
        "Open a bill",
        "Before you start",
        "Do this",
        "You should see",
        "What came of it?",
        "Recorded before",
    ]
    assert re.findall(r"<li>(.*?)</li>", html.partition('class="do"')[2].partition("</ol>")[0]) == [
        "Sign in", "Open the bill", "Press Pay",
    ]  # fmt: skip
    assert "Case 1 of 4" in page.text
    assert "It hangs at the card" in page.text
    assert "Pat Quinn" in page.text
    assert page.links["› Next"] == uat.url("uat-case", 2)


def test_the_inside_sees_the_same_pages_and_who_leads_may_test(uat, cast):
    for person in (cast.priya, cast.ivan, cast.sofia, cast.adele):
        assert "What came of it?" in Page(get(person, uat.url("uat-case", 1))).headings
    assert post(cast.priya, uat, 1, "passed").status_code == 302


# Recording.


def test_a_result_leads_to_the_next_case_that_waits(uat, cast):
    uat.record(2, "passed", cast.pat)
    assert post(cast.bo, uat, 1, "passed").headers["Location"] == uat.url("uat-case", 3)
    assert post(cast.bo, uat, 4, "passed").headers["Location"] == uat.url("uat-case", 3)
    assert post(cast.bo, uat, 3, "retest").headers["Location"] == uat.url()
    assert "Go on testing" in get(cast.bo, uat.url())
    answer = post(cast.bo, uat, 3, "passed")
    assert answer.headers["Location"] == uat.url()
    page = Page(get(cast.bo, uat.url()))
    assert "All done. Thank you." in page.headings
    assert [(result.outcome, result.by) for result in Result.objects.order_by("pk")][-1] == ("passed", cast.bo)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("failed", "Say what happened instead of what was expected."), ("blocked", "Say what keeps you from running it.")],
)
def test_fail_and_blocked_ask_what_happened(uat, cast, outcome, words):
    answer = post(cast.bo, uat, 1, outcome, severity="2", note="  ")
    assert answer.status_code == 400
    html = unescape(answer.content.decode())
    assert words in html
    assert 'href="#id_note"' in html
    assert re.search(r'<option value="2" selected', html)
    assert Result.objects.count() == 0


def test_what_was_typed_is_kept_when_it_is_refused(uat, cast):
    answer = post(cast.bo, uat, 1, "failed", note="It hangs at the card", pictures=picture("x.png", b"no picture"))
    html = unescape(answer.content.decode())
    assert answer.status_code == 400
    assert "It hangs at the card</textarea>" in html
    assert "its content is no .png" in html
    assert "Pictures have to be chosen again." in html
    assert (Result.objects.count(), StoredFile.objects.count()) == (0, 0)


@pytest.mark.parametrize("outcome", ["waived", "not_applicable", "untested", "", "passed\x00"])
def test_what_is_ours_to_say_is_not_taken_from_them(uat, cast, outcome):
    assert post(cast.bo, uat, 1, outcome, note="Not needed").status_code == 400
    with pytest.raises(ValidationError):
        record_as_tester(uat.case(1), outcome, by=cast.priya, note="Not needed")
    assert Result.objects.count() == 0


def test_pictures_are_kept_with_the_result(uat, cast):
    answer = post(cast.bo, uat, 1, "failed", note="It hangs", pictures=[picture("one.png"), picture("two.png")])
    assert answer.status_code == 302
    files = list(ResultFile.objects.order_by("pk"))
    assert [one.file.name for one in files] == ["one.png", "two.png"]
    page = Page(get(cast.bo, uat.url("uat-case", 1)))
    assert page.links["one.png"] == reverse("run-file", args=[uat.project.code, files[0].pk])


def test_five_pictures_at_most(uat, cast):
    answer = post(cast.bo, uat, 1, "failed", note="It hangs", pictures=[picture() for _ in range(6)])
    assert answer.status_code == 400
    assert "5 pictures at most go with one result." in told(answer)
    assert post(cast.bo, uat, 1, "failed", note="It hangs", pictures=[picture("empty.png", b"")]).status_code == 400
    assert StoredFile.objects.count() == 0


def test_a_picture_that_is_too_large_is_refused(uat, cast, settings):
    settings.UPLOAD_LIMIT = len(PNG) - 1
    answer = post(cast.bo, uat, 1, "failed", note="It hangs", pictures=[picture("large.png")])
    assert (answer.status_code, Result.objects.count(), StoredFile.objects.count()) == (400, 0, 0)
    assert "“large.png” is larger than" in told(answer)


def test_markup_is_taken_as_text(cast):
    project = a_project(cast)
    write_cases(project, Kind.UAT, 1, "<b>Suite</b>")
    project.cases.update(title="<script>1</script>", steps="<script>2</script>", expected="<img src=x>")
    run = start_run(project, Kind.UAT, build="<i>1</i>", environment="Staging", by=cast.priya)
    uat = Uat(cast, project, run.pk)
    assert post(cast.bo, uat, 1, "failed", note="<script>3</script>", severity="1").status_code == 302
    pages = (uat.url("uat-case", 1), uat.url(), uat.url("uat-sign"), project.get_absolute_url())
    for address in pages:
        html = client_of(cast.bo).get(address).content.decode().partition("<main")[2]
        assert [tag for tag in ("<script", "<img", "<b>Suite", "<i>1") if tag in html] == []
    assert "&lt;script&gt;3" in client_of(cast.bo).get(uat.url("uat-case", 1)).content.decode()


@pytest.mark.parametrize("severity", list(Severity))
def test_how_bad_it_is_opens_a_defect_with_the_result(uat, cast, severity):
    words = {1: "I cannot work", 2: "I can work, but only by a detour", 3: "It is a nuisance", 4: "It only looks wrong"}
    html = get(cast.bo, uat.url("uat-case", 1))
    assert f'<option value="{severity}">{words[severity]}</option>' in html
    assert post(cast.bo, uat, 1, "failed", note="It hangs\nAt the card", severity=severity).status_code == 302
    defect = Defect.objects.get()
    assert (defect.severity, defect.title, defect.state, defect.opened_by) == (severity, "It hangs", "open", cast.bo)
    assert defect.result == Result.objects.get()


def test_without_a_severity_there_is_no_defect_and_a_pass_takes_none(uat, cast):
    assert post(cast.bo, uat, 1, "failed", note="It hangs").status_code == 302
    answer = post(cast.bo, uat, 2, "passed", severity="1")
    assert answer.status_code == 400
    assert "How bad it is goes with Fail or Blocked." in told(answer)
    assert post(cast.bo, uat, 2, "failed", note="x", severity="9").status_code == 400
    assert (Defect.objects.count(), Result.objects.count()) == (0, 1)


def test_a_long_first_line_makes_a_title_that_fits(uat, cast):
    record_as_tester(uat.case(1), "failed", by=cast.bo, note="x" * 900, severity=3)
    assert len(Defect.objects.get().title) == 200


def test_somebody_who_was_quicker_is_shown_and_nothing_is_lost(uat, cast):
    theirs = uat.record(1, "failed", cast.pat, "It hangs")
    with pytest.raises(StaleRow):
        record_as_tester(uat.case(1), "passed", by=cast.bo, seen=0)
    answer = post(cast.bo, uat, 1, "passed", seen=0, note="Looks fine")
    html = unescape(answer.content.decode())
    assert (answer.status_code, Result.objects.count()) == (409, 1)
    both = Page(html.partition('class="conflict"')[2].partition("</section>")[0])
    assert [row.words for row in both.rows] == [
        ["Result", "Failed, by Pat Quinn", "Passed"], ["What happened", "It hangs", "Looks fine"],
    ]  # fmt: skip
    assert "Looks fine</textarea>" in html
    assert f'name="seen" value="{theirs.pk}"' in html
    assert post(cast.bo, uat, 1, "passed", note="Looks fine").status_code == 302
    assert [result.outcome for result in uat.case(1).results.order_by("pk")] == ["failed", "passed"]


@pytest.mark.parametrize("seen", ["", "x", "-1", str(2**70)])
def test_a_form_that_says_not_what_it_showed_is_refused(uat, cast, seen):
    assert post(cast.bo, uat, 1, "passed", seen=seen).status_code == 400
    assert Result.objects.count() == 0


def test_a_result_that_never_was_is_a_conflict(uat, cast):
    assert post(cast.bo, uat, 1, "passed", seen=987654).status_code == 409
    assert Result.objects.count() == 0


def test_a_closed_run_takes_no_more_and_says_where_to_go(uat, cast):
    uat.all_pass(cast.bo)
    uat.close()
    page = Page(get(cast.bo, uat.url("uat-case", 1)))
    assert "This run is closed: it takes no more results." in page.text
    assert page.links["See what it came to"] == uat.url("uat-sign")
    answer = post(cast.bo, uat, 1, "failed", note="Too late")
    assert answer.status_code == 409
    assert "UAT run 1 is closed: it takes no more results." in told(answer)
    assert Result.objects.filter(outcome="failed").count() == 0


def test_a_stopped_run_takes_no_more(uat, cast):
    perform(uat.run, "abandon_run", by=cast.priya, note="sekret-abandoned")
    page = Page(get(cast.bo, uat.url("uat-case", 1)))
    assert page.links["See the other runs"] == reverse("uat", args=[uat.project.code])
    assert post(cast.bo, uat, 1, "passed").status_code == 409
    assert "sekret" not in get(cast.bo, uat.url())


def archive(project: Project) -> None:
    """Complete a project as nobody can from where it is: only its row."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE projects_project SET standing = 'complete' WHERE id = %s", [project.pk])


def test_an_archived_project_takes_nothing(uat, cast):
    archive(uat.project)
    assert "The project is complete" in get(cast.bo, uat.url("uat-case", 1))
    assert post(cast.bo, uat, 1, "passed").status_code == 409
    with pytest.raises(Archived):
        record_as_tester(uat.case(1), "failed", by=cast.bo, note="x", severity=1, files=[picture()])
    assert (Result.objects.count(), Defect.objects.count(), StoredFile.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ("bo", 302),
        ("pat", 302),
        ("priya", 302),
        ("ivan", 302),
        ("sofia", 302),
        ("adele", 302),
        ("mallory", 404),
        ("dele", 404),
    ],
)
def test_who_tests(uat, cast, person, status):
    assert post(getattr(cast, person), uat, 1, "passed").status_code == status


def test_somebody_inside_who_only_looks_does_not_test(cast):
    uat = a_run(cast, SA=cast.arun)
    assert "The customer’s people test here" in get(cast.arun, uat.url("uat-case", 1))
    assert post(cast.arun, uat, 1, "passed").status_code == 403
    with pytest.raises(NotPermitted):
        record_as_tester(uat.case(1), "passed", by=cast.arun)


def test_a_seat_withdrawn_while_the_page_is_open_shuts_it(uat, cast):
    bo = client_of(cast.bo)
    assert bo.get(uat.url("uat-case", 1)).status_code == 200
    seat = next(seat.id for seat in uat.project.board.seats if seat.role.code == "B")
    fill_seat(Project.objects.get(pk=uat.project.pk), seat, None, by=cast.priya)
    assert bo.post(uat.url("uat-case", 1), {"outcome": "passed", "seen": 0}).status_code == 404
    assert Result.objects.count() == 0


# Evidence.


def test_evidence_goes_out_as_an_attachment_to_who_sees_the_run(uat, cast):
    post(cast.bo, uat, 1, "failed", note="It hangs", pictures=picture())
    address = reverse("run-file", args=[uat.project.code, ResultFile.objects.get().pk])
    for person in (cast.bo, cast.pat, cast.priya, cast.sofia):
        answer = client_of(person).get(address)
        assert (answer.status_code, b"".join(answer.streaming_content)) == (200, PNG)
        assert answer.headers["Content-Disposition"].startswith("attachment")
    for person in (cast.mallory, cast.dele):
        assert client_of(person).get(address).status_code == 404


def test_evidence_of_another_project_of_sit_and_of_ours_is_not_there_for_them(uat, cast):
    other = a_run(cast, B=None, CIS=None)
    foreign = other.record(1, "failed", cast.priya, "x", files=[picture()])
    write_cases(uat.project, Kind.SIT, 1)
    sit = start_run(uat.project, Kind.SIT, build="1", environment="Test", by=cast.priya)
    inside = record_result(sit.cases.get(), "failed", by=cast.priya, note="x", files=[picture()])
    ours = uat.record(1, "failed", cast.priya, "x", files=[picture()])
    for result, project in (
        (foreign, uat.project),
        (foreign, other.project),
        (inside, uat.project),
        (ours, uat.project),
    ):
        address = reverse("run-file", args=[project.code, result.files.get().pk])
        assert client_of(cast.bo).get(address).status_code == 404
    assert (
        client_of(cast.priya).get(reverse("run-file", args=[uat.project.code, inside.files.get().pk])).status_code
        == 200
    )
    assert client_of(cast.bo).get(reverse("run-file", args=[uat.project.code, 2**70])).status_code == 404


# What waits for them.


def waiting(uat: Uat, person: User) -> list[tuple[str, str, str, dt.date | None]]:
    telling = Telling(Project.objects.get(pk=uat.project.pk), outsider(person), TODAY)
    return [(ask.title, ask.link, ask.button, ask.due) for ask in asks(telling, []) if ask.link.startswith("uat/")]


def test_an_open_run_waits_for_everybody_outside_until_all_is_run(uat, cast):
    assert waiting(uat, cast.bo) == waiting(uat, cast.pat) == [("Test 4 cases", "uat/1/", "Start testing", uat.run.due)]
    uat.record(1, "passed", cast.pat)
    uat.record(2, "waived", cast.priya, "Later")
    uat.record(3, "failed", cast.bo, "It hangs")
    assert waiting(uat, cast.bo) == [("Test 1 case", "uat/1/", "Continue testing", uat.run.due)]
    uat.record(4, "blocked", cast.bo, "No card")
    assert waiting(uat, cast.bo) == []


def test_a_closed_run_waits_for_who_signs_for_the_biller_alone(uat, cast):
    uat.record(1, "failed", cast.bo, "It hangs")
    uat.close()
    assert waiting(uat, cast.bo) == [("Sign UAT run 1", "uat/1/sign", "Read and decide", None)]
    assert waiting(uat, cast.pat) == []
    page = Page(get(cast.bo, uat.project.get_absolute_url()))
    assert page.headings[1] == "Sign UAT run 1"
    assert "UAT run 1 is closed: 1 failed, 3 to test." in page.text


def test_a_stopped_run_waits_for_nobody_and_counts_for_nothing(uat, cast):
    perform(uat.run, "abandon_run", by=cast.priya, note="Wrong build")
    assert waiting(uat, cast.bo) == []
    assert "UAT run 1" not in get(cast.bo, uat.project.get_absolute_url())


def test_a_project_on_hold_asks_for_nothing(uat, cast):
    perform(Project.objects.get(pk=uat.project.pk), "hold", by=cast.priya, note="Budget")
    assert waiting(uat, cast.bo) == []


# Who hears of it.


def test_the_customer_s_people_hear_that_a_run_waits(cast, django_capture_on_commit_callbacks):
    project = a_project(cast)
    with django_capture_on_commit_callbacks(execute=True):
        uat = a_run(cast, project=project, due=dt.date(2026, 12, 4))
    notices = Notice.objects.filter(kind=NoticeKind.RUN_ASKED)
    assert {(notice.person, notice.address, notice.text) for notice in notices} == {
        (person, uat.url(), "UAT run 1 waits for you to test.") for person in (cast.bo, cast.pat)
    }
    mails = [mail for mail in outbox.outbox if "Please test" in mail.subject]
    assert sorted(mail.to[0] for mail in mails) == ["bo@example.org", "pat@example.org"]
    assert "asks you to test 4 cases by Dec 4, 2026" in mails[0].body
    assert "/link/" in mails[0].body
    for inside in (cast.ivan, cast.sofia, cast.ingrid):
        assert inside.name not in mails[0].body
        assert inside.email not in mails[0].body


def test_sit_is_told_to_nobody_outside(cast):
    project = a_project(cast)
    write_cases(project, Kind.SIT, 2)
    run = start_run(project, Kind.SIT, build="sekret", environment="Test", by=cast.priya)
    perform(run, "close_run", by=cast.priya)
    assert Notice.objects.filter(address__contains="uat").count() == 0
    assert OutgoingMail.objects.filter(kind__in=["uat_asked", "uat_to_sign"]).count() == 0


def test_who_signs_hears_that_a_run_is_closed(uat, cast):
    uat.close()
    notice = Notice.objects.get(kind=NoticeKind.APPROVAL_ASKED)
    assert (notice.person, notice.address) == (cast.bo, uat.url("uat-sign"))
    assert [mail.person for mail in OutgoingMail.objects.filter(kind="uat_to_sign")] == [cast.bo]


def test_a_run_that_is_closed_by_the_time_the_mail_goes_is_not_asked_for(uat, cast):
    mail = OutgoingMail.objects.filter(kind="uat_asked").first()
    assert mail is not None
    OutgoingMail.objects.filter(pk=mail.pk).update(sent_at=None, failed_at=None)
    uat.close()
    assert send(mail.pk) is False


def test_a_run_of_long_ago_is_no_news(cast):
    project = a_project(cast)
    write_cases(project, Kind.UAT, 1)
    long_ago = dt.datetime(2026, 1, 5, 15, tzinfo=dt.UTC)
    start_run(project, Kind.UAT, build="1", environment="Staging", by=cast.priya, now=long_ago)
    assert OutgoingMail.objects.filter(kind="uat_asked").count() == 0
    assert Notice.objects.filter(kind=NoticeKind.RUN_ASKED, heard_from=long_ago).count() == 2


# View as customer.


def content(html: str) -> str:
    found = re.search(r'<div class="outside">.*(?=</main>)', html, re.DOTALL)
    assert found is not None
    return found[0]


@pytest.mark.parametrize(("code", "person"), [("B", "bo"), ("CIS", "pat")])
@pytest.mark.parametrize("state", ["open", "closed", "signed"])
def test_view_as_customer_shows_the_same_byte_for_byte(uat, cast, code, person, state):
    if state != "open":
        uat.all_pass(cast.bo)
        uat.close()
    if state == "signed":
        sign_run(uat.run, "approved", by=cast.bo)
    seat = next(seat.id for seat in uat.project.board.seats if seat.role.code == code)
    base = reverse("project-as-customer", args=[uat.project.code, seat])
    theirs = alike(get(getattr(cast, person), uat.project.get_absolute_url()))
    assert "UAT run 1" in theirs
    assert alike(get(cast.priya, base)) == theirs
    for link in set(re.findall(r'href="(uat/[^"]*)"', theirs)):
        answer = client_of(cast.priya).get(base + link)
        assert (answer.status_code, answer.headers["Location"]) == (302, uat.project.get_absolute_url() + link)
        assert client_of(cast.priya).get(answer.headers["Location"]).status_code == 200
        assert client_of(cast.bo).get(base + link).status_code == 404


def test_an_empty_seat_is_seen_as_whoever_will_hold_it(uat, cast):
    uat.close()
    seat = next(seat.id for seat in uat.project.board.seats if seat.role.code == "B")
    fill_seat(Project.objects.get(pk=uat.project.pk), seat, None, by=cast.priya)
    assert "Sign UAT run 1" in get(cast.priya, reverse("project-as-customer", args=[uat.project.code, seat]))


# Nothing internal.


def test_nothing_internal_is_told(uat, cast):
    write_cases(uat.project, Kind.SIT, 2, "sekret-sit-suite")
    sit = start_run(uat.project, Kind.SIT, build="sekret-sit", environment="sekret-where", by=cast.priya)
    record_result(sit.cases.get(position=1), "failed", by=cast.sofia, note="sekret-sit-note")
    uat.record(1, "waived", cast.priya, "sekret-waiver")
    uat.record(2, "not_applicable", cast.ivan, "sekret-na")
    ours = uat.record(3, "failed", cast.sofia, "sekret-ours", files=[picture("sekret-file.png")])
    Defect(project=uat.project, result=ours, title="sekret-defect", severity=1, opened_by=cast.sofia).save()
    uat.record(4, "passed", cast.bo)
    pages = [uat.project.get_absolute_url(), reverse("uat", args=[uat.project.code]), uat.url(), uat.url("uat-sign")]
    pages += [uat.url("uat-case", position) for position in (1, 2, 3, 4)]
    uat.close()
    for address in pages:
        for person in (cast.bo, cast.pat):
            text = get(person, address)
            assert "sekret" not in text, address
            assert set(re.findall(r"[\w.]+@example\.org", text)) == {person.email}
    for position in (1, 2):
        page = Page(get(cast.bo, uat.url("uat-case", position))).text
        assert "Not part of this test" in page
        assert "Ivan" not in page
        assert "Priya" not in page
    assert "Sofia Reyes" in Page(get(cast.bo, uat.url("uat-case", 3))).text  # whoever recorded stands there by name
    inside = get(cast.priya, uat.url("uat-case", 1)) + get(cast.priya, uat.url("uat-case", 3))
    assert {"sekret-waiver", "sekret-ours", "sekret-file.png"} <= set(re.findall(r"sekret-[\w.]+(?:-\w+)*", inside))
    body = "".join(mail.body for mail in outbox.outbox)
    assert "sekret" not in body


def test_a_case_that_is_not_part_of_the_test_takes_nothing_from_them(uat, cast):
    uat.record(1, "waived", cast.priya, "sekret-waiver")
    assert "This case is not part of this test any more." in get(cast.bo, uat.url("uat-case", 1))
    answer = post(cast.bo, uat, 1, "passed")
    assert answer.status_code == 409
    assert "sekret" not in answer.content.decode()
    with pytest.raises(RunRefused):
        record_as_tester(uat.case(1), "passed", by=cast.bo)
    assert post(cast.priya, uat, 1, "passed").status_code == 302


def test_a_conflict_tells_nothing_internal_either(uat, cast):
    uat.record(1, "failed", cast.sofia, "sekret-ours")
    answer = post(cast.bo, uat, 1, "passed", seen=0)
    assert answer.status_code == 409
    assert "sekret" not in answer.content.decode()
    assert "Failed, by Sofia Reyes" in told(answer)


def test_other_projects_sit_and_what_is_not_there_are_not_found(uat, cast):
    other = a_run(cast, 2, B=None, CIS=None)
    write_cases(uat.project, Kind.SIT, 1)
    start_run(uat.project, Kind.SIT, build="1", environment="Test", by=cast.priya)
    second = a_project(cast, CIS=None)
    write_cases(second, Kind.SIT, 1)
    start_run(second, Kind.SIT, build="1", environment="Test", by=cast.priya)
    code = uat.project.code
    addresses = [
        reverse("uat", args=[other.project.code]), other.url(), other.url("uat-case", 1), other.url("uat-sign"),
        reverse("uat-run", args=[code, 2]), reverse("uat-case", args=[code, 1, 99]), reverse("uat-case", args=[code, 2**70, 1]),
        reverse("uat-run", args=[second.code, 1]), reverse("uat-case", args=[second.code, 1, 1]),
        reverse("run-sign-off", args=[code, 1]),
    ]  # fmt: skip
    for address in addresses:
        get(cast.bo, address, 404)
    for address in (uat.url(), uat.url("uat-case", 1), uat.url("uat-sign"), reverse("uat", args=[code])):
        get(cast.mallory, address, 404)


# What it costs.


def costs(uat: Uat) -> dict[str, int]:
    found = {}
    pages = [uat.project.get_absolute_url(), reverse("uat", args=[uat.project.code]), uat.url(), uat.url("uat-case", 1)]
    for address in [*pages, uat.url("uat-sign")]:
        client = client_of(uat.cast.bo)
        client.get(address)
        with CaptureQueriesContext(connection) as caught:
            assert client.get(address).status_code == 200
        found[address.replace(uat.project.code, "")] = len(caught)
    case = {"outcome": "passed", "note": "", "severity": "", "seen": 0}
    with CaptureQueriesContext(connection) as caught:
        assert client.post(uat.url("uat-case", 2), case).status_code == 302
    found["post"] = len(caught)
    return found


def test_the_pages_take_a_fixed_number_of_queries(cast):
    few, many = a_run(cast, 20), a_run(cast, 500)
    for uat in (few, many):
        for case in uat.run.cases.all()[::2]:
            record_result(case, "passed", by=cast.bo)
    found = [costs(uat) for uat in (few, many)]
    assert found[0] == found[1]
    # The project's page takes three more than without UAT: the run that counts, how far it is, what was signed.
    assert (
        max(number for name, number in found[0].items() if name != "post") <= 19
    )  # what RAID, talk and updates show there is asked too
    assert found[0]["post"] <= 25
