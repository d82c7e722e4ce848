"""Raw tables become a playbook: what a cell says, what a blank one takes, what a version fills in, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from playbook import vocabulary as words
from playbook.data import PlaybookData, RoleData, StepData
from playbook.format import dump_yaml, parse
from playbook.importing.columns import CHANGE_COLUMNS, ROLE_COLUMNS, STEP_COLUMNS, fold
from playbook.importing.interpret import Interpreted, interpret
from playbook.importing.keys import new_key
from playbook.importing.lists import date_of
from playbook.importing.raw import ImportRefused, Note, Page, RawRow, RawTable
from playbook.importing.rows import first_sentence
from playbook.importing.scrape import read_scrape
from playbook.importing.texts import lines_of
from playbook.lint import lint
from raci.letters import Raci

ROLES = (
    {"code": "PM", "name": "Project Manager", "team": "Implementations"},
    {"code": "SE", "name": "Solution Engineer", "team": "Integrations"},
    {"code": "INM", "name": "Integrations Manager", "team": "Integrations"},
    {"code": "B", "name": "Biller", "team": "Customer"},
)
FOUR = "SE / INM / PM / B"


def page_of(*rows: Mapping[str, str], roles: Any = ROLES, **more: Any) -> Page:
    tables = [RawTable("steps", "table 2", tuple(RawRow(f"row {at}", row) for at, row in enumerate(rows, 1)))]
    if roles:
        tables.insert(
            0, RawTable("roles", "table 1", tuple(RawRow(f"role {at}", row) for at, row in enumerate(roles, 1)))
        )
    return Page("berths.html", **{"title": "P9 - Berths", "page": "77", "tables": tuple(tables), **more})


def read(*rows: Mapping[str, str], base: PlaybookData | None = None, **more: Any) -> Interpreted:
    return interpret(page_of(*rows, **more), slug="berths", base=base, label="version 3")


def only(told: Interpreted) -> StepData:
    (step,) = told.data.steps
    return step


def of_row(told: Interpreted, where: str) -> list[tuple[str, str]]:
    return [(row.outcome, row.text) for row in told.report if row.where == where]


def a_row(**cells: str) -> dict[str, str]:
    return {"number": "1", "phase": "Design", "category": "Deck", "title": "Draw", "raci": FOUR} | cells


# -- phases, categories, titles ---------------------------------------------------------------------------------------


def test_a_plain_row_is_read_as_it_stands() -> None:
    told = read(a_row(guidance="Ink it."))

    assert only(told) == StepData(
        key="design.draw",
        number=1,
        phase="design",
        category="Deck",
        title="Draw",
        guidance="Ink it.",
        raci=Raci(R=("SE",), A=("INM",), C=("PM",), I=("B",)),
        raci_source=FOUR,
        source={"file": "berths.html", "page": "77", "row": "row 1"},
    )
    assert of_row(told, "row 1") == [("read", "“Draw”.")]
    assert (told.data.title, told.data.source) == ("Berths", {"file": "berths.html", "page": "77"})


def test_blank_phase_and_category_take_the_row_aboves_and_are_marked() -> None:
    told = read(a_row(), a_row(number="2", phase="", category="", title="Ink"))

    assert (told.data.steps[1].phase, told.data.steps[1].category) == ("design", "Deck")
    assert of_row(told, "row 2") == [
        ("guessed", "Phase is blank: Design from the row above; category is blank: “Deck” from the row above.")
    ]
    assert len(told.data.steps[1].open_questions) == 2


@pytest.mark.parametrize(
    ("said", "phase"),
    [
        *[("Testing", "sit"), ("Finalize Design", "finalize"), ("Integration Release", "release"), ("SIT", "sit")],
        *[
            ("Discovery", "discovery"),
            ("Development", "development"),
            ("Post Go-Live", "post_live"),
            ("UAT", "release"),
        ],
        *[("post_live", "post_live"), ("Post-Live", "post_live"), ("2. Design", "design"), ("DESIGN PHASE", "design")],
    ],
)
def test_phases_by_meaning(said: str, phase: str) -> None:
    assert only(read(a_row(phase=said))).phase == phase


def test_a_phase_that_nobody_knows_is_asked_about() -> None:
    told = read(a_row(), a_row(number="2", phase="Kick-off party", title="Cake"))

    assert told.data.steps[1].phase == "design"
    assert told.data.steps[1].open_questions == ("The source's phase “Kick-off party” is none of ours.",)
    assert of_row(told, "row 2")[0][0] == "guessed"


@pytest.mark.parametrize(
    ("text", "title", "rest"),
    [
        ("Triage calls. Every Tuesday from 10 to 11.", "Triage calls", "Every Tuesday from 10 to 11."),
        ("Follow up. (Issues of production)", "Follow up", "(Issues of production)"),
        ("Seek advice.", "Seek advice", ""),
        ("Gather data (files, credentials, etc.)", "Gather data (files, credentials, etc.)", ""),
        ("Tie ropes etc. Then rest", "Tie ropes etc. Then rest", ""),
        ("Who signs? The biller", "Who signs?", "The biller"),
        ("Use v. 2 of it", "Use v. 2 of it", ""),
        ("A (b. C) d", "A (b. C) d", ""),
    ],
)
def test_a_titles_first_sentence_is_the_title(text: str, title: str, rest: str) -> None:
    assert first_sentence(text) == (title, rest)


def test_a_title_is_straightened_and_its_rest_goes_before_the_guidance() -> None:
    step = only(read(a_row(title="Web/ SSO of the biller’s. Twice!", guidance="As it “stands”.")))

    assert (step.title, step.guidance) == ("Web/SSO of the biller's", "Twice!\nAs it “stands”.")


def test_texts_that_are_too_long_lose_nothing() -> None:
    told = read(a_row(title="word " * 60, category="c" * 100, guidance="g" * (words.LONGEST_GUIDANCE + 5)))
    step = only(told)

    assert len(step.title) <= words.LONGEST_TITLE
    assert len(step.category) == words.LONGEST_NAME
    kept = step.guidance + "".join(note.text for note in told.notes)
    assert ("c" * 100 in kept, ("word " * 60).strip() in kept, kept.count("g")) == (
        True,
        True,
        words.LONGEST_GUIDANCE + 5,
    )


def test_lines_above_their_rows_blank_rows_and_headings_again_are_no_steps() -> None:
    told = read(
        {"phase": "Testing", "title": "", "raci": ""},
        {"phase": "", "title": "Try it", "raci": FOUR},
        {"phase": "", "title": " ", "raci": "\u00a0"},
        {"phase": "Phase", "title": "Step", "raci": "R / A / C / I"},
        {"phase": "", "title": "", "raci": FOUR},
    )

    assert [(step.title, step.phase) for step in told.data.steps] == [("Try it", "sit")]
    assert [of_row(told, f"row {at}")[0][0] for at in (1, 3, 4, 5)] == ["read", "read", "read", "refused"]
    assert told.notes == (Note("row 5", f"raci: {FOUR}"),)


# -- letters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "raci", "raw"),
    [
        ({"raci": "SE/INM / PM,\u00a0B /"}, Raci(R=("SE",), A=("INM",), C=("PM", "B")), "SE/INM / PM, B /"),
        ({"raci": "Solution Engineer / inm / PM / Biller"}, Raci(("SE",), ("INM",), ("PM",), ("B",)), None),
        ({"raci": "SE\nINM\nPM\nB"}, Raci(("SE",), ("INM",), ("PM",), ("B",)), FOUR),
        (
            {"raci": "R: SE, A: INM, C: PM, I: B"},
            Raci(("SE",), ("INM",), ("PM",), ("B",)),
            "R: SE, A: INM, C: PM, I: B",
        ),
        ({"raci": "SE"}, Raci(("SE",), ("SE",)), "SE"),
        ({"raci": ""}, Raci(), ""),
        ({"raci": "N/A"}, Raci(), "N/A"),
        (
            {"r": "SE; PM", "a": "Integrations Manager", "c": "", "i": "b"},
            Raci(("SE", "PM"), ("INM",), (), ("B",)),
            None,
        ),
        ({"SE": "R/A", "PM": "c", "B": "-"}, Raci(("SE",), ("SE",), ("PM",)), "SE R/A / PM c / B -"),
        ({"Solution Engineer": "R", "INM": "A, I"}, Raci(("SE",), ("INM",), (), ("INM",)), "SE R / INM A, I"),
    ],
)
def test_letters_in_one_column_in_four_or_in_one_for_each_role(
    cells: dict[str, str], raci: Raci, raw: str | None
) -> None:
    row = {"number": "1", "phase": "Design", "title": "Draw"} | cells
    step = only(read(row))

    assert step.raci == raci
    assert raw is None or step.raci_source == raw


def test_the_role_list_decides_on_the_seats_and_a_derived_accountable_is_marked() -> None:
    three = [role for role in ROLES if role["code"] != "INM"]
    told = read(a_row(raci="SE / PM / B"), roles=three)

    assert (only(told).raci, only(told).derived) == (Raci(("SE",), ("SE",), ("PM",), ("B",)), ("A",))
    assert of_row(told, "row 1") == [("guessed", "Accountable SE derived: the cell has three seats.")]
    refused = read(a_row(raci="SE / PM / B"))
    assert only(refused).raci == Raci()
    assert "too few seats: 3 where R / A / C / I wants 4" in of_row(refused, "row 1")[1][1]


def test_a_role_used_but_not_listed_is_refused_with_its_place_and_the_rest_is_kept() -> None:
    told = read(a_row(raci="SE / XX / PM / B"))
    step = only(told)

    assert (step.raci, step.raci_source) == (Raci(R=("SE",), C=("PM",), I=("B",)), "SE / XX / PM / B")
    text = "XX is used in R / A / C / I “SE / XX / PM / B” but not in the role list."
    assert of_row(told, "row 1") == [("read", "“Draw”."), ("refused", text)]
    assert [found.code for found in lint(told.data) if found.is_error] == ["no-accountable"] or step.open_questions


def test_an_unlisted_integrations_manager_does_not_change_the_count_of_seats() -> None:
    three = [role for role in ROLES if role["code"] != "INM"]

    assert only(read(a_row(raci="INM / PM / B"), roles=three)).raci == Raci(C=("PM",), I=("B",))


def test_several_responsible_of_ours_make_nobody_accountable() -> None:
    three = [role for role in ROLES if role["code"] != "INM"]
    told = read(a_row(raci="SE, PM / B /"), roles=three)

    assert only(told).raci == Raci(R=("SE", "PM"), C=("B",))
    assert [outcome for outcome, _ in of_row(told, "row 1")] == ["read", "refused"]


# -- applicability and the rest ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "applies"),
    [
        ({"required": "Yes"}, "always"),
        ({"required": "If applicable"}, "if_applicable"),
        ({"required": "No"}, "if_applicable"),
        ({"required": "whenever"}, "always"),
        ({"title": "Meet (if Applicable)"}, "if_applicable"),
        ({"guidance": "Based on results (if applicable)."}, "if_applicable"),
        ({"guidance": "Note: Only applies to Partner Integrations and is N/A for Custom."}, "partner_only"),
        ({"guidance": "Do it if necessary."}, "always"),
    ],
)
def test_to_whom_a_step_applies(cells: dict[str, str], applies: str) -> None:
    assert only(read(a_row(**cells))).applies == applies


def test_needs_by_number_span_title_and_key_and_what_is_no_step() -> None:
    rows = [a_row(number=str(at), title=f"Step {'pqrst'[at - 1]}", needs="") for at in range(1, 6)]
    rows[3]["needs"] = "1 to 3"
    rows[4]["needs"] = "4; Step q, design.step-p\nStep z"
    told = read(*rows)

    assert told.data.steps[3].needs == ("design.step-p", "design.step-q", "design.step-r")
    assert told.data.steps[4].needs == ("design.step-s", "design.step-q", "design.step-p")
    assert of_row(told, "row 5")[1] == ("refused", "It needs “Step z”, and there is no such step: not taken.")


def test_a_circle_of_needs_is_reported_where_it_is_and_left_to_lint() -> None:
    told = read(a_row(needs="2"), a_row(number="2", title="Ink", needs="1"))

    text = "These steps wait for one another for ever: design.draw → design.ink → design.draw. Publishing refuses it."
    assert of_row(told, "row 1")[1] == ("refused", text)
    assert "needs-cycle" in [found.code for found in lint(told.data)]


def test_a_number_or_a_key_twice_is_reported_and_given_anew() -> None:
    told = read(
        a_row(number="4", key="design.draw"),
        a_row(number="4", key="design.draw", title="Ink"),
        a_row(number="x", key="No Key", title="Dry"),
    )

    assert [(step.number, step.key) for step in told.data.steps] == [
        (1, "design.draw"),
        (2, "design.ink"),
        (3, "design.dry"),
    ]
    assert [text for outcome, text in of_row(told, "row 2") if outcome == "refused"] == [
        "Number 4 is the number of the step at row 1 already: it has another.",
        "design.draw is the key of the step at row 1 already: it has another.",
    ]
    assert [outcome for outcome, _ in of_row(told, "row 3")] == ["guessed", "refused"]


def test_numbers_that_skip_are_the_pages_and_rows_in_another_order_too() -> None:
    told = read(a_row(number="7"), a_row(number="3", title="Ink"))

    assert [(step.number, step.title) for step in told.data.steps] == [(3, "Ink"), (7, "Draw")]


def test_a_strange_column_is_kept_as_a_note() -> None:
    told = read(a_row(**{"Crew size": "nine", "Comments": "Mind the rope."}))

    assert told.notes == (Note("row 1", "Crew size: nine"),)
    assert only(told).guidance == "Mind the rope."
    assert ("kept", "Crew size: nine") in of_row(told, "row 1")


# -- roles and the change log -----------------------------------------------------------------------------------------


def test_roles_with_their_codes_sides_and_what_they_may_do() -> None:
    roles = [
        {"number": "1", "name": "Project Manager (PM)", "team": "Implementations"},
        {"number": "3", "name": "Biller (B)", "team": "Customer"},
        {"number": "4", "name": "Transcard (TC)", "team": "Partner for OP product"},
        {"number": "5", "name": "Implementation Specialist II", "team": "Delivery"},
        {"number": "6", "name": "Project Manager (PM)", "team": "Again"},
        {"number": "7", "name": "Much Too Long (ABCDEFGH/I)", "team": ""},
    ]
    told = read(a_row(raci="PM / B /"), roles=roles)

    assert told.data.roles == (
        RoleData("PM", "Project Manager", "Implementations", "internal", manages=True),
        RoleData("B", "Biller", "Customer", "customer", signs_as="biller"),
        RoleData("TC", "Transcard", "Partner for OP product", "partner"),
        RoleData("IS II", "Implementation Specialist II", "Delivery"),
    )
    assert [row.outcome for row in told.report if row.where in ("role 5", "role 6")] == ["refused", "refused"]
    assert told.data.open_questions == ("Role number 2 missing from the source's role list.",)


def test_without_a_list_the_cells_say_which_roles_there_are() -> None:
    told = read(a_row(raci="SE / INM / PM / B"), roles=())

    assert [role.code for role in told.data.roles] == ["SE", "INM", "PM", "B"]
    assert only(told).raci.A == ("INM",)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        *[("8/29/24", "2024-08-29"), ("5/2/2025", "2025-05-02"), ("2025-05-02", "2025-05-02"), ("3/10/225", None)],
        *[("April 2025", None), ("May 2, 2025", "2025-05-02"), ("2 May 2025", "2025-05-02"), ("2/30/2025", None)],
        *[("", None), ("29/8/2024", "2024-08-29")],
    ],
)
def test_dates(text: str, date: str | None) -> None:
    assert date_of(text) == date


# -- a version before -------------------------------------------------------------------------------------------------


def before(*steps: StepData, **more: Any) -> PlaybookData:
    roles = (
        RoleData("PM", "Project Manager", "Implementations", manages=True),
        RoleData("SE", "Solution Engineer", "Integrations"),
        RoleData("INM", "Integrations Manager", "Integrations"),
        RoleData("B", "Biller", "Customer", "customer", signs_as="biller"),
    )
    return PlaybookData("berths", "Berths", roles=roles, steps=steps, **more)


def old_step(key: str, number: int, title: str, **more: Any) -> StepData:
    return StepData(key, number, "design", title, **{"category": "Deck", "raci_source": FOUR, **more})


def test_what_a_page_cannot_say_is_taken_from_the_version_before_and_told() -> None:
    old = old_step(
        "design.first-drawing",
        1,
        "Draw",
        duration_days=9,
        needs=(),
        documents=("plan",),
        meeting="tdr",
        approval="architect_review",
    )
    told = read(a_row(), a_row(number="2", title="Ink"), base=before(old))
    step, new = told.data.steps

    assert (step.key, step.duration_days, step.documents, step.meeting, step.approval) == (
        *("design.first-drawing", 9, ("plan",), "tdr"),
        "architect_review",
    )
    assert (new.key, new.duration_days, new.documents) == ("design.ink", 1, ())
    said = [text for outcome, text in of_row(told, "the whole page") if outcome == "guessed"]
    assert "The durations of step 1 were taken from version 3: the page does not say them." in said
    assert "The durations of step 2 are set to one day: the page does not say them." in said
    assert told.data.roles[3].signs_as == "biller"


def test_letters_phase_and_category_come_from_before_where_the_page_has_no_column_of_them() -> None:
    old = old_step("design.draw", 1, "Draw", raci=Raci(("SE",), ("INM",)), raci_source="", derived=("R", "A"))
    told = read({"title": "Draw"}, {"title": "Ink. Now"}, base=before(old), roles=())

    step = told.data.steps[0]
    assert (step.phase, step.category, step.raci, step.derived) == ("design", "Deck", old.raci, ("R", "A"))
    assert of_row(told, "row 1") == [
        (
            "guessed",
            "Phase Design taken from version 3: the page does not say; "
            "category “Deck” taken from version 3: the page does not say; "
            "R / A / C / I taken from version 3: the page has no column of letters.",
        )
    ]
    assert told.data.steps[1].raci == Raci()


def test_a_blank_cell_of_letters_is_the_pages_word_and_takes_nothing_from_before() -> None:
    old = old_step("design.draw", 1, "Draw", raci=Raci(("SE",), ("INM",)))

    assert only(read(a_row(raci=""), base=before(old))).raci == Raci()


def test_keys_follow_titles_through_moves_and_rewording() -> None:
    steps = (
        old_step("design.a", 1, "Invoicing"),
        old_step("sit.b", 2, "Invoicing", category="Trials"),
        old_step("design.c", 3, "Draw the whole deck of the pontoon"),
        old_step("design.d", 4, "Ink it"),
    )
    told = read(
        a_row(title="Invoicing", category="Trials"),
        a_row(number="2", title="INVOICING"),
        a_row(number="3", title="Draw the whole deck of a pontoon"),
        a_row(number="4", title="Ink it", phase="Testing"),
        base=before(*steps),
    )

    assert [step.key for step in told.data.steps] == ["sit.b", "design.a", "design.c", "design.d"]
    assert "taken for design.c" in of_row(told, "row 3")[0][1].casefold()


def test_steps_that_were_never_a_row_stay_and_rows_that_are_gone_are_told() -> None:
    steps = (
        old_step("design.welcome", 1, "Welcome", raci_source="", source={}),
        old_step("design.draw", 2, "Draw", source={"row": "row 1"}),
        old_step("design.gone", 3, "Gone", source={"row": "row 2"}),
        old_step("design.bye", 4, "Farewell", raci_source="", source={}),
    )
    told = read(a_row(), base=before(*steps))

    assert [(step.number, step.key) for step in told.data.steps] == [
        *[(1, "design.welcome"), (2, "design.draw"), (3, "design.bye")],
    ]
    assert [row.step for row in told.report if row.where == "not on the page"] == [
        *["design.welcome", "design.bye", "design.gone"],
    ]


def test_the_same_page_gives_the_same_keys() -> None:
    rows = [
        a_row(number=str(at), title="Draw (twice)", category=name)
        for at, name in enumerate(["Deck", "Hull", "Hull"], 1)
    ]

    keys = [step.key for step in read(*rows).data.steps]
    assert keys == ["design.draw", "design.hull-draw", "design.draw-2"]
    assert keys == [step.key for step in read(*rows).data.steps]


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Заголовок", "design.step"),
        ("The of", "design.the-of"),
        ("x" * 90, f"design.{'x' * 50}"),
        ("(Only this)", "design.only-this"),
    ],
)
def test_a_key_of_any_title(title: str, key: str) -> None:
    assert new_key("design", title, "", ()) == key
    assert words.KEY_PATTERN.fullmatch(key)


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "words_of_it"),
    [
        (Page("a.txt", notes=(Note("line 1", "Prose."),)), "“a.txt”: there is no table of steps."),
        (page_of(), "there is a table of steps, and no row below its headings"),
        (page_of({"title": ""}, {"title": " "}), "no row below its headings"),
        (
            page_of(*[a_row(number=str(at)) for at in range(1, 502)]),
            "row 501: the table has 501 rows; 500 steps is the most.",
        ),
        (page_of(a_row(), notes=(Note("all", "x" * (words.LONGEST_FILE + 1)),)), "longer than any playbook"),
        (page_of(a_row(), roles=[{"code": f"R{at}", "name": f"Role {at}"} for at in range(60)]), "50 is the most"),
    ],
)
def test_what_is_refused_says_where(page: Page, words_of_it: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        interpret(page, slug="berths")
    assert words_of_it in str(refused.value)


def test_many_notes_are_run_together_and_none_is_lost() -> None:
    notes = tuple(Note(f"line {at}", f"text {at}") for at in range(1, 1002))
    told = read(a_row(), notes=notes)

    assert len(told.notes) <= 400
    assert "\n".join(note.text for note in told.notes).split("\n") == [note.text for note in notes]


CELL = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    [
        "",
        "Design",
        "Testing",
        FOUR,
        "SE / PM /",
        "R/A",
        "1",
        "2",
        "PM",
        "Draw. Now",
        "(if applicable)",
        "1 to 3",
        "x" * 300,
        "/,/",
    ]
)
COLUMN = st.sampled_from(
    [
        "number",
        "key",
        "phase",
        "category",
        "title",
        "guidance",
        "raci",
        "r",
        "a",
        "c",
        "i",
        "required",
        "applies",
        "duration",
        "approval",
        "needs",
        "documents",
        "meeting",
        "questions",
        "derived",
        "source",
        "PM",
        "Crew",
    ]
)


@settings(max_examples=60)
@given(st.lists(st.dictionaries(COLUMN, CELL, max_size=8), max_size=6), st.booleans())
@example([{"category": "0 ;", "title": "0"}], False)
def test_whatever_the_cells_say_it_is_a_playbook_or_refused(rows: list[dict[str, str]], has_base: bool) -> None:
    base = before(old_step("design.draw", 1, "Draw"), old_step("sit.x", 2, "x")) if has_base else None
    try:
        told = read(*rows, base=base)
    except ImportRefused:
        return
    assert parse(dump_yaml(told.data)) == told.data
    places = {row.where for row in told.report}
    assert {f"row {at}" for at in range(1, len(rows) + 1)} <= places


HEADINGS = {
    name for columns in (STEP_COLUMNS, ROLE_COLUMNS, CHANGE_COLUMNS) for names in columns.values() for name in names
}
LINE = st.sampled_from(
    [
        "Step",
        "Description",
        "Phase",
        "Category",
        "R / A / C / I",
        "R",
        "A",
        "C",
        "I",
        "PM",
        "IM",
        "Name",
        "Team",
        "Notes",
        "",
        "1",
        "2",
        "3",
        "Design",
        "Testing",
        "PM / IM / B",
        "Draw it.",
        "Draw",
        "note",
        "Date",
        "Version",
        "1.0",
        "Yes",
        "\xa0",
        "URL:/spaces/x/pages/7/T",
        "Task",
        "Required?",
    ]
) | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


@settings(max_examples=150)
@given(st.lists(LINE, max_size=40))
@example(["Date", "Version", "Design"])
def test_whatever_the_lines_say_it_is_a_page_and_no_line_is_lost(lines: list[str]) -> None:
    data = "\n".join(lines).encode()
    page = read_scrape(data, "a.txt")
    held = "\n".join(
        [*(text for table in page.tables for row in table.rows for pair in row.values.items() for text in pair)]
        + [note.text for note in page.notes]
    )
    told = [line.text for line in lines_of(data).lines if not line.text.isdigit() and not line.text.startswith("URL:")]
    assert [text for text in told if text not in held and fold(text) not in HEADINGS and text not in ("PM", "IM")] == []
    try:
        told = interpret(page, slug="berths")
    except ImportRefused:
        return
    assert parse(dump_yaml(told.data)) == told.data


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_whatever_the_bytes_are_it_is_a_page_or_refused(data: bytes) -> None:
    try:
        interpret(read_scrape(data, "a.txt"), slug="berths")
    except ImportRefused:
        return
