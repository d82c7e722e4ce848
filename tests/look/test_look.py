"""What every screen shares: tokens, stylesheets, components, the frame of a page, and what its script does."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.contrib.staticfiles import finders
from django.core.paginator import Paginator
from django.template import engines
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from tests.cast import PASSWORD
from transitions.blockers import Blocker
from transitions.standing import Standing
from transitions.step import StepStatus


def rendered(source: str, **values: object) -> str:
    return " ".join(str(engines["jinja2"].from_string(source).render(values)).split())


def macro(path: str, call: str, **values: object) -> str:
    name = call.partition("(")[0]
    return rendered(f'{{% from "components/{path}.html" import {name} %}}{{{{ {call} }}}}', **values)


# Tokens


def tokens(root: Path) -> dict[str, tuple[str, str]]:
    """The colours of tokens.css: name to light and dark."""
    text = (root / "static" / "tokens.css").read_text(encoding="utf-8")
    return {name: (light, dark) for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", text)}


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


STATUS_COLOURS = ("neutral", "progress", "waiting", "blocked", "review", "done", "off")
LEAST = [
    *((f"{name}-ink", f"{name}-fill", 7.0) for name in STATUS_COLOURS),
    *((ink, ground, 4.5) for ink in ("ink", "ink-soft", "ink-faint", "accent", "off-ink", "blocked-ink", "done-ink",
      "early-ink") for ground in ("page", "card", "sunk")),
    *(("focus", ground, 3.0) for ground in ("page", "card", "sunk")),
    ("accent-ink", "accent", 4.5),
    ("accent-ink", "accent-strong", 4.5),
    ("accent", "accent-pale", 4.5),
    ("line-strong", "card", 3.0),
    ("accent", "sunk", 3.0),
]  # fmt: skip


@pytest.mark.parametrize(("ink", "ground", "least"), LEAST)
def test_colours_are_told_apart_light_and_dark(root: Path, ink: str, ground: str, least: float) -> None:
    found = tokens(root)

    for scheme in (0, 1):
        assert contrast(found[ink][scheme], found[ground][scheme]) >= least


# Files


def test_stylesheets_and_scripts_are_small(root: Path) -> None:
    def packed(*names: str) -> int:
        return sum(len(gzip.compress((root / "static" / name).read_bytes())) for name in names)

    assert packed("tokens.css", "base.css", "playbook.css") < 20_000
    assert packed("app.js") < 15_000


def test_every_file_that_a_template_names_is_there(root: Path) -> None:
    named = {
        (template.name, path)
        for template in (root / "templates").rglob("*.html")
        for path in re.findall(r"static\('([^']+)'\)", template.read_text(encoding="utf-8"))
    }

    assert len(named) > 5
    assert [pair for pair in sorted(named) if finders.find(pair[1]) is None] == []


# Chips, phases, people


@pytest.mark.parametrize(
    ("status", "chip"),
    [
        ("not_started", '<span class="chip"><span aria-hidden="true">○</span>Not started</span>'),
        ("in_progress", '<span class="chip progress"><span aria-hidden="true">◐</span>In progress</span>'),
        (
            "waiting_on_customer",
            '<span class="chip waiting"><span aria-hidden="true">◷</span>Waiting on customer</span>',
        ),
        ("blocked", '<span class="chip blocked"><span aria-hidden="true">⨯</span>Blocked</span>'),
        ("in_review", '<span class="chip review"><span aria-hidden="true">◇</span>In review</span>'),
        ("done", '<span class="chip done"><span aria-hidden="true">✓</span>Done</span>'),
        ("not_applicable", '<span class="chip"><span aria-hidden="true">–</span>N/A</span>'),
        ("locked", '<span class="chip"><span aria-hidden="true">–</span>Locked</span>'),
    ],
)
def test_a_status_has_an_icon_and_a_word(status: str, chip: str) -> None:
    assert macro("chip", "status_chip(status)", status=status) == chip


def test_every_status_and_standing_has_a_chip_with_its_own_word() -> None:
    for status in StepStatus:
        assert macro("chip", "status_chip(status)", status=status).endswith(f"</span>{status.label}</span>")
    for standing in Standing:
        assert macro("chip", "standing_chip(standing)", standing=standing).endswith(f"</span>{standing.label}</span>")


BAR = [
    SimpleNamespace(phase=name.lower(), label=name, state=state, share=share)
    for name, state, share in [
        ("Discovery", "done", 10),
        ("Design", "now", 6),
        ("SIT", "skip", 0),
        ("Release", "ahead", 0),
    ]
]


def test_a_phase_bar_says_in_words_what_it_draws() -> None:
    assert macro("phase", "phase_bar(bar)", bar=BAR) == (
        '<span class="phases" role="img" aria-label="Phase 2 of 4: Design" title="Phase 2 of 4: Design">'
        '<i class="done"></i><i class="now"><i class="w60"></i></i><i class="skip"></i><i class="ahead"></i></span>'
    )
    assert macro("phase", "phase_bar_text(bar)", bar=[BAR[0], BAR[2], BAR[3]]) == "Phases: Discovery, Release"


def test_a_person_is_named_for_those_who_do_not_see_the_mark() -> None:
    priya = User(name="Priya Nair", email="priya@example.org")

    assert macro("person", "who(person, 'Responsible')", person=priya) == (
        '<span class="who" title="Responsible: Priya Nair"><span aria-hidden="true">PN</span>'
        '<span class="visually-hidden">Responsible: Priya Nair</span></span>'
    )
    assert macro("person", "who(none)") == (
        '<span class="who empty" title="nobody yet"><span aria-hidden="true">?</span>'
        '<span class="visually-hidden">nobody yet</span></span>'
    )


# Forms


class Everything(forms.Form):
    name = forms.CharField(help_text="As on the contract")
    note = forms.CharField(widget=forms.Textarea, required=False)
    kind = forms.ChoiceField(choices=[("a", "Custom"), ("b", "Partner")], widget=forms.RadioSelect)
    sure = forms.BooleanField(label="I am sure")


def test_a_field_is_tied_to_its_hint_and_its_error() -> None:
    form = Everything({"name": ""})

    assert macro("form", "field(bound)", bound=form["name"]) == (
        '<div class="field"> <label for="id_name">Name</label> '
        '<p class="hint" id="id_name_hint">As on the contract</p>'
        '<input type="text" name="name" aria-describedby="id_name_hint id_name_error" required aria-invalid="true" '
        'id="id_name"><p class="error" id="id_name_error">This field is required.</p></div>'
    )


def test_a_field_that_may_stay_empty_says_so() -> None:
    assert '<label for="id_note">Note <span class="optional">(optional)</span></label>' in macro(
        "form", "field(bound)", bound=Everything()["note"]
    )


def test_choices_stand_in_a_fieldset_and_ids_are_given_once() -> None:
    html = macro("form", "field(bound, 'One of two')", bound=Everything({})["kind"])

    assert '<fieldset aria-describedby="id_kind_hint id_kind_error"> <legend>Kind</legend>' in html
    ids = re.findall(r' id="([^"]+)"', html)
    assert sorted(ids) == ["id_kind", "id_kind_0", "id_kind_1", "id_kind_error", "id_kind_hint"]


def test_the_summary_leads_to_each_field_and_is_not_there_without_errors() -> None:
    form = Everything({"name": "x", "kind": "a"})
    form.add_error(None, "Nothing fits.")

    assert macro("form", "error_summary(form)", form=form) == (
        '<div class="error-summary" role="alert" tabindex="-1" autofocus> <strong>These need a change</strong> <ul> '
        '<li>Nothing fits.</li> <li><a href="#id_sure">I am sure: This field is required.</a></li> </ul> </div>'
    )
    assert macro("form", "error_summary(form)", form=Everything()) == ""


# Parts of a page


def test_the_head_has_crumbs_and_actions() -> None:
    source = (
        '{% from "components/page.html" import head %}'
        '{% call head("Marrow", "On Tyndall", [("Portfolio", "/projects/"), ("MRW-1", "")]) %}<b>act</b>{% endcall %}'
    )

    assert rendered(source) == (
        '<div class="head"> <div> <nav class="crumbs" aria-label="Breadcrumb"><ol> '
        '<li><a href="/projects/">Portfolio</a></li> <li><span class="code">MRW-1</span></li> </ol></nav> '
        '<h1>Marrow</h1> <p class="soft small">On Tyndall</p> </div> <div class="acts"><b>act</b></div> </div>'
    )
    assert macro("page", "head('Marrow')") == '<div class="head"> <div> <h1>Marrow</h1> </div> </div>'


def test_pages_keep_the_filters() -> None:
    html = macro("page", "pagination(page, 'phase=sit&pm=3')", page=Paginator(range(120), 50).page(2))

    assert "51–100 of 120" in html
    assert re.findall(r'href="([^"]*)"', html) == ["?phase=sit&amp;pm=3&amp;page=1", "?phase=sit&amp;pm=3&amp;page=3"]
    assert macro("page", "pagination(page)", page=Paginator(range(3), 50).page(1)) == ""


def test_a_blocker_has_its_reason_and_the_way_out() -> None:
    blocker = Blocker("step-blocked", "Invoicing is blocked", "/projects/MRW-1/", "Bo, by Nov 25")

    assert macro("page", "blockers(found)", found=[blocker]) == (
        '<ul class="gate"> <li><span class="no" aria-hidden="true">⨯</span><span>Invoicing is blocked<br>'
        '<span class="soft">Bo, by Nov 25</span></span><a href="/projects/MRW-1/">Fix'
        '<span class="visually-hidden">: Invoicing is blocked</span></a></li> </ul>'
    )


# The frame


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
def test_an_error_page_needs_no_request_and_no_database(name: str) -> None:
    html = render_to_string(name)

    assert html.count("<h1>") == 1
    assert "<nav" not in html


def test_the_frame_leaves_a_page_its_own_values(cast: SimpleNamespace, client: Client) -> None:
    request = client.get(reverse("sign-in")).wsgi_request
    request.user = cast.priya
    template = engines["jinja2"].from_string(
        '{% extends "base.html" %}{% block main %}{{ person }}|{{ nav }}|{{ here }}|{{ message }}{% endblock %}'
    )

    html = template.render({"person": "P", "nav": "my-work", "here": "H", "message": "M"}, request)

    assert "P|my-work|H|M" in html
    assert re.findall(r'<a href="([^"]*)" aria-current="page">', html) == [reverse("my-work")]


@pytest.mark.parametrize(
    ("person", "links"),
    [
        ("priya", ["Portfolio", "My work", "Playbooks"]),
        ("adele", ["Portfolio", "My work", "Playbooks", "Admin"]),
        ("bo", []),
        ("pat", []),
    ],
)
def test_nobody_is_offered_what_is_not_theirs(
    client: Client, cast: SimpleNamespace, person: str, links: list[str]
) -> None:
    client.force_login(getattr(cast, person))

    html = client.get("/nothing-here").content.decode().partition("</header>")[0]

    assert [word for word in ("Portfolio", "My work", "Playbooks", "Admin") if f">{word}</a>" in html] == links


def test_a_signed_in_page_carries_the_token_for_htmx(client: Client, cast: SimpleNamespace) -> None:
    client.force_login(cast.priya)

    html = client.get(reverse("playbooks")).content.decode()

    assert re.search(r"""hx-headers='\{"X-CSRFToken": "\w{64}"\}'""", html)


# The script


@pytest.fixture
def inside(page: Page, cast: SimpleNamespace, playbooks: Any) -> Page:
    """A page of Priya's, on the list of playbooks."""
    page.goto(f"{reverse('sign-in')}?next={reverse('playbooks')}")
    page.fill("#id_username", cast.priya.email)
    page.fill("#id_password", PASSWORD)
    page.click("main button")
    page.wait_for_url("**" + reverse("playbooks"))
    return page


