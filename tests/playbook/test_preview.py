"""A version as a project: its dates, what is left out, and the picture of its flow."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from itertools import combinations, pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from playbook.flow import LONGEST_LABEL, MOST_ARROWS, NODE_HEIGHT, NODE_WIDTH, Flow, flow
from playbook.models import Version
from projects.preview import Preview, preview
from projects.schedule import is_working_day, working_days_between
from projects.start import draft as start_draft
from tests.effort import effort
from tests.playbook.conftest import a_playbook, a_step

MONDAY = dt.date(2027, 1, 4)
PARTNER: dict[str, Any] = {"integration_kind": "partner", "phased_go_live": False, "kickoff": MONDAY}


def dates(made: Preview) -> dict[int, tuple[dt.date | None, dt.date | None]]:
    return {row.step.number: (row.start, row.due) for row in made.rows}


def test_steps_start_and_end_on_working_days_behind_what_they_need() -> None:
    data = a_playbook(
        a_step(1, duration_days=3),
        a_step(2, duration_days=8, needs=("design.step-1",)),
        a_step(3, phase="sit", duration_days=1),
    )

    # Martin Luther King Day, January 18, is no working day.
    assert dates(preview(data, **PARTNER)) == {
        1: (MONDAY, dt.date(2027, 1, 6)),
        2: (dt.date(2027, 1, 7), dt.date(2027, 1, 19)),
        3: (dt.date(2027, 1, 20), dt.date(2027, 1, 20)),
    }


def test_a_kickoff_on_a_sunday_begins_on_the_next_working_day() -> None:
    made = preview(a_playbook(a_step(1)), **{**PARTNER, "kickoff": dt.date(2027, 1, 3)})

    assert dates(made) == {1: (MONDAY, MONDAY)}


@pytest.mark.parametrize(
    ("applies", "kind", "phased", "why"),
    [
        ("partner_only", "partner", False, ""),
        ("partner_only", "custom", False, "Applies to partner integrations only."),
        ("partner_only", "existing", True, "Applies to partner integrations only."),
        ("phased_only", "add_on", False, "Applies to phased go-lives only."),
        ("phased_only", "partner", True, ""),
        ("if_applicable", "custom", False, ""),
    ],
)
def test_what_does_not_apply_is_left_out_with_the_reason(applies: str, kind: str, phased: bool, why: str) -> None:
    data = a_playbook(a_step(1, applies=applies, duration_days=5), a_step(2, needs=("design.step-1",)))

    made = preview(data, integration_kind=kind, phased_go_live=phased, kickoff=MONDAY)

    assert [row.why_out for row in made.rows] == [why, ""]
    assert dates(made)[1] == ((None, None) if why else (MONDAY, dt.date(2027, 1, 8)))
    # A step that is left out takes no time.
    assert dates(made)[2][0] == (MONDAY if why else dt.date(2027, 1, 11))


def test_the_preview_of_a_published_version_says_what_a_start_would_make(playbooks: dict[str, Version]) -> None:
    version = playbooks["integration"]
    asked = {"integration_kind": "custom", "phased_go_live": False, "kickoff": MONDAY}

    made, real = preview(version.as_data(), **asked), start_draft([version.pk], **asked)  # type: ignore[arg-type]

    assert {f"integration/{row.step.key}": row.due for row in made.rows if not row.why_out} == {
        step.path: real.due[step.path] for step in real.steps_in
    }
    assert len(made.steps_out) == len(real.left_out) > 0
    for row in made.rows:
        if row.start and row.due:
            assert is_working_day(row.start)
            assert working_days_between(row.start, row.due) == row.step.duration_days - 1


def test_steps_in_a_circle_have_no_dates_and_it_says_which() -> None:
    data = a_playbook(a_step(1, needs=("design.step-2",)), a_step(2, needs=("design.step-1",)))

    made = preview(data, **PARTNER)

    assert made.undated == "These steps need each other: design.step-1, design.step-2."
    assert dates(made) == {1: (None, None), 2: (None, None)}
    assert len(made.picture.arrows) == 2


def test_a_plan_without_end_is_not_planned() -> None:
    made = preview(a_playbook(*(a_step(number, duration_days=400) for number in range(1, 15))), **PARTNER)

    assert made.undated == "Its durations add up to 5,600 working days; up to 5,000 are planned."


# The picture


def points(path: str) -> list[tuple[int, int]]:
    """The corners of a path that knows M, H and V."""
    x = y = 0
    found = []
    for command, numbers in re.findall(r"([MHV])([\d ]+)", path):
        values = [int(number) for number in numbers.split()]
        if command == "M":
            x, y = values
        elif command == "H":
            x = values[0]
        else:
            y = values[0]
        found.append((x, y))
    return found


def crossed(picture: Flow) -> list[tuple[str, str]]:
    """The arrows that run through a step, each with the step."""
    found = []
    for path in picture.arrows:
        corners = points(path)
        for (x1, y1), (x2, y2) in pairwise(corners):
            for node in picture.nodes:
                if (
                    min(x1, x2) < node.x + NODE_WIDTH
                    and max(x1, x2) > node.x
                    and min(y1, y2) < node.y + NODE_HEIGHT
                    and max(y1, y2) > node.y
                ):
                    found.append((path, node.key))
    return found


PHASES = ("discovery", "design", "sit", "post_live")


def a_large_version(count: int) -> list[Any]:
    """Steps over four phases, each of which needs the two before it and one from the far beginning."""
    steps = []
    for number in range(1, count + 1):
        needs = tuple(f"design.step-{other}" for other in {number - 1, number - 2, number // 3} if 0 < other < number)
        phase = PHASES[(number - 1) * len(PHASES) // count]
        steps.append(
            a_step(number, phase=phase, needs=needs, title=f"A step with a rather long title, number {number}")
        )
    return steps


def test_no_arrow_crosses_a_step_and_each_begins_and_ends_at_one() -> None:
    steps = a_large_version(40)
    picture = flow(steps, notes={})

    assert len(picture.arrows) == sum(len(step.needs) for step in steps)
    assert crossed(picture) == []
    place = {node.key: node for node in picture.nodes}
    asked = [(place[need], place[step.key]) for step in steps for need in dict.fromkeys(step.needs)]
    for path, (start, end) in zip(picture.arrows, asked, strict=True):
        first, last = points(path)[0], points(path)[-1]
        assert first[0] == start.x + NODE_WIDTH
        assert start.y < first[1] < start.y + NODE_HEIGHT
        assert last[0] in (end.x, end.x + NODE_WIDTH)
        assert end.y < last[1] < end.y + NODE_HEIGHT
    assert all(0 <= x <= picture.width and 0 <= y <= picture.height for path in picture.arrows for x, y in points(path))


def test_arrows_of_different_steps_never_share_a_stretch_of_a_lane() -> None:
    steps = a_large_version(40)
    picture = flow(steps, notes={})
    asked = [(need, step.key) for step in steps for need in dict.fromkeys(step.needs)]
    upright: dict[int, list[tuple[int, int, tuple[str, str]]]] = {}
    for path, (start, end) in zip(picture.arrows, asked, strict=True):
        falls = [
            (x1, min(y1, y2), max(y1, y2)) for (x1, y1), (x2, y2) in pairwise(points(path)) if x1 == x2 and y1 != y2
        ]
        for place, (x, top, bottom) in enumerate(falls):
            upright.setdefault(x, []).append((top, bottom, ("to", end) if place else ("from", start)))

    assert len(upright) > 10
    for stretches in upright.values():
        for one, other in combinations(sorted(stretches), 2):
            assert one[2] == other[2] or one[1] < other[0]


def test_an_arrow_back_from_a_later_phase_is_drawn_without_crossing_either() -> None:
    picture = flow([a_step(1, needs=("design.step-2",)), a_step(2, phase="sit"), a_step(3)], notes={})

    assert len(picture.arrows) == 1
    assert crossed(picture) == []


def test_each_phase_is_a_column_and_no_two_steps_touch() -> None:
    picture = flow(a_large_version(20), notes={"design.step-1": "Jan 4"}, out=frozenset({"design.step-2"}))

    assert [(column.label, column.steps) for column in picture.columns] == [
        ("Discovery", 5), ("Design", 5), ("SIT", 5), ("Post-Live", 5),
    ]  # fmt: skip
    assert len({(node.x, node.y) for node in picture.nodes}) == 20
    assert {node.label for node in picture.nodes} == {"A step with a rather l…"}
    assert len("A step with a rather l…") <= LONGEST_LABEL
    assert (picture.nodes[0].note, picture.nodes[1].out) == ("Jan 4", True)


def test_what_a_picture_cannot_hold_is_counted() -> None:
    keys = [f"design.step-{number}" for number in range(1, 61)]
    steps = [a_step(number, needs=tuple(keys[: number - 1])) for number in range(1, 61)]

    picture = flow(steps, notes={})

    assert (len(picture.arrows), picture.left_out) == (MOST_ARROWS, 60 * 59 // 2 - MOST_ARROWS)


def test_500_steps_are_little_more_work_each_than_five() -> None:
    data = a_playbook(*a_large_version(500))

    with effort() as spent:
        preview(data, **PARTNER)

    assert spent.calls < 500_000  # 165,000 when this was written


# The page


@pytest.fixture
def reader(client: Client, cast: SimpleNamespace) -> Client:
    client.force_login(cast.mallory)
    return client


def page(number: int = 1) -> str:
    return reverse("playbook-preview", args=["sample", number])


def test_a_draft_is_previewed_by_staff_alone_and_nobody_outside(
    reader: Client, draft: Version, cast: SimpleNamespace
) -> None:
    assert reader.get(page()).status_code == 404
    staff, outside = Client(), Client()
    staff.force_login(cast.adele)
    outside.force_login(cast.bo)

    assert staff.get(page(), {"kickoff": "2027-01-04", "kind": "custom"}).status_code == 200
    assert outside.get(page()).status_code == 404


def test_the_picture_has_a_name_and_a_twin_in_words(reader: Client, published: Version) -> None:
    html = reader.get(page(), {"kickoff": "2027-01-04"}).content.decode()

    assert '<title id="flow-title">The flow of Sample v1</title>' in html
    assert html.count('class="node"') == html.count('<tr id="plan-') == 3
    assert html.count("Jan 4, 2027") > 3
    assert "style=" not in html.partition("<main")[2]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"kickoff": "soon"}, "Write the date as 2026-11-24 or Nov 24, 2026."),
        ({"kickoff": ""}, "This field is required."),
        ({"kickoff": "1999-12-31"}, "Choose a date from 2000-01-01 on."),
        ({"kind": "none"}, "“none” is no kind of integration."),
    ],
)
def test_what_cannot_be_previewed_is_said_at_its_field(
    reader: Client, published: Version, asked: dict[str, str], words: str
) -> None:
    answer = reader.get(page(), asked)

    assert answer.status_code == 400
    html = answer.content.decode()
    assert re.findall(r'<li><a href="#preview-\w+">[^<:]*: ([^<]*)<', html) == [words]
    assert "<svg width" not in html.partition("<main")[2]


def test_an_empty_draft_says_so(cast: SimpleNamespace, client: Client, make_draft: Callable[..., Version]) -> None:
    version = make_draft()
    version.steps.all().delete()
    client.force_login(cast.adele)

    assert "No steps yet" in client.get(page()).content.decode()


@pytest.mark.parametrize("count", [3, 60])
def test_a_preview_takes_seven_queries_and_writes_nothing(
    reader: Client, make_draft: Callable[..., Version], cast: SimpleNamespace, count: int
) -> None:
    make_draft(*a_large_version(count))
    reader.force_login(cast.adele)
    reader.get(page())

    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert reader.get(page()).status_code == 200

    assert len(queries) == 7
    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}
