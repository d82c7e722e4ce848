"""The pages of talk: what they show, how they are narrowed, what a refusal says, and that nothing typed is lost."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from projects.models import Document, Project
from records.models import Comment
from records.talk import MOST_A_MINUTE, delete_comment, edit_comment, mark_decision, post_comment
from tests.projects.reading import Page
from tests.records.talking import afresh, completed, on_project, on_step, step

pytestmark = pytest.mark.django_db

TEN = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)  # 10:00 in New York


@pytest.fixture
def project(make_project) -> Project:
    return make_project()


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def get(person: User, address: str, status: int = 200) -> str:
    answer = signed_in(person).get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return unescape(answer.content.decode())


def text(html: str) -> str:
    return Page(html).text


def talk(project: Project, query: str = "") -> str:
    return reverse("talk", args=[project.code]) + query


def about(project: Project, kind: str = "", pk: int = 0) -> str:
    return reverse("talk-about", args=[project.code, kind or "project", pk or project.pk])


def act(comment: Comment, name: str) -> str:
    return reverse(f"talk-{name}", args=[comment.project.code, comment.pk])


def ids(html: str) -> list[int]:
    return [int(found) for found in re.findall(r'id="comment-(\d+)"', html)]


# -- Reading ----------------------------------------------------------------------------------------------------------------


def test_the_list_has_all_of_a_project_the_latest_first(project, cast):
    first = on_project(project, "One", by=cast.priya, now=TEN).comment
    second = on_step(project, "**Two**", by=cast.sofia, visible=True, now=TEN + dt.timedelta(minutes=5)).comment
    html = get(cast.arun, talk(project))
    assert ids(html) == [second.pk, first.pk]
    assert "<strong>Two</strong>" in html
    assert "Sofia Reyes Nov 20, 2026, 10:05 on Invoicing (IC System)" in text(html)
    assert Page(html).links["Invoicing (IC System)"] == project.step_url("integration/discovery.invoicing")
    marks = [text(f"<p>{part}</p>") for part in re.findall(r'<p class="marks">(.*?)</p>', html)]
    assert marks == ["◉ The customer reads this", "Internal"]


def test_a_step_a_document_and_the_project_show_what_was_said_about_them(project, cast):
    on_project(project, "On the project", by=cast.priya)
    on_step(project, "On the step", by=cast.sofia)
    document = Document.objects.create(project=project, slug="discovery-page", title="Discovery page")
    post_comment(project, "document", document.pk, "On the document", by=cast.sofia)
    found = {
        "step": get(cast.arun, project.step_url("integration/discovery.invoicing")),
        "project": get(cast.arun, project.get_absolute_url()),
        "thread": get(cast.arun, about(project, "document", document.pk)),
    }
    assert {name: [w for w in ("project", "step", "document") if f"On the {w}" in html] for name, html in found.items()} == {
        "step": ["step"], "project": ["project", "step", "document"], "thread": ["document"],
    }  # fmt: skip


def test_the_page_of_a_project_has_the_latest_three_and_leads_to_all(project, cast):
    times = [TEN + dt.timedelta(minutes=number) for number in range(5)]
    rows = [on_project(project, f"At {time:%M}", by=cast.priya, now=time).comment for time in times]
    html = get(cast.sofia, project.get_absolute_url())
    assert ids(html) == [row.pk for row in rows[:1:-1]]
    assert Page(html).links["All 5 comments"] == talk(project)
    assert Page(html).links["Talk"] == talk(project)
    assert 'action="' + about(project) in html


def test_a_panel_has_the_latest_twenty_and_leads_to_the_thread(project, cast):
    for number in range(22):
        on_step(project, f"Number {number}", by=cast.priya, now=TEN + dt.timedelta(minutes=number))
    html = get(cast.sofia, project.step_url("integration/discovery.invoicing"))
    assert len(ids(html)) == 20
    thread = Page(html).links["All 22 comments"]
    assert thread == about(project, "step", step(project).pk)
    assert len(ids(get(cast.sofia, thread))) == 22


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?decisions=1", ["decided"]),
        ("?seen=internal", ["plain", "decided"]),
        ("?seen=customer", ["shown"]),
        ("?about=step", ["plain", "decided"]),
        ("?about=project", ["shown"]),
        ("?q=PLAIN", ["plain"]),
        ("?q=gone", []),
        ("?about=step&decisions=1&q=decided", ["decided"]),
    ],
)
def test_the_list_is_narrowed_by_its_address(project, cast, query, found):
    rows = {
        "plain": on_step(project, "A plain one", by=cast.sofia).comment,
        "shown": on_project(project, "shown", by=cast.priya, visible=True).comment,
        "decided": on_step(project, "decided", by=cast.sofia).comment,
        "gone": on_step(project, "gone", by=cast.arun, visible=True).comment,
    }
    mark_decision(rows["decided"], True, by=cast.priya, revision=0)
    delete_comment(rows.pop("gone"), by=cast.arun, revision=0)
    names = {row.pk: name for name, row in rows.items()}
    assert sorted(names[pk] for pk in ids(get(cast.sofia, talk(project, query))) if pk in names) == sorted(found)


def test_by_a_person_and_the_count_of_decisions(project, cast):
    on_project(project, "hers", by=cast.sofia)
    row = on_project(project, "his", by=cast.arun).comment
    mark_decision(row, True, by=cast.priya, revision=0)
    html = get(cast.sofia, talk(project, f"?by={cast.arun.pk}"))
    assert ids(html) == [row.pk]
    assert "Decisions (1)" in text(html)


def test_what_cannot_be_read_of_an_address_is_named_and_the_rest_holds(project, cast):
    row = on_project(project, "x", by=cast.sofia).comment
    html = get(cast.sofia, talk(project, "?about=nothing&by=0&seen=x&page=-1"))
    assert ids(html) == [row.pk]
    assert "about: “nothing” is no kind of thing that the list knows." in text(html)


def test_fifty_are_on_a_page(project, cast):
    for number in range(53):
        on_project(project, f"Number {number}", by=cast.sofia, now=TEN + dt.timedelta(minutes=number))
    assert [len(ids(get(cast.priya, talk(project, q)))) for q in ("", "?page=2", "?page=9")] == [50, 3, 3]
    thread = about(project)
    assert [len(ids(get(cast.priya, thread + q))) for q in ("", "?page=2", "?page=x")] == [50, 3, 50]


def test_an_empty_list_says_so_and_a_filtered_one_says_otherwise(project, cast):
    assert "Nobody has said anything yet" in text(get(cast.sofia, talk(project)))
    assert "No comment matches" in text(get(cast.sofia, talk(project, "?decisions=1")))
    assert "Nobody has said anything here yet." in text(get(cast.sofia, about(project)))


def test_a_comment_s_own_address_leads_to_it_wherever_it_stands(project, cast):
    rows = [on_project(project, f"{n}", by=cast.sofia, now=TEN + dt.timedelta(minutes=n)).comment for n in range(51)]
    client = signed_in(cast.priya)
    for row, query in ((rows[50], ""), (rows[1], ""), (rows[0], "?page=2")):
        assert client.get(act(row, "comment")).headers["Location"] == f"{about(project)}{query}#comment-{row.pk}"
    assert ids(get(cast.priya, f"{about(project)}?page=2")) == [rows[0].pk]


@pytest.mark.parametrize("person", ["mallory", "dele"])
def test_who_does_not_see_the_project_sees_nothing_of_its_talk(project, cast, person):
    row = on_project(project, "x", by=cast.sofia, visible=True).comment
    for address in (
        talk(project),
        about(project),
        *(act(row, n) for n in ("comment", "edit", "delete", "show", "versions")),
    ):
        get(getattr(cast, person), address, 404)


def test_another_project_s_address_leads_to_no_comment_of_this_one(project, make_project, cast):
    other = make_project(biller="Copperline Gas")
    row = on_project(project, "x", by=cast.sofia).comment
    for name in ("comment", "edit", "delete", "show", "versions"):
        get(cast.sofia, reverse(f"talk-{name}", args=[other.code, row.pk]), 404)
    get(cast.sofia, reverse("talk-about", args=[other.code, "project", project.pk]), 404)
    get(cast.sofia, reverse("talk-about", args=[other.code, "nothing", 1]), 404)
    get(cast.sofia, reverse("talk-about", args=[other.code, "step", 10**30]), 404)


# -- Posting ----------------------------------------------------------------------------------------------------------------


def post(person: User, address: str, data: dict[str, Any], **headers: str) -> Any:
    return signed_in(person).post(address, data, **headers)


def test_posting_leads_back_to_where_one_was_at_the_comment(project, cast):
    here = project.step_url("integration/discovery.invoicing")
    answer = post(cast.sofia, about(project, "step", step(project).pk), {"text": "Look", "next": here})
    row = Comment.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{here}#comment-{row.pk}")
    assert not row.visible
    for astray in ("https://evil.example/", "//evil.example", "javascript:x"):
        answer = post(cast.sofia, about(project), {"text": f"Look {astray}", "next": astray})
        assert answer.headers["Location"].startswith(about(project))


def test_the_customer_s_button_says_so_and_takes_two(project, cast):
    html = get(cast.sofia, about(project))
    assert re.findall(r"<button[^>]*>([^<]+)", html.partition("<form")[2].partition('id="talk-')[2])[:2] == [
        "Post to us only", "Post to the customer too",
    ]  # fmt: skip
    hidden = re.search(r'<details class="both">.*?</details>', html, re.DOTALL)
    assert hidden is not None
    assert 'name="visible" value="1"' in hidden[0]
    assert html.count('name="visible"') == 1
    assert "Bo Halvorsen, Pat Quinn read it then, and whoever joins them. It cannot be made internal again." in text(
        html
    )
    post(cast.sofia, about(project), {"text": "Hello", "visible": "1"})
    assert Comment.objects.get().visible


def test_htmx_gets_the_part_back_with_the_comment_and_an_empty_box(project, cast):
    answer = post(cast.sofia, about(project), {"text": "Look @Mallory", "shape": "aside"}, HTTP_HX_REQUEST="true")
    html = unescape(answer.content.decode())
    assert (answer.status_code, ids(html)) == (200, [Comment.objects.get().pk])
    assert html.lstrip().startswith(f'<section class="card pad talk" id="talk-project-{project.pk}"')
    assert re.search(r"<textarea[^>]*></textarea>", html)
    assert "Mallory Voss may not see this project: not told." in text(html)


def test_without_htmx_who_was_not_told_stands_on_the_next_page(project, cast):
    client = signed_in(cast.sofia)
    answer = client.post(about(project), {"text": "@Mallory @PM"}, follow=True)
    assert "Mallory Voss may not see this project: not told." in text(unescape(answer.content.decode()))


@pytest.mark.parametrize("headers", [{}, {"HTTP_HX_REQUEST": "true"}], ids=["page", "htmx"])
def test_a_refusal_keeps_what_was_typed_and_says_why(project, cast, headers):
    long = "<b>" + "x" * 10_000
    answer = post(cast.sofia, about(project), {"text": long, "shape": "thread"}, **headers)
    html = unescape(answer.content.decode())
    assert (answer.status_code, Comment.objects.count()) == (400, 0)
    assert "The comment has 10003 characters; 10,000 is the most." in text(html)
    assert f">{long}</textarea>" in html
    assert answer.content.decode().startswith("<!doctype") is not bool(headers)


def test_line_breaks_count_once(project, cast):
    assert post(cast.sofia, about(project), {"text": "a\r\n" * 4999 + "a"}).status_code == 302
    assert len(Comment.objects.get().text) == 9999


def test_too_many_in_a_minute_are_429_and_nothing_is_lost(project, cast):
    now = timezone.now()
    for number in range(MOST_A_MINUTE):
        on_project(project, f"{number}", by=cast.sofia, now=now)
    answer = post(cast.sofia, about(project), {"text": "The 31st"})
    html = unescape(answer.content.decode())
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert "You wrote 30 comments in a minute. Wait a minute, then send this one." in text(html)
    assert ">The 31st</textarea>" in html


def test_markup_is_shown_as_words_on_every_page(project, cast):
    row = on_step(project, "<script>alert(1)</script> [x](javascript:alert(1))", by=cast.sofia, visible=True).comment
    pages = (talk(project), about(project, "step", step(project).pk), project.get_absolute_url(), act(row, "delete"))
    for address in (*pages, project.step_url("integration/discovery.invoicing")):
        html = signed_in(cast.priya).get(address).content.decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
        assert "<script>alert" not in html
        assert 'href="javascript' not in html


# -- Acts -------------------------------------------------------------------------------------------------------------------


def test_an_edit_shows_when_and_leads_to_what_it_said(project, cast):
    row = on_project(project, "One", by=cast.sofia, now=TEN).comment
    edit_comment(row, "Two", by=cast.sofia, revision=0, now=TEN + dt.timedelta(minutes=5))
    page = Page(get(cast.arun, about(project)))
    assert page.links["edited 10:05"] == act(row, "versions")
    shown = text(get(cast.arun, act(row, "versions")))
    assert "Version 1 Nov 20, 2026, 10:00 One" in shown


def test_a_stale_edit_shows_both(project, cast):
    row = on_project(project, "One", by=cast.sofia).comment
    form = get(cast.sofia, act(row, "edit"))
    assert ">\nOne</textarea>" in form
    edit_comment(row, "Two", by=cast.sofia, revision=0)
    answer = post(cast.sofia, act(row, "edit"), {"text": "Three", "revision": 0})
    html = unescape(answer.content.decode())
    assert answer.status_code == 409
    assert "Changed meanwhile. Nothing of yours is saved yet." in text(html)
    assert "Comment Two Three" in text(html)
    assert 'name="revision" value="1"' in html
    assert post(cast.sofia, act(row, "edit"), {"text": "Three", "revision": 1}).status_code == 302
    assert afresh(row).text == "Three"


def test_an_edit_that_cannot_be_is_refused_with_its_words_kept(project, cast):
    row = on_project(project, "One", by=cast.sofia).comment
    assert post(cast.sofia, act(row, "edit"), {"text": " ", "revision": 0}).status_code == 400
    answer = post(cast.priya, act(row, "edit"), {"text": "Mine", "revision": 0})
    assert (answer.status_code, "Only who wrote a comment edits it." in answer.content.decode()) == (403, True)
    get(cast.priya, act(row, "edit"), 404)


def test_a_deleted_comment_is_a_stub_and_who_runs_the_project_reads_it(project, cast):
    row = on_project(project, "Oops, wrong window", by=cast.sofia, visible=True).comment
    edit_comment(row, "Oops, wrong window again", by=cast.sofia, revision=0)
    assert "The customer may have read it already." in text(get(cast.sofia, act(row, "delete")))
    answer = post(cast.sofia, act(row, "delete"), {"revision": 1})
    assert answer.status_code == 302
    day = f"{timezone.now().astimezone(cast.arun.zone):%b %-d, %Y}"
    for person, reads in ((cast.arun, False), (cast.sofia, False), (cast.priya, True), (cast.ivan, True)):
        for address in (about(project), talk(project), project.get_absolute_url()):
            html = get(person, address)
            assert f"Deleted by Sofia Reyes on {day}." in text(html)
            assert ("wrong window" in html) == (reads and address != project.get_absolute_url())
        get(person, act(row, "versions"), 200 if reads else 404)
    assert "wrong window" not in get(cast.bo, project.get_absolute_url())
    assert "wrong window" not in get(cast.arun, reverse("project-history", args=[project.code]))


def test_who_may_not_delete_is_refused(project, cast):
    row = on_project(project, "Stays", by=cast.sofia).comment
    get(cast.arun, act(row, "delete"), 404)
    assert post(cast.arun, act(row, "delete"), {"revision": 0}).status_code == 403
    assert post(cast.sofia, act(row, "delete"), {"revision": 7}).status_code == 409
    assert post(cast.sofia, act(row, "delete"), {}).status_code == 400


def test_showing_it_to_the_customer_is_a_page_of_its_own(project, cast):
    row = on_project(project, "They may read this", by=cast.sofia).comment
    on_project(project, "Between us", by=cast.priya)
    page = text(get(cast.sofia, act(row, "show")))
    assert "1 comment was written after it by others, who took it to be internal. Theirs stay so." in page
    assert "Bo Halvorsen, Pat Quinn read it then, under the name of Sofia Reyes." in page
    answer = post(cast.sofia, act(row, "show"), {"revision": 0})
    assert (answer.status_code, afresh(row).visible) == (409, False)
    answer = post(cast.sofia, act(row, "show"), {"revision": 0, "confirmed": "on"})
    assert (answer.status_code, afresh(row).visible) == (302, True)
    answer = post(cast.priya, act(row, "show"), {"revision": 1, "visible": "0"})
    assert answer.status_code == 409
    assert "it cannot be made internal again. Delete it instead; a trace stays." in answer.content.decode()
    get(cast.arun, act(row, "show"), 404)
    assert post(cast.arun, act(row, "show"), {"revision": 1}).status_code == 403


def test_a_decision_is_marked_and_unmarked_in_place(project, cast):
    row = on_project(project, "Agreed", by=cast.sofia).comment
    answer = post(cast.priya, act(row, "decision"), {"revision": 0, "decision": "1"}, HTTP_HX_REQUEST="true")
    html = answer.content.decode()
    day = f"{timezone.now().astimezone(cast.priya.zone):%b %-d, %Y}"
    assert f"Decision of {day}, marked by Priya Nair" in text(html)
    assert html.count("<article") == 1
    assert f'id="decide-{row.pk}"' in html
    assert "Edit" not in text(html)
    answer = post(cast.priya, act(row, "decision"), {"revision": 1, "next": talk(project)})
    assert answer.headers["Location"] == f"{talk(project)}#comment-{row.pk}"
    assert afresh(row).decided_at is None
    assert post(cast.sofia, act(row, "decision"), {"revision": 2, "decision": "1"}).status_code == 403
    assert post(cast.priya, act(row, "decision"), {"revision": 0, "decision": "1"}).status_code == 409
    assert post(cast.priya, act(row, "decision"), {"decision": "1"}).status_code == 400


def test_a_decision_shows_in_the_project_s_history(project, cast):
    row = on_project(project, "Agreed", by=cast.sofia).comment
    mark_decision(row, True, by=cast.priya, revision=0)
    page = Page(get(cast.arun, reverse("project-history", args=[project.code])))
    assert "Comment by Sofia Reyes" in page.text
    assert "Marked as a decision by" in page.text
    assert act(row, "comment") in page.links.values()
    assert "Agreed" not in page.text


def test_whom_one_may_mention_is_said_for_who_types(project, cast):
    answer = signed_in(cast.sofia).get(reverse("talk-mentions", args=[project.code]))
    assert {"insert": "@PM", "says": "Priya Nair (Project Manager)"} in answer.json()["people"]
    for person in (cast.bo, cast.mallory):
        get(person, reverse("talk-mentions", args=[project.code]), 404)


def test_a_complete_project_shows_its_talk_and_takes_nothing(project, cast):
    row = on_project(project, "Before", by=cast.sofia).comment
    done = completed(project)
    html = get(cast.sofia, about(done))
    assert ids(html) == [row.pk]
    assert "nothing is added" in text(html)
    assert "<textarea" not in html
    assert "Edit" not in text(html)
    assert post(cast.sofia, about(done), {"text": "After"}).status_code == 409
    assert post(cast.sofia, act(row, "edit"), {"text": "After", "revision": 0}).status_code == 409
    assert Comment.objects.count() == 1


# -- What it costs ------------------------------------------------------------------------------------------------------------


def test_each_page_takes_a_fixed_number_of_queries(make_project, cast):
    def say(project: Project, number: int) -> None:
        on_step(project, "First @PM", by=cast.sofia, now=TEN)
        rows = [
            Comment(
                project=project, subject_type_id=Comment.objects.first().subject_type_id, subject_id=step(project).pk, by=by,
                by_side="internal", at=TEN + dt.timedelta(minutes=n), text=f"Number {n} @PM", visible=n % 2 == 0,
            )
            for n, by in enumerate([cast.sofia, cast.priya, cast.arun] * (number // 3 + 1))
        ]  # fmt: skip
        Comment.objects.bulk_create(rows[: number - 1])

    few, many = make_project(biller="Few"), make_project(biller="Many")
    say(few, 5)
    say(many, 300)

    def costs(project: Project) -> list[int]:
        found = []
        addresses = [talk(project), talk(project, "?q=number"), about(project, "step", step(project).pk)]
        addresses += [project.get_absolute_url(), project.step_url("integration/discovery.invoicing")]
        client = signed_in(cast.priya)
        for address in addresses:
            client.get(address)
            with CaptureQueriesContext(connection) as caught:
                assert client.get(address).status_code == 200
            found.append(len(caught))
        return found

    assert costs(few) == costs(many)
    assert max(costs(many)) <= 22