def test_escape_closes_the_menu_and_gives_the_focus_back(inside: Page) -> None:
    inside.click(".me summary")
    inside.focus(".me form button")

    inside.keyboard.press("Escape")

    expect(inside.locator(".me form button")).not_to_be_visible()
    expect(inside.locator(".me summary")).to_be_focused()


def test_a_menu_closes_when_something_else_is_clicked(inside: Page) -> None:
    inside.click(".me summary")
    inside.click("h1")

    expect(inside.locator(".me form button")).not_to_be_visible()


def test_slash_goes_to_the_filter_and_can_be_turned_off(inside: Page) -> None:
    inside.goto("/playbooks/addon-post-live/")
    inside.keyboard.press("/")
    expect(inside.locator("#filter-q")).to_be_focused()
    expect(inside.locator("#filter-q")).to_have_value("")

    inside.click(".me summary")
    inside.click("text=Turn the / key off")
    inside.reload()
    inside.keyboard.press("/")
    expect(inside.locator("#filter-q")).not_to_be_focused()


def test_a_toast_is_spoken_and_closed(inside: Page) -> None:
    inside.evaluate("document.body.dispatchEvent(new CustomEvent('toast', {bubbles: true, detail: {text: 'Done.'}}))")
    expect(inside.locator("#toasts[role=status] .toast")).to_have_text("Done.✕")

    inside.click("#toasts button")
    expect(inside.locator(".toast")).to_have_count(0)


