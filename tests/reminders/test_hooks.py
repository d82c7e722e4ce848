"""Webhooks: each event once, whatever fails; nothing that is not for the channel; the address is never shown."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.models import Notice, Project
from projects.notice_kinds import NoticeKind
from reminders import hooks
from reminders.hook_words import payload, words_of
from reminders.hooks import BACKOFF, LEASE, change_hook, due, gather, make_hook, send, send_again, send_test, switch
from reminders.models import Hook, HookPost
from tests.cast import move
from tests.reminders.channel import HOST, PUBLIC, URL, Channel, running
from tests.transitions.made_up import a_step, publish, started
from transitions.blockers import MoveRefused, NotPermitted

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 20, 20, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Channel]:
    with running(tmp_path_factory.mktemp("tls")) as channel:
        yield channel


@pytest.fixture
def channel(served: Channel) -> Channel:
    fresh = Channel()
    served.__dict__.update({**fresh.__dict__, "port": served.port, "certificate": served.certificate})
    return served


@pytest.fixture
def project(cast) -> Project:
    asks = a_step(2, approval="architect_review")
    made = started(cast, publish(a_step(1), asks), now=NOW - dt.timedelta(days=30))
    Notice.objects.all().delete()  # of the seats
    return made


@pytest.fixture
def hook(cast, project) -> Hook:
    return a_hook(cast, project)


def a_hook(cast, project: Project | None = None, **changes) -> Hook:
    plain = {"kind": "slack", "name": "#marrow", "url": URL, "by": cast.adele, "now": NOW - MINUTE}
    return make_hook(project=project, **{**plain, **changes})


def tell(person, project: Project | None, occasion: str, kind: str = "mentioned", **changes) -> Notice:
    plain = {"text": "Priya Nair mentioned you.", "why": "W", "at": NOW, "heard_from": NOW}
    return Notice.objects.create(person=person, project=project, kind=kind, occasion=occasion, **{**plain, **changes})


def steady() -> float:
    return 1.0


def state(row: HookPost | None = None) -> tuple[str, int, str]:
    row = HookPost.objects.get(pk=row.pk) if row else HookPost.objects.get()
    return "sent" if row.sent_at else "failed" if row.failed_at else "waits", row.attempts, row.error


# -- What is told ---------------------------------------------------------------------------------


def test_an_event_is_told_once_however_many_hear_of_it_and_however_often_one_looks(cast, project, hook):
    for person in (cast.sofia, cast.arun, cast.ingrid):
        tell(person, project, "comment:7")
    assert [gather(NOW), gather(NOW), gather(NOW + MINUTE), gather(NOW + dt.timedelta(hours=23))] == [1, 0, 0, 0]
    post = HookPost.objects.get()
    told = "People were mentioned in the talk: Marrow County Tax."
    assert (post.key, post.text, post.address) == ("mentioned:comment:7", told, project.get_absolute_url())
    tell(cast.dele, project, "comment:7")  # somebody else hears of it later
    tell(cast.dele, project, "comment:8")
    assert gather(NOW + MINUTE) == 1


def test_the_act_itself_is_told_as_the_people_hear_of_it(cast, project, hook):
    change_hook(hook, by=cast.adele, name="x", notice_kinds=["approval_asked", "decided", "comment_asked"])
    move(project, "design.step-2", "start", cast.sofia, now=NOW)
    move(project, "design.step-2", "submit", cast.sofia, now=NOW)
    move(project, "design.step-2", "approve", cast.ingrid, now=NOW + MINUTE)
    gather(NOW + 2 * MINUTE)
    told = [(post.text, post.address) for post in HookPost.objects.order_by("pk")]
    at = "/projects/MRW-1/steps/made-up/design.step-2/"
    assert sorted(told) == [
        ("Marrow County Tax: A decision is asked: “Step 2”.", at),
        ("Marrow County Tax: Comments are asked: “Step 2”.", f"{at}comment"),
        ("Marrow County Tax: Ingrid Berg approved “Step 2”.", at),
    ]


def test_a_hook_is_told_its_kinds_of_its_project_from_its_making_on(cast, project, hook):
    other = started(cast, project.versions.get(), biller_name="Birch Tax", biller_code="BRC", now=NOW)
    Notice.objects.all().delete()
    tell(cast.sofia, project, "before", heard_from=NOW - 2 * MINUTE)
    tell(cast.sofia, project, "not yet", heard_from=NOW + dt.timedelta(hours=1))
    tell(cast.sofia, other, "elsewhere")
    tell(cast.sofia, None, "of the company")
    tell(cast.sofia, project, "another kind", kind="overdue")
    tell(cast.bo, project, "for somebody outside")
    tell(cast.sofia, project, "this")
    gather(NOW)
    assert [post.key for post in HookPost.objects.all()] == ["mentioned:this"]
    change_hook(hook, by=cast.adele, name="x", notice_kinds=["overdue"])
    gather(NOW + 2 * dt.timedelta(hours=1))
    assert {post.key for post in HookPost.objects.all()} == {"mentioned:this", "overdue:another kind"}


def test_a_team_s_hook_is_told_what_its_members_hear(cast, project):
    hook = a_hook(cast, team=Group.objects.get(name="Engineering"), notice_kinds=["overdue", "meeting_soon"])
    tell(cast.sofia, project, "late", kind="overdue")
    tell(cast.arun, project, "late", kind="overdue")
    tell(cast.tess, project, "not theirs", kind="overdue")
    tell(cast.arun, None, "tdr", kind="meeting_soon", text="Tomorrow: Technical Design Review.", address="/meetings/1/")
    gather(NOW)
    told = {(post.hook_id, post.text, post.address) for post in HookPost.objects.all()}
    assert told == {
        (hook.pk, "Overdue: Marrow County Tax.", project.get_absolute_url()),
        (hook.pk, "Tomorrow: Technical Design Review.", "/meetings/1/"),
    }


@pytest.mark.parametrize("kind", NoticeKind)
def test_no_channel_is_spoken_to_as_you(cast, project, kind):
    for text in ("Your step is late, it is yours.", "You are in this seat now."):
        notice = Notice(person=cast.sofia, project=project, kind=kind, text=text, why="w")
        said = words_of(notice)
        assert "you" not in said.lower()
        assert "Marrow County Tax" in said
        assert len(words_of(Notice(kind=kind, project=project, text="T" * 300))) <= 300


def test_gathering_takes_a_fixed_number_of_queries(cast, project):
    a_hook(cast, project)
    a_hook(cast, team=Group.objects.get(name="Engineering"))

    def look(number: int) -> int:
        for count in range(number):
            tell(cast.sofia, project, f"{number}.{count}")
        with CaptureQueriesContext(connection) as caught:
            assert gather(NOW) == 2 * number
        return len(caught)

    assert look(1) == look(40) <= 6


def test_without_a_hook_nothing_is_asked_for(cast, project):
    tell(cast.sofia, project, "one")
    with CaptureQueriesContext(connection) as caught:
        assert gather(NOW) == 0
    assert len(caught) == 1


# -- What arrives ---------------------------------------------------------------------------------


def test_slack_and_teams_get_what_they_understand_and_nothing_that_means_something_else():
    text = "A & B <!channel> [x](https://evil.example) *b*"
    assert json.loads(payload("slack", text, "https://g.example/p?a=1&b=2|x>")) == {
        "text": "A &amp; B &lt;!channel&gt; [x](https://evil.example) *b* "
        "<https://g.example/p?a=1&amp;b=2%7Cx%3E|Open>",
        "unfurl_links": False,
    }
    card = json.loads(payload("teams", text, "https://g.example/p"))
    content = card["attachments"][0]["content"]
    assert (card["type"], card["attachments"][0]["contentType"]) == (
        "message", "application/vnd.microsoft.card.adaptive",
    )  # fmt: skip
    assert content["body"] == [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text}]}]
    assert content["actions"] == [{"type": "Action.OpenUrl", "title": "Open", "url": "https://g.example/p"}]
    assert "actions" not in json.loads(payload("teams", text, ""))["attachments"][0]["content"]


def test_a_post_goes_out_once(cast, project, hook, channel):
    tell(cast.sofia, project, "one")
    gather(NOW)
    (pk,) = due(NOW)
    wire = channel.wire()
    assert [send(pk, now=NOW, wire=wire), send(pk, now=NOW, wire=wire)] == [True, False]
    assert state() == ("sent", 1, "")
    assert [body["text"].partition(" <")[0] for body in channel.bodies] == [
        "People were mentioned in the talk: Marrow County Tax."
    ]
    assert due(NOW + dt.timedelta(days=9)) == []


def test_what_fails_comes_again_later_and_later_and_then_counts_as_failed(cast, project, hook, channel):
    channel.answers = [500]
    tell(cast.sofia, project, "one")
    gather(NOW)
    pk, now, waits = HookPost.objects.get().pk, NOW, []
    while due(now):
        assert send(pk, now=now, wire=channel.wire(), jitter=steady) is False
        row = HookPost.objects.get()
        if row.failed_at:
            break
        waits.append(row.due_at - now)
        assert due(row.due_at - dt.timedelta(seconds=1)) == []
        now = row.due_at
    assert waits == list(BACKOFF)
    assert dt.timedelta(days=3) < sum(waits, dt.timedelta()) < dt.timedelta(days=4)
    assert state() == ("failed", len(BACKOFF) + 1, "It answered 500.")
    assert len(channel.bodies) == len(BACKOFF) + 1


def test_the_waits_are_spread_by_a_tenth():
    found = [hooks.jitter() for _ in range(200)]
    assert min(found) >= 0.9
    assert max(found) <= 1.1
    assert len(set(found)) > 100


@pytest.mark.parametrize(("said", "waits"), [("120", 120), ("2", 5), ("90000", None)])
def test_it_is_waited_for_as_long_as_it_asks_for_up_to_a_day(cast, project, hook, channel, said, waits):
    channel.answers, channel.extra = [429], {"Retry-After": said}
    row = send_test(hook, by=cast.adele, now=NOW)
    send(row.pk, now=NOW, wire=channel.wire(), jitter=steady)
    row.refresh_from_db()
    if waits is None:
        assert row.failed_at == NOW
    else:
        assert row.due_at - NOW == dt.timedelta(seconds=waits)


def test_a_sender_that_died_is_followed_by_another_after_its_lease(cast, project, hook, channel):
    row = send_test(hook, by=cast.adele, now=NOW)
    HookPost.objects.filter(pk=row.pk).update(leased_until=NOW + LEASE)  # and then it was killed
    assert send(row.pk, now=NOW, wire=channel.wire()) is False
    assert send(row.pk, now=NOW + LEASE, wire=channel.wire()) is True
    assert len(channel.bodies) == 1


def test_a_name_that_leads_inside_is_never_told_and_not_tried_again(cast, project, hook, channel):
    row = send_test(hook, by=cast.adele, now=NOW)
    assert send(row.pk, now=NOW, wire=channel.wire(lambda host, port: [PUBLIC, "10.0.0.5"])) is False
    assert state(row) == ("failed", 1, "The address leads into a private network: nothing is sent there.")
    assert (channel.called, channel.bodies) == ([], [])
    assert Hook.objects.get().is_active


@pytest.mark.parametrize("status", [404, 410])
def test_where_nobody_is_any_more_the_hook_goes_off_and_its_maker_hears_of_it_in_the_app(
    cast, project, channel, status
):
    hook = a_hook(cast, project, by=cast.priya, name="#gone")
    channel.answers = [status]
    rows = [send_test(hook, by=cast.priya, now=NOW) for _ in range(3)]
    send(rows[0].pk, now=NOW, wire=channel.wire())
    assert send(rows[1].pk, now=NOW, wire=channel.wire()) is False
    assert [state(row) for row in rows] == [
        ("failed", 1, f"It answered {status}."),
        ("failed", 0, "The webhook was switched off."),
        ("failed", 0, "The webhook was switched off."),
    ]
    assert len(channel.bodies) == 1
    told = Notice.objects.get(kind="owned")
    assert (told.person, told.route, told.address) == (cast.priya, "app", f"/projects/{project.code}/hooks/{hook.pk}")
    assert told.text.startswith(f"The webhook “#gone” was switched off: It answered {status}.")
    hooks.give_up(hook, "again", now=NOW)
    assert Notice.objects.filter(kind="owned").count() == 1


def test_what_happens_while_it_is_off_is_never_told(cast, project, hook):
    tell(cast.sofia, project, "waiting")
    gather(NOW)
    switch(hook, False, by=cast.adele, now=NOW)
    assert state() == ("failed", 0, "The webhook was switched off.")
    tell(cast.sofia, project, "meanwhile", heard_from=NOW + MINUTE)
    assert gather(NOW + 2 * MINUTE) == 0
    switch(hook, True, by=cast.adele, now=NOW + 3 * MINUTE)
    assert gather(NOW + 4 * MINUTE) == 0
    tell(cast.sofia, project, "after", heard_from=NOW + 5 * MINUTE)
    assert gather(NOW + 5 * MINUTE) == 1


def test_a_channel_gets_thirty_a_minute_and_the_rest_the_next(cast, project, hook):
    for number in range(70):
        tell(cast.sofia, project, f"{number}")
    gather(NOW)
    assert len(due(NOW)) == 30


def test_a_post_is_sent_again_when_somebody_asks(cast, project, hook, channel):
    channel.answers = [500, 200]
    row = send_test(hook, by=cast.adele, now=NOW)
    send(row.pk, now=NOW, wire=channel.wire())
    send_again(row, by=cast.adele, now=NOW)
    assert send(row.pk, now=NOW, wire=channel.wire()) is True
    switch(hook, False, by=cast.adele, now=NOW)
    row.refresh_from_db()
    for act in (lambda: send_again(row, by=cast.adele), lambda: send_test(row.hook, by=cast.adele)):
        row.hook.refresh_from_db()
        with pytest.raises(MoveRefused):
            act()


# -- Whose they are -------------------------------------------------------------------------------


def test_only_who_runs_the_project_keeps_its_hooks(cast, project, hook):
    row = send_test(hook, by=cast.priya, now=NOW)
    for act in (
        lambda by: a_hook(cast, project, by=by),
        lambda by: change_hook(hook, by=by, name="x", notice_kinds=[]),
        lambda by: switch(hook, False, by=by),
        lambda by: send_test(hook, by=by),
        lambda by: send_again(row, by=by),
        lambda by: a_hook(cast, by=by, team=Group.objects.get(name="Delivery")),
    ):
        for person in (cast.sofia, cast.bo, cast.mallory):
            with pytest.raises(NotPermitted):
                act(person)
    with pytest.raises(NotPermitted):
        a_hook(cast, by=cast.priya, team=Group.objects.get(name="Delivery"))
    assert (Hook.objects.count(), HookPost.objects.count()) == (1, 1)


@pytest.mark.parametrize("changes", [{"url": "http://hooks.example.org/x"}, {"kind": "irc"}, {"name": ""}, {"url": ""}])
def test_what_no_form_offers_is_refused(cast, project, changes):
    with pytest.raises(ValidationError):
        a_hook(cast, project, **changes)


# -- The pages ------------------------------------------------------------------------------------


def test_the_address_is_never_shown_and_never_logged(client, cast, project, hook, channel, caplog):
    secret = URL.rpartition("/")[2]
    client.force_login(cast.priya)
    channel.answers = [500]
    with caplog.at_level(logging.DEBUG):
        row = send_test(hook, by=cast.priya, now=NOW)
        send(row.pk, now=NOW, wire=channel.wire())
        send(row.pk, now=NOW + MINUTE, wire=channel.wire(lambda host, port: ["10.0.0.1"]))
        pages = [client.get(reverse(name, args=args)).content.decode()
                 for name, args in (("hooks", [project.code]), ("hook", [project.code, hook.pk]))]  # fmt: skip
        bad = client.post(f"/projects/{project.code}/hooks", {"kind": "slack", "name": "", "url": URL})
        client.force_login(cast.adele)
        switch(hook, False, by=cast.adele, now=NOW)
        pages.append(client.get("/reminders/").content.decode())
    assert bad.status_code == 400
    for text in (
        *pages,
        bad.content.decode(),
        caplog.text,
        str(list(HookPost.objects.values_list("error", flat=True))),
    ):
        assert secret not in text
        assert "/services/" not in text
    for page in pages:
        assert f"{HOST}/…KEY9" in page


def test_a_hook_is_set_up_changed_tried_and_switched_from_its_pages(client, cast, project):
    client.force_login(cast.priya)
    base = f"/projects/{project.code}/hooks"
    assert "No channel is told yet" in client.get(base).content.decode()
    with time_machine.travel(NOW, tick=False):
        public = f"https://{PUBLIC}/services/abcd"
        answer = client.post(base, {"kind": "teams", "name": "#x", "url": public, "notice_kinds": ["overdue"]})
        hook = Hook.objects.get()
        assert (answer.status_code, answer["Location"]) == (302, f"{base}/{hook.pk}")
        assert (hook.kind, hook.url, hook.notice_kinds, hook.made_by) == ("teams", public, ["overdue"], cast.priya)
        page = client.get(f"{base}/{hook.pk}").content.decode()
        assert "Nothing was told yet" in page
        client.post(f"{base}/{hook.pk}", {"name": "#y", "url": "", "notice_kinds": []})
        hook.refresh_from_db()
        assert (hook.name, hook.url, hook.notice_kinds) == ("#y", public, [])
        client.post(f"{base}/{hook.pk}/test")
        row = HookPost.objects.get()
        assert row.text.startswith("Priya Nair tries the webhook “#y”")
        assert row.text in client.get(f"{base}/{hook.pk}").content.decode().replace("&#39;", "'")
        client.post(f"{base}/{hook.pk}/again", {"post": row.pk})
        client.post(f"{base}/{hook.pk}/switch", {"on": ""})
        hook.refresh_from_db()
        assert not hook.is_active
        assert "Send a test" not in client.get(f"{base}/{hook.pk}").content.decode()
        said = client.post(f"{base}/{hook.pk}/test", follow=True).content.decode()
        assert "This webhook is switched off" in said
        client.post(f"{base}/{hook.pk}/switch", {"on": "1"})
        hook.refresh_from_db()
        assert hook.is_active


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://hooks.example.org/x", "Only addresses with https://"), ("https://127.0.0.1/x", "private network"),
        ("https://localhost/x", "private network"), ("https://hooks.example.org:8443/x", "usual port"),
        ("https://nobody.invalid/x", "Nobody knows the name"), ("nonsense", "valid URL"), ("", "required"),
        ("https://169.254.169.254/latest/meta-data", "private network"),
    ],
)  # fmt: skip
def test_an_address_that_leads_nowhere_is_refused_at_its_field(client, cast, project, url, said):
    client.force_login(cast.priya)
    answer = client.post(f"/projects/{project.code}/hooks", {"kind": "slack", "name": "#x", "url": url})
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert Hook.objects.count() == 0


@pytest.mark.parametrize(
    ("person", "status"), [("priya", 200), ("adele", 200), ("sofia", 403), ("bo", 404), ("mallory", 404)]
)
def test_who_finds_the_pages(client, cast, project, hook, person, status):
    client.force_login(getattr(cast, person))
    assert client.get(f"/projects/{project.code}/hooks").status_code == status
    assert client.get(f"/projects/{project.code}/hooks/{hook.pk}").status_code == status
    for name in ("test", "switch", "again"):
        assert client.post(f"/projects/{project.code}/hooks/{hook.pk}/{name}").status_code in {status, 302, 400}
    if status != 200:
        assert HookPost.objects.count() == 0


def test_another_project_s_hook_and_another_hook_s_post_are_not_there(client, cast, project, hook):
    other = started(cast, project.versions.get(), biller_name="Birch Tax", biller_code="BRC", now=NOW)
    theirs = a_hook(cast, other)
    post = send_test(theirs, by=cast.priya, now=NOW)
    client.force_login(cast.priya)
    assert client.get(f"/projects/{project.code}/hooks/{theirs.pk}").status_code == 404
    assert client.get(f"/projects/{project.code}/hooks/999999999999999999999").status_code == 404
    for sent, status in (({"post": post.pk}, 404), ({"post": "x"}, 400), ({}, 400), ({"post": 10**30}, 400)):
        assert client.post(f"/projects/{project.code}/hooks/{hook.pk}/again", sent).status_code == status


def test_team_hooks_are_kept_in_the_admin_without_their_address(client, cast, project, hook):
    client.force_login(cast.adele)
    team = Group.objects.get(name="Delivery")
    add = reverse("admin:reminders_hook_add")
    data = {"kind": "slack", "name": "#delivery", "url": f"https://{PUBLIC}/services/abcd", "team": team.pk}
    assert client.post(add, data | {"url": "https://10.0.0.1/"}).status_code == 200
    assert client.post(add, data | {"url": ""}).status_code == 200
    assert client.post(add, data | {"team": ""}).status_code == 200
    assert client.post(add, data).status_code == 302
    made = Hook.objects.get(team=team)
    assert made.made_by == cast.adele
    change = reverse("admin:reminders_hook_change", args=[made.pk])
    for page in (client.get(change), client.get(reverse("admin:reminders_hook_changelist"))):
        assert "/services/" not in page.content.decode()
        assert "…abcd" in page.content.decode()
        assert "#marrow" not in page.content.decode()
    assert client.post(change, data | {"url": "", "name": "#dlv"}).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.url) == ("#dlv", f"https://{PUBLIC}/services/abcd")
    assert client.get(reverse("admin:reminders_hook_change", args=[hook.pk])).status_code == 302
    for action in ("off", "test", "on", "test"):
        client.post(reverse("admin:reminders_hook_changelist"), {"action": action, "_selected_action": [made.pk]})
    assert HookPost.objects.filter(hook=made).count() == 1
