"""People outside the company: what they see, what they may do, and that nothing else reaches them by any address."""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import RegexPattern, RoutePattern
from django.utils.regex_helper import normalize

from accounts.models import User
from playbook.models import Version
from projects.models import Project
from projects.outside import in_their_words, outsider, show_to_customer
from projects.team import fill_seat, name_on_step, settle_grants
from tests.cast import move, step_of
from tests.projects.outside_scene import SECRETS, SOON, Scene, a_scene
from tests.projects.reading import Page
from tests.transitions.made_up import started
from transitions.blockers import Archived, Blocker, NotPermitted, StaleRow
from transitions.models import TransitionRecord
from transitions.moves import perform

pytestmark = pytest.mark.django_db

THEIRS = {"shared", "theirs", "after", "decide", "marked", "held", "waiting", "left-out", "signed"}
PARTNERS = {"partner", "marked"}


@pytest.fixture
def scene(cast: SimpleNamespace) -> Scene:
    return a_scene(cast)


@pytest.fixture
def quiet() -> Iterator[None]:
    """A crawl is refused thousands of times: nobody reads that in a log."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def read(person: User, address: str, status: int = 200) -> str:
    answer = signed_in(person).get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return unescape(answer.content.decode())


def main_of(html: str) -> str:
    return html.partition("<main")[2].partition("</main>")[0]


def steps_in(html: str) -> set[str]:
    return set(re.findall(r'href="steps/made-up/design\.([\w-]+)/"', html))


def put(scene: Scene, code: str, person: User) -> None:
    """Put somebody into a seat of the other side, as no form does any more: such rows may be there from before."""
    scene.project.seats.filter(role__code=code).update(person=person)
    settle_grants(scene.fresh)


# What they see.


def test_their_steps_are_those_with_a_letter_those_marked_and_those_that_wait_for_them(scene, cast):
    assert steps_in(read(cast.bo, scene.address_of)) == THEIRS
    assert steps_in(read(cast.pat, scene.address_of)) == PARTNERS


@pytest.mark.parametrize(("person", "theirs"), [("bo", THEIRS), ("pat", PARTNERS)])
def test_a_step_that_is_not_theirs_is_not_there(scene, cast, person, theirs):
    who = getattr(cast, person)
    keys = {step.template.key.partition(".")[2] for step in scene.project.board.steps if "design" in step.path}
    for key in keys:
        read(who, scene.address(key), 200 if key in theirs else 404)
    assert read(who, scene.address("inside"), 404).count("There is nothing here") == 1


def test_what_waits_for_them_comes_first_the_earliest_of_all(scene, cast):
    page = read(cast.bo, scene.address_of)
    found = Page(page)
    assert found.headings[:3] == ["Marrow County Tax", "Sign the design", "Then"]
    assert "Your decision is asked" in found.text
    waiting = page.partition('id="then-heading"')[2].partition("</section>")[0]
    assert re.findall(r"<b>(.*?)</b>", waiting) == ["Name a technical contact", "Send the sample files"]
    assert "Who answers technical questions?" in waiting
    assert "Put ten bills into the shared folder." in waiting


def test_what_waits_for_somebody_else_outside_does_not_wait_for_them(scene, cast):
    show_to_customer(scene.step("waiting"), visible=True, note="", by=cast.priya)
    page = main_of(read(cast.pat, scene.address_of))
    assert Page(page).headings[1] == "Open the test region"
    assert "Then" not in Page(page).headings
    assert "Waiting on customer" in page


def test_who_to_ask_is_named_without_an_address(scene, cast):
    page = read(cast.bo, scene.address_of)
    assert "Priya Nair Project Manager" in Page(page).text
    assert set(re.findall(r"[\w.]+@[\w.]+", page)) == {"bo@example.org"}
    fill_seat(scene.fresh, next(s.id for s in scene.project.board.seats if s.role.code == "PM"), None, by=cast.ivan)
    fill_seat(scene.fresh, next(s.id for s in scene.project.board.seats if s.role.code == "IM"), None, by=cast.adele)
    assert "Nobody is named yet" in read(cast.bo, scene.address_of)


def test_a_step_that_we_hold_up_is_being_worked_on_and_no_more(scene, cast):
    held, started = scene.address("held"), scene.address("shared")
    move(scene.project, "design.shared", "start", cast.sofia)
    words = [
        re.sub(r"Connect the bank|Review the sample bills|due \w+ \d+", "", Page(main_of(read(cast.bo, address))).text)
        for address in (held, started)
    ]
    assert words[0] == words[1]
    assert "Being worked on" in words[0]


def test_sign_offs_say_what_who_and_when_and_not_what_was_written_inside(scene, cast):
    text = Page(read(cast.bo, scene.address_of).partition('id="signed-heading"')[2]).text
    assert re.search(r"Agree the scope by Ingrid Berg, \w{3} \d+, \d{4} ✓ Approved", text)
    assert "Nothing has been signed off yet" in read(cast.pat, scene.address_of)


def test_with_nothing_to_do_it_says_where_we_are_and_what_comes_next(cast, scene):
    for key in ("waiting", "decide", "theirs"):
        name_on_step(scene.step(key), "R", cast.arun, by=cast.priya)
        name_on_step(scene.step(key), "A", cast.ingrid, by=cast.priya)
    name_on_step(scene.step("after"), "R", cast.arun, by=cast.priya)
    move(scene.project, "design.waiting", "resume", cast.arun)
    later = step_of(scene.project, "sit.theirs")
    type(later).objects.filter(pk=later.pk).update(due=SOON)
    text = Page(read(cast.bo, scene.address_of)).text
    assert "Nothing needed from you. We’re on Design; next from you about Jan 2, 2030." in text
    type(later).objects.filter(pk=later.pk).update(due=None)
    assert "Nothing needed from you. We’re on Design. " in Page(read(cast.bo, scene.address_of)).text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hold", "On hold Work on this project is paused."),
        ("cancel", "Cancelled This project has been stopped."),
    ],
)
def test_a_project_that_rests_asks_for_nothing(scene, cast, name, words):
    perform(scene.fresh, name, by=cast.priya, note="sekret-hold")
    page = read(cast.bo, scene.address_of)
    assert words in Page(page).text
    assert Page(page).headings[1] == words.split(" Work")[0].split(" This")[0]
    assert "Then" not in Page(page).headings
    assert 'action="move"' not in main_of(read(cast.bo, scene.address("theirs")))


def test_a_complete_project_stays_for_their_records(cast, make_project):
    project = make_project(kind="add_on", playbooks=("addon-post-live",), people={"IS": cast.dele}, by=cast.adele)
    for step in project.board.steps:
        move(project, step.path, "start", cast.dele)
        move(project, step.path, "complete", cast.dele)
    fresh = Project.objects.get(pk=project.pk)
    show_to_customer(step_of(fresh, fresh.board.steps[0].path), visible=True, note="", by=cast.dele)
    name_on_step(step_of(fresh, fresh.board.steps[1].path), "R", cast.bo, by=cast.dele)
    perform(Project.objects.get(pk=project.pk), "complete", by=cast.dele)
    text = Page(read(cast.bo, project.get_absolute_url())).text
    assert "Complete This project is complete. Nothing more is needed from you" in text
    with pytest.raises(Archived):
        show_to_customer(step_of(fresh, fresh.board.steps[0].path), visible=False, note="", by=cast.dele)


def test_one_project_is_gone_to_and_several_are_listed(scene, cast, make_project):
    bo = signed_in(cast.bo)
    assert bo.get("/projects/").headers["Location"] == scene.address_of
    assert bo.get("/my-work?scope=all").headers["Location"] == "/projects/"
    second = make_project(biller="Birch Tax", people={"PM": cast.ivan, "B": cast.bo}, by=cast.ivan)
    perform(second, "hold", by=cast.ivan, note="sekret-hold")
    page = Page(bo.get("/projects/?sort=mrr&pm=1&page=0").content.decode())
    assert [address for words, address in page.links.items() if "Tax" in words] == [
        scene.address_of,
        second.get_absolute_url(),
    ]
    assert "On hold" in page.text
    assert bo.get("/projects/?format=csv").status_code == 404
    assert bo.get("/projects/?format=json").status_code == 404


def test_somebody_outside_without_a_seat_has_an_empty_list(cast):
    assert "No project yet" in read(cast.pat, "/projects/")


# What opens nothing to them.


def test_neither_a_group_nor_a_mark_opens_a_project_to_them(scene, cast):
    group = Group.objects.create(name="Everything")
    group.permissions.set(Permission.objects.filter(codename__in=["view_all_projects", "add_project"]))
    cast.bo.groups.add(group)
    User.objects.filter(pk=cast.bo.pk).update(is_superuser=True)
    bo = User.objects.get(pk=cast.bo.pk)
    assert list(Project.objects.visible_to(bo)) == [scene.project]
    read(bo, scene.foreign.get_absolute_url(), 404)
    read(bo, "/projects/start", 404)
    read(bo, reverse("gate", args=[scene.project.code]), 404)
    read(bo, "/playbooks/", 404)
    cast.mallory.groups.add(group)
    assert Project.objects.visible_to(cast.mallory).count() == 2


def test_a_seat_that_runs_the_project_runs_nothing_for_somebody_outside(scene, cast):
    put(scene, "IM", cast.pat)
    read(cast.pat, reverse("gate", args=[scene.project.code]), 404)
    answer = signed_in(cast.pat).post(reverse("move-project", args=[scene.project.code]), {"move": "hold"})
    assert answer.status_code == 404
    with pytest.raises(NotPermitted):
        show_to_customer(scene.step("inside"), visible=True, note="", by=cast.pat)


@pytest.mark.parametrize("mark", ["is_staff", "is_superuser"])
def test_nobody_outside_is_made_an_administrator(cast, mark):
    setattr(cast.bo, mark, True)
    with pytest.raises(ValidationError, match="outside the company"):
        cast.bo.full_clean()


# What they may do.


def post(scene: Scene, person: User, key: str, name: str, *, htmx: bool = False, **data: Any) -> Any:
    given = {"move": name, "revision": scene.step(key).revision, **data}
    headers = {"HX-Request": "true"} if htmx else {}
    return signed_in(person).post(scene.address(key) + "move", given, headers=headers)


@pytest.mark.parametrize("htmx", [False, True])
def test_they_work_their_step_and_are_led_to_what_is_next(scene, cast, htmx):
    for name, status in (("start", "in_progress"), ("complete", "done")):
        answer = post(scene, cast.bo, "theirs", name, htmx=htmx)
        assert (answer.status_code, answer.headers["Location"]) == (302, scene.address_of)
        assert scene.step("theirs").status == status
    record = TransitionRecord.objects.of(scene.step("theirs")).order_by("-pk").first()
    assert (record.move, record.by) == ("complete", cast.bo)


def test_they_decide_what_is_theirs_to_decide_on_the_page_that_shows_it(scene, cast):
    assert 'action="decide"' in read(cast.bo, scene.address("decide"))
    assert post(scene, cast.bo, "decide", "reject", note="Page 2 is missing").status_code == 403
    page = scene.address("decide") + "decide"
    html = signed_in(cast.bo).get(page).content.decode()
    shown = unescape(re.search(r'name="shown" value="([^"]*)"', html)[1])
    assert [secret for secret in SECRETS if secret in shown] == []
    sent = {"act": "reject", "shown": shown, "note": "Page 2 is missing"}
    assert signed_in(cast.bo).post(page, sent | {"note": ""}).status_code in {400, 409}
    assert signed_in(cast.bo).post(page, sent).status_code == 302
    assert (scene.step("decide").status, scene.step("decide").approvals.get().note) == (
        "in_progress",
        "Page 2 is missing",
    )


def test_a_seat_that_signs_makes_a_step_theirs_without_a_letter(make_project, cast):
    project = make_project()
    path = "integration/finalize.final-sign-off"
    address = project.step_url(path)
    assert step_of(project, path).live.template.letters.get("C")  # PM and nobody outside has a letter there
    assert "Obtain Final Integration Sign-off" in read(cast.bo, address)
    assert "Obtain Final Integration Sign-off" in read(cast.pat, address)


#: Letters of Bo: R on `theirs`, A on `decide`, I on `shared`, none on `marked`; `held` is blocked, with him as its owner.
REFUSED = [
    ("shared", "start", 403), ("marked", "start", 403), ("waiting", "resume", 403), ("held", "resume", 403),
    ("theirs", "block", 403), ("theirs", "wait", 403), ("theirs", "mark_not_applicable", 403), ("theirs", "approve", 403),
    ("theirs", "complete", 403), ("theirs", "advance", 400), ("theirs", "", 400), ("after", "start", 409),
    ("signed", "reopen", 403), ("inside", "start", 404), ("partner", "start", 404),
]  # fmt: skip


@pytest.mark.parametrize(("key", "name", "status"), REFUSED)
@pytest.mark.parametrize("htmx", [False, True])
def test_what_is_not_theirs_is_refused_in_words_for_them(scene, cast, key, name, status, htmx):
    before = TransitionRecord.objects.count()
    answer = post(scene, cast.bo, key, name, htmx=htmx, note="x")
    assert answer.status_code == status
    assert TransitionRecord.objects.count() == before
    text = unescape(answer.content.decode())
    assert [secret for secret in SECRETS if secret in text] == []
    if status != 404:
        assert '<div class="outside">' in text
        assert "Nothing was changed." in text


def test_a_block_of_ours_is_not_lifted_by_them_though_the_step_is_theirs(scene, cast):
    move(scene.project, "design.theirs", "block", cast.ingrid, note="sekret-blocked", owner=cast.bo, until=SOON)
    assert 'action="move"' not in main_of(read(cast.bo, scene.address("theirs")))
    assert post(scene, cast.bo, "theirs", "resume").status_code == 403
    assert scene.step("theirs").status == "blocked"


def test_what_comes_before_is_named_only_where_it_is_theirs_to_see(scene, cast):
    said = "This opens later: our team is still working on what comes before it."
    assert said in Page(read(cast.bo, scene.address("after"))).text
    assert said in unescape(post(scene, cast.bo, "after", "start").content.decode())
    show_to_customer(scene.step("inside"), visible=True, note="", by=cast.priya)
    assert "“sekret-inside-title” comes first" in unescape(post(scene, cast.bo, "after", "start").content.decode())


def test_a_form_that_is_old_changes_nothing_and_says_so(scene, cast):
    revision = scene.step("theirs").revision
    move(scene.project, "design.theirs", "start", cast.ingrid)
    answer = post(scene, cast.bo, "theirs", "start", revision=revision)
    assert (answer.status_code, scene.step("theirs").status) == (409, "in_progress")
    assert "changed since you saw it" in answer.content.decode()
    assert "Mark it done" in answer.content.decode()


def test_a_seat_withdrawn_while_the_page_is_open_shuts_it(scene, cast):
    bo, revision = signed_in(cast.bo), scene.step("theirs").revision
    assert bo.get(scene.address("theirs")).status_code == 200
    fill_seat(scene.fresh, seat_of(scene, "B"), None, by=cast.priya)
    answer = bo.post(scene.address("theirs") + "move", {"move": "start", "revision": revision})
    assert (answer.status_code, scene.step("theirs").status) == (404, "not_started")
    assert bo.get(scene.address_of).status_code == 404
    assert "No project yet" in bo.get("/projects/").content.decode()


def test_a_letter_withdrawn_while_the_page_is_open_shuts_the_step(scene, cast):
    name_on_step(scene.step("theirs"), "R", cast.arun, by=cast.priya)
    answer = post(scene, cast.bo, "theirs", "start")
    assert (answer.status_code, scene.step("theirs").status) == (404, "not_started")


def test_a_reason_that_nobody_thought_of_is_told_in_general(scene, cast):
    step = scene.step("theirs").live
    odd = [Blocker("brand-new", "sekret-blocked by Sofia", "/projects/MRW-1/gate", "Sofia Reyes"), Blocker("odd", "x")]
    told = in_their_words(odd, scene.project.board, step, outsider(cast.bo))
    assert [(blocker.text, blocker.link, blocker.owner) for blocker in told] == [
        ("This cannot be done now. Whom to ask stands on the project’s page.", "", "")
    ]


# Showing a step to the customer.


def show(scene: Scene, person: User, key: str, **data: Any) -> Any:
    given = {"visible": "on", "note": "Look", "revision": scene.step(key).revision} | data
    return signed_in(person).post(scene.address(key) + "customer", given)


@pytest.mark.parametrize(
    ("person", "status"),
    [("priya", 302), ("sofia", 302), ("ingrid", 302), ("adele", 302), ("dele", 404), ("bo", 404), ("pat", 404)],
)
def test_whoever_works_the_step_or_runs_the_project_shows_it(scene, cast, person, status):
    assert show(scene, getattr(cast, person), "inside").status_code == status
    row = scene.step("inside")
    assert (row.visible_to_customer, row.customer_note) == ((True, "Look") if status == 302 else (False, ""))
    assert ("inside" in steps_in(read(cast.bo, scene.address_of))) is (status == 302)


def test_the_consulted_do_not_show_it(scene, cast):
    put(scene, "CS", cast.arun)
    assert show(scene, cast.arun, "inside").status_code == 403
    assert scene.step("inside").visible_to_customer is False


def test_a_note_is_taken_as_text_and_up_to_its_limit(scene, cast):
    assert show(scene, cast.priya, "theirs", note="x" * 1001).status_code == 400
    with pytest.raises(ValidationError, match="1,001 characters; 1,000 is the most"):
        show_to_customer(scene.step("theirs"), visible=True, note="x" * 1001, by=cast.priya)
    assert show(scene, cast.priya, "theirs", note="<script>x</script>").status_code == 302
    answer = signed_in(cast.bo).get(scene.address("theirs")).content.decode()
    assert "&lt;script&gt;x&lt;/script&gt;" in answer
    assert "<script>x" not in answer


def test_a_stale_note_shows_both_and_is_saved_when_chosen(scene, cast):
    old = scene.step("inside").revision
    show_to_customer(scene.step("inside"), visible=True, note="Ivan’s words", by=cast.ivan, revision=old)
    with pytest.raises(StaleRow):
        show_to_customer(scene.step("inside"), visible=False, note="Mine", by=cast.priya, revision=old)
    answer = show(scene, cast.priya, "inside", note="Priya’s words", revision=old)
    text = unescape(answer.content.decode())
    assert answer.status_code == 409
    assert scene.step("inside").customer_note == "Ivan’s words"
    form = text.partition('id="customer"')[2].partition("</details>")[0]
    assert "<td>Ivan’s words</td><td>Priya’s words</td>" in form.partition("<form")[0]
    assert "Priya’s words" in form.partition("<form")[2]
    revision = re.search(r'name="revision" value="(\d+)"', form)
    assert revision is not None
    assert show(scene, cast.priya, "inside", note="Priya’s words", revision=revision[1]).status_code == 302
    assert scene.step("inside").customer_note == "Priya’s words"


# Nothing else, by any address.


def addresses(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, str, dict[str, str]]]:
    """Every pattern of the site as (name, route, parameters by name): what `urls.py` gains is found by itself."""
    for pattern in resolver.url_patterns:
        route, converters = _route(pattern)
        if isinstance(pattern, URLPattern):
            yield pattern.name or "", before + route, converters
        else:
            for name, rest, more in addresses(pattern):
                yield name, before + route + rest, {**converters, **more}


def _route(pattern: URLPattern | URLResolver) -> tuple[str, dict[str, str]]:
    """A pattern with `%(name)s` for each parameter, and which converter each has."""
    if isinstance(pattern.pattern, RoutePattern):
        kinds = {name: type(each).__name__ for name, each in pattern.pattern.converters.items()}
        return re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"%(\1)s", str(pattern.pattern)), kinds
    if isinstance(pattern.pattern, RegexPattern):
        text, names = normalize(str(pattern.pattern))[0]
        return text, dict.fromkeys(names, "Regex")
    return str(pattern.pattern), {}


def values(scene: Scene, name: str, kind: str) -> list[str]:
    """What to put in for a parameter: own, foreign and absent."""
    seats = {seat.role.code: str(seat.id) for seat in scene.project.board.seats}
    foreign = str(scene.foreign.board.seats[0].id)
    steps = [f"made-up/design.{key}" for key in ("theirs", "after", "inside", "partner", "decide", "held", "marked")]
    return {
        "ProjectCode": [scene.project.code, scene.foreign.code, "MRW-99"],
        "StepPath": [*steps, "made-up/design.none"],
        "IntConverter": [seats["B"], seats["SE"], foreign, "1", "999999"],
        "SlugConverter": ["made-up", "projects", "none"],
        "DocumentName": ["inner-page", "none"],
        "Day": ["2026-11-24"],
        "UUIDConverter": ["7e7a3c9e-7c7e-4b0e-9d5a-6f8f2d0b1c11"],
    }.get(kind, [scene.project.code, str(scene.project.pk), "none"])


def crawled(scene: Scene) -> Iterator[tuple[str, str, bool]]:
    """Every address of the site with every mixture of parameters, with its pattern's name; and whether it is one of the near
    ones, in which one parameter at most is not the first of its values."""
    for name, route, parameters in addresses(get_resolver()):
        choices = [[(key, value) for value in values(scene, key, kind)] for key, kind in parameters.items()]
        for mixture in itertools.product(*choices):
            others = sum(pair != values_[0] for pair, values_ in zip(mixture, choices, strict=True))
            yield name, "/" + route % dict(mixture), others <= 1


BODY = {
    "move": "start", "revision": "0", "note": "x", "seat": "1", "person": "1", "due": "2030-01-02", "reason": "x", "letter": "R",
    "visible": "on", "target_go_live": "2030-01-02", "code": "step-open", "subject": "made-up/design.inside",
    "expires": "2030-01-02", "act": "preview", "owner": "1", "until": "2030-01-02", "decision": "approve", "comment": "x",
}  # fmt: skip
MOVE = {"move": "start", "revision": "0", "note": "x"}
HTMX = {"HX-Request": "true", "HX-Target": "portfolio"}


def everything(client: Client, person: User, address: str, *, near: bool) -> Iterator[tuple[str, Any]]:
    """Ask an address in every way, a far one by plain GET and POST alone; somebody whom an answer signed out comes back."""
    ways: dict[str, Callable[[], Any]] = {
        "GET": lambda: client.get(address),
        "POST": lambda: client.post(address, BODY),
    }
    more: dict[str, Callable[[], Any]] = {
        "GET as a file": lambda: client.get(address, {"format": "csv"}),
        "GET with a query": lambda: client.get(
            address, {"q": "x", "page": 2, "seat": 1, "project": "FRN-1", "before": 9999}
        ),
        "GET by htmx": lambda: client.get(address, headers=HTMX),
        "POST a move": lambda: client.post(address, MOVE),
        "POST a move by htmx": lambda: client.post(address, MOVE, headers=HTMX),
    }
    for way, ask in (ways | more if near else ways).items():
        answer = ask()
        yield f"{way} {address}", answer
        if settings.SESSION_COOKIE_NAME in answer.cookies and "_auth_user_id" not in client.session:
            client.force_login(person)


def said(answer: Any) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    headers = "\n".join(f"{name}: {value}" for name, value in answer.items())
    return unescape(body.decode("utf-8", "replace")) + headers


def flat(text: str) -> str:
    """Text as it is compared: a slug shown in words is the slug."""
    return text.lower().replace("-", " ")


@pytest.mark.parametrize("person", ["bo", "pat"])
def test_no_address_of_the_site_tells_somebody_outside_what_is_inside(scene, cast, quiet, person):
    who = getattr(cast, person)
    others = [each.email for each in User.objects.exclude(pk=who.pk)]
    theirs = {"bo": ["Open the test region"], "pat": ["Send the sample files", "Name a technical contact"]}[person]
    hidden = [flat(word) for word in ("sekret", *SECRETS, *others, *theirs)]
    client, leaks, seen = signed_in(who), [], set()
    for name, address, near in crawled(scene):
        seen.add(name)
        for what, answer in everything(client, who, address, near=near):
            text = flat(said(answer))
            leaks += [(what, answer.status_code, secret) for secret in hidden if secret in text]
    assert leaks == []
    assert {"project", "step", "move-step", "gate", "playbook", "health", "index", "step-as-customer"} <= seen


#: Kept, and on no screen yet but the admin’s.
UNSHOWN = {"987654", "987,654", "sekret-cell", "sekret-go-live-reason"}


def test_the_secrets_are_there_to_be_found(scene, cast, quiet):
    """The same crawl by an administrator inside finds them: the one above would notice."""
    client, left = signed_in(cast.adele), set(SECRETS) - UNSHOWN
    for _, address, _ in crawled(scene):
        if address.startswith(("/projects", "/playbooks")) and left:
            text = flat(said(client.get(address)))
            left = {secret for secret in left if flat(secret) not in text}
    assert left == set()
    assert scene.project.mrr == Decimal("987654.32")


#: The addresses that people outside have a page at, or are sent on from.
OPEN = {
    "home",
    "portfolio",
    "my-work",
    "project",
    "step",
    "move-step",
    "comment",
    "decide",
    "delegate",
    "sign-offs",
    "sign-off",
} | {"documents", "document-file"}
OPEN |= {"talk-about", "talk-comment", "talk-edit", "talk-delete"}
OPEN |= {"uat", "uat-run", "uat-case", "uat-sign", "run-sign-off", "run-file"}  # shown in tests/workbook/test_portal.py


def test_every_other_address_of_projects_and_playbooks_is_not_there_for_them(scene, cast, quiet):
    """An address that is new is shut to people outside before anybody has thought of them."""
    bo, priya = signed_in(cast.bo), signed_in(cast.priya)
    answers = {}
    for name, address, _ in crawled(scene):
        if not address.startswith(("/projects", "/playbooks", "/my-work")) or name in OPEN:
            continue
        for what, answer in (("GET", bo.get(address)), ("POST", bo.post(address, BODY))):
            if answer.status_code not in {404, 405}:
                answers[what, address] = answer.status_code
    assert answers == {}
    assert priya.get(reverse("gate", args=[scene.project.code])).status_code == 200


# What it costs.


def seat_of(scene: Scene, code: str) -> int:
    return next(seat.id for seat in scene.project.board.seats if seat.role.code == code)


def costs(scene: Scene) -> dict[str, int]:
    """How many queries each page takes, looked at once before."""
    as_bo = reverse("project-as-customer", args=[scene.project.code, seat_of(scene, "B")])
    pages = [(scene.cast.bo, scene.address_of), (scene.cast.bo, scene.address("theirs")), (scene.cast.priya, as_bo)]
    found = {}
    for person, address in pages:
        client = signed_in(person)
        client.get(address)
        with CaptureQueriesContext(connection) as caught:
            assert client.get(address).status_code == 200
        found[address.replace(scene.project.code, "")] = len(caught)
    return found


def test_their_pages_take_a_fixed_number_of_queries(cast):
    few, many = a_scene(cast), a_scene(cast, 48, "BRC")
    assert len(many.project.board.steps) == len(few.project.board.steps) + 48
    found = [list(costs(scene).values()) for scene in (few, many)]
    assert found[0] == found[1]
    # One asks what of the RAID log is shown, two for talk, of which there is none here, one for the latest update, one for UAT,
    # one for the meetings that they attend.
    assert max(found[0]) <= 18


def test_the_list_of_their_projects_takes_a_fixed_number_of_queries(cast, scene):
    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/projects/").status_code == 200
        return len(caught)

    client = signed_in(cast.bo)
    version = scene.project.board.versions[0].id
    for code in ("BRC", "CDR"):
        started(cast, Version.objects.get(pk=version), biller_name=code, biller_code=code)
    few = cost()
    for code in ("DGW", "ELM", "FIR"):
        started(cast, Version.objects.get(pk=version), biller_name=code, biller_code=code)
    assert cost() == few <= 6