def swap(page: Page, source: str) -> None:
    """Put a button on the page that asks for `source` and swaps the answer into #target, and press it."""
    page.evaluate(
        """source => {
          document.querySelector("#main").innerHTML =
            `<div id="target"><button id="go" hx-get="${source}" hx-target="#target">go</button></div>`;
          htmx.process(document.querySelector("#main"));
        }""",
        source,
    )
    page.focus("#go")
    page.keyboard.press("Enter")


def answer(page: Page, status: int, body: str) -> None:
    page.route("**/fragment", lambda route: route.fulfill(status=status, body=body, content_type="text/html"))


@pytest.mark.parametrize("status", [200, 400, 403, 404, 409, 422])
def test_a_fragment_is_swapped_in_and_the_focus_is_kept(inside: Page, status: int) -> None:
    answer(inside, status, '<p>New</p><button id="go">again</button>')

    swap(inside, "/fragment")

    expect(inside.locator("#target p")).to_have_text("New")
    expect(inside.locator("#go")).to_be_focused()
    expect(inside.locator(".toast")).to_have_count(0)


def test_the_focus_goes_to_what_came_where_its_place_is_gone(inside: Page) -> None:
    answer(inside, 200, "<a href='/'>elsewhere</a>")

    swap(inside, "/fragment")

    expect(inside.locator("#target a")).to_be_focused()


def test_the_focus_goes_to_the_errors(inside: Page) -> None:
    answer(inside, 422, '<div class="error-summary" tabindex="-1">No.</div><button id="go">again</button>')

    swap(inside, "/fragment")

    expect(inside.locator(".error-summary")).to_be_focused()


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (500, "<p>oops</p>", "Something broke on our side, and nothing was changed. Try again.✕"),
        (404, "<!doctype html><h1>There is nothing here</h1>", "That is no longer here. Reload the page.✕"),
    ],
)
def test_an_error_page_is_never_swapped_in(browser: Browser, inside: Page, status: int, body: str, says: str) -> None:
    # A page of its own: a 500 is written to the console, which the fixture would take for a fault.
    context = browser.new_context(storage_state=inside.context.storage_state())
    page = context.new_page()
    page.goto(inside.url)
    answer(page, status, body)

    swap(page, "/fragment")

    expect(page.locator("#alerts .toast")).to_have_text(says)
    expect(page.locator("#go")).to_have_text("go")
    context.close()


def test_a_session_that_ended_leads_to_the_sign_in_page(inside: Page) -> None:
    inside.context.clear_cookies()

    swap(inside, reverse("playbooks"))

    inside.wait_for_url(f"**{reverse('sign-in')}?next=%2Fplaybooks%2F")


def test_on_paper_there_is_the_content_alone(inside: Page) -> None:
    inside.goto("/playbooks/addon-post-live/")
    inside.emulate_media(media="print", color_scheme="dark")

    expect(inside.locator(".bar")).not_to_be_visible()
    expect(inside.locator(".find-steps")).not_to_be_visible()
    expect(inside.locator(".steps details p >> nth=0")).to_be_visible()
    assert inside.evaluate("getComputedStyle(document.querySelector('.steps thead')).display") == "table-header-group"
    expect(inside.locator("h1")).to_have_css("color", "rgb(22, 32, 43)")
