"""Reading and writing playbooks: byte-stable one way, line and key named the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playbook.data import ChangeData, DocumentData, PlaybookData, RoleData, SectionData, StepData
from playbook.format import FormatError, as_mapping, digest, dump_json, dump_yaml, parse
from playbook.nodes import text_problem
from playbook.vocabulary import Applies, ApprovalKind, PlaybookKind
from raci.letters import LETTERS, Raci
from transitions.phase import Phase

FIXTURES = Path(__file__).parents[2] / "fixtures" / "playbooks"
SLUGS = ["addon-post-live", "integration", "new-integration-participation", "outbound", "transition-to-cs"]

GOOD = """\
playbook: sample
title: Sample
kind: phased
version: 1
source: {file: sample.txt, page: '1'}
changes: []
roles:
  - {code: PM, name: Project Manager, team: Implementations, side: internal}
  - {code: SE, name: Solution Engineer, team: Integrations, side: internal}
  - {code: INM, name: Integrations Manager, team: Integrations, side: internal}
steps:
  - key: design.first
    number: 1
    phase: design
    title: First
    raci: {R: [SE], A: [INM]}
  - key: design.second
    number: 2
    phase: design
    title: Second
    raci_source: SE / INM / PM /
    needs: [design.first]
"""


def problems_of(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(FormatError) as caught:
        parse(text)
    return [(problem.line, problem.key, problem.text) for problem in caught.value.problems]


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


# -- The five ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", SLUGS)
def test_a_fixture_is_its_own_export_byte_for_byte(slug: str) -> None:
    written = (FIXTURES / f"{slug}.yaml").read_bytes()

    assert dump_yaml(parse(written.decode())).encode() == written


@pytest.mark.parametrize(
    ("slug", "codes"),
    [
        ("addon-post-live", ["IS"]),
        ("integration", ["PM", "IM"]),
        ("new-integration-participation", ["PM", "IM"]),
        ("outbound", ["PM", "IM"]),
        ("transition-to-cs", ["PM", "IM"]),
    ],
)
def test_who_runs_the_project(slug: str, codes: list[str]) -> None:
    data = parse((FIXTURES / f"{slug}.yaml").read_text(encoding="utf-8"))

    assert [role.code for role in data.roles if role.manages] == codes


@pytest.mark.parametrize("slug", SLUGS)
def test_which_roles_sign_on_a_customer_s_sign_off(slug: str) -> None:
    data = parse((FIXTURES / f"{slug}.yaml").read_text(encoding="utf-8"))
    signing = {
        "integration": {"B": "biller", "CIS": "core_system"},
        "outbound": {"B": "biller", "CS": "core_system"},
    }

    assert {role.code: role.signs_as for role in data.roles if role.signs_as} == signing.get(slug, {})


@pytest.mark.parametrize("slug", SLUGS)
def test_json_has_the_keys_of_the_yaml_and_all_four_letters(slug: str) -> None:
    data = parse((FIXTURES / f"{slug}.yaml").read_text(encoding="utf-8"))
    exported = json.loads(dump_json(data))

    assert list(exported) == [
        *("playbook", "title", "kind", "version", "source", "changes", "open_questions", "roles"),
        *(["documents"] if data.documents else []),
        "steps",
    ]
    assert [list(step["raci"]) for step in exported["steps"]] == [["R", "A", "C", "I"]] * len(data.steps)
    assert parse(dump_json(data)) == data  # JSON is YAML too


# -- Round trip -------------------------------------------------------------------------------------------------------


def texts(most: int, *, least: int = 0, lines: bool = False) -> st.SearchStrategy[str]:
    """Text as `parse` leaves it: no control characters, no blanks at the ends."""
    alphabet = st.characters(exclude_categories=("Cc", "Cs"))
    if lines:
        alphabet = st.one_of(alphabet, st.just("\n"))
    return (
        st.text(alphabet, max_size=most)
        .map(str.strip)
        .filter(lambda text: len(text) >= least and not text_problem(text, most, lines=lines))
    )


def unique(strategy: st.SearchStrategy[str], most: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(strategy, max_size=most, unique=True).map(tuple)


SLUG = st.from_regex(r"\A[a-z0-9]{1,5}(-[a-z0-9]{1,5}){0,2}\Z")
CODES = ("PM", "IM", "IS II", "B")
RACIS = st.fixed_dictionaries({letter: unique(st.sampled_from(CODES), 3) for letter in LETTERS}).map(
    lambda d: Raci(**d)
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[DocumentData, ...]:
    found = []
    for slug in draw(st.lists(SLUG, max_size=3, unique=True)):
        sections = tuple(
            SectionData(part, draw(texts(30, least=1)), draw(st.booleans()))
            for part in draw(st.lists(SLUG, max_size=3, unique=True))
        )
        mandatory = draw(st.booleans()) and not sections
        found.append(DocumentData(slug, draw(texts(30, least=1)), mandatory, draw(st.booleans()), sections))
    return tuple(found)


@st.composite
def playbooks(draw: st.DrawFn) -> PlaybookData:
    keys = draw(st.lists(st.tuples(SLUG, SLUG).map(".".join), max_size=4, unique=True))
    steps = tuple(
        StepData(
            key=key,
            number=number,
            phase=draw(st.sampled_from(Phase.values)),
            title=draw(texts(60, least=1)),
            category=draw(texts(20)),
            guidance=draw(texts(400, lines=True)),
            raci=draw(RACIS),
            raci_source=draw(texts(30)),
            derived=draw(unique(st.sampled_from(LETTERS), 4)),
            applies=draw(st.sampled_from(Applies.values)),
            approval=draw(st.sampled_from(["", *ApprovalKind.values])),
            duration_days=draw(st.integers(0, 400)),
            needs=draw(unique(st.sampled_from(keys[: number - 1]), 3)) if number > 1 else (),
            documents=draw(unique(texts(40, least=1), 3)),
            meeting=draw(texts(20)),
            open_questions=draw(unique(texts(200, least=1), 3)),
        )
        for number, key in enumerate(keys, 1)
    )
    return PlaybookData(
        playbook=draw(SLUG),
        title=draw(texts(60, least=1)),
        kind=draw(st.sampled_from(PlaybookKind.values)),
        version=draw(st.integers(1, 99)),
        source=draw(st.dictionaries(st.sampled_from(["file", "page"]), texts(20))),
        changes=tuple(
            draw(
                st.lists(
                    st.builds(
                        ChangeData,
                        version=texts(8, least=1),
                        date=st.none() | st.dates().map(lambda day: day.isoformat()),
                        author=st.none() | texts(20, least=1),
                        note=texts(300),
                    ),
                    max_size=3,
                )
            )
        ),
        open_questions=draw(unique(texts(300, least=1), 3)),
        roles=tuple(
            RoleData(
                code,
                draw(texts(30, least=1)),
                draw(texts(20)),
                side,
                draw(st.booleans()),
                draw(st.sampled_from(["", "biller", "core_system"])),
            )
            for code, side in zip(CODES, ("internal", "internal", "partner", "customer"), strict=True)
        ),
        documents=draw(documents()),
        steps=steps,
    )


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(playbooks())
def test_what_is_written_is_read_back_and_written_the_same(data: PlaybookData) -> None:
    written = dump_yaml(data)

    assert parse(written) == data
    assert dump_yaml(parse(written)) == written
    assert parse(dump_json(data)) == data


@settings(max_examples=150)
@given(st.text(max_size=300) | st.text(alphabet="[]{}:-&*!|>'\"#?,\n ab", max_size=200))
def test_no_text_does_worse_than_be_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse(text)


def test_the_digest_leaves_out_the_number_and_nothing_else(make_playbook: Callable[..., PlaybookData]) -> None:
    data = make_playbook()

    assert digest(replace(data, version=7)) == digest(data)
    assert digest(replace(data, title="Other")) != digest(data)


def test_a_playbook_without_documents_is_written_as_before_there_were_any(
    make_playbook: Callable[..., PlaybookData],
) -> None:
    assert "\ndocuments:" not in dump_yaml(make_playbook())
    assert "documents" not in as_mapping(make_playbook())


DOCUMENTS = """documents:
  - slug: discovery-page
    title: Discovery page
    sections:
      - {slug: invoices, title: Invoices, mandatory: true}
      - {slug: payments, title: Payments}
  - {slug: sit-workbook, title: SIT workbook, live: true}
steps:
"""


def test_documents_are_read_with_their_sections() -> None:
    assert parse(GOOD.replace("steps:\n", DOCUMENTS)).documents == (
        DocumentData(
            "discovery-page",
            "Discovery page",
            sections=(SectionData("invoices", "Invoices", mandatory=True), SectionData("payments", "Payments")),
        ),
        DocumentData("sit-workbook", "SIT workbook", live=True),
    )


@pytest.mark.parametrize(
    ("old", "new", "key", "text"),
    [
        ("slug: sit-workbook", "slug: discovery-page", "documents.slug", "another document's slug already"),
        ("slug: payments", "slug: invoices", "sections.slug", "another section's slug already"),
        ("slug: payments", "slug: Payments", "sections.slug", "lower-case letters"),
        ("title: Payments", "titel: Payments", "sections.titel", "did you mean “title”?"),
        ("slug: sit-workbook, ", "", "documents.slug", "is missing"),
        ("live: true", "live: yes", "documents.live", "true or false"),
        (
            "    title: Discovery page\n",
            "    title: Discovery page\n    mandatory: true\n",
            "documents.mandatory",
            "say it of each",
        ),
    ],
)
def test_what_is_wrong_with_a_list_of_documents_is_said_with_its_place(old: str, new: str, key: str, text: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse(GOOD.replace("steps:\n", DOCUMENTS).replace(old, new))
    assert key in {problem.key for problem in caught.value.problems}
    assert any(text in problem.text for problem in caught.value.problems)


# -- What is read -----------------------------------------------------------------------------------------------------


def test_a_cell_is_read_where_no_letters_are_given() -> None:
    first, second = parse(GOOD).steps

    assert first.raci == Raci(R=("SE",), A=("INM",))
    assert (second.raci, second.derived) == (Raci(R=("SE",), A=("INM",), C=("PM",)), ())


def test_a_derived_accountable_is_marked() -> None:
    text = GOOD.replace("  - {code: INM, name: Integrations Manager, team: Integrations, side: internal}\n", "")
    text = text.replace("    raci: {R: [SE], A: [INM]}\n", "").replace("SE / INM / PM /", "SE / PM /")

    assert (parse(text).steps[1].raci.A, parse(text).steps[1].derived) == (("SE",), ("A",))


def test_given_letters_win_over_the_cell() -> None:
    text = changed("    raci_source: SE / INM / PM /\n", "    raci_source: whatever it was\n    raci: {}\n")

    assert parse(text).steps[1].raci.is_empty


def test_an_unquoted_date_is_taken_as_written() -> None:
    text = changed("changes: []", "changes:\n  - {version: 1.0, date: 2025-01-31, author: null, note: first}")

    assert parse(text).changes == (ChangeData("1.0", "2025-01-31", None, "first"),)


def test_steps_come_by_number() -> None:
    text = GOOD.replace("number: 1\n", "number: 9\n")

    assert [step.number for step in parse(text).steps] == [2, 9]


# -- What is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "text"),
    [
        ("title: Sample", "titel: Sample", 2, "titel", "is no key that belongs here; did you mean “title”?"),
        ("kind: phased", "kind: phase", 3, "kind", "“phase” is none of phased, checklist, support"),
        ("version: 1\n", "version: 0\n", 4, "version", "0 is not from 1 to 9999"),
        ("version: 1\n", "version: one\n", 4, "version", "wants a whole number, not “one”"),
        ("file: sample.txt", "fil: sample.txt", 5, "source.fil", "is no key that belongs here; did you mean “file”?"),
        ("changes: []", "changes: {}", 6, "changes", "wants a list, not a mapping"),
        ("title: First", "title: ''", 15, "title", "is empty"),
        ("title: First", "title:", 15, "title", "is empty"),
        ("title: First", "title: [First]", 15, "title", "wants a text, not a list"),
        ("    title: First\n", "", 12, "title", "is missing"),
        ("title: First", f"title: {'x' * 10_000}", 15, "title", "10,000 characters; 200 is the most"),
        ("title: First", f"guidance: {'x' * 20_001}", 15, "guidance", "20,001 characters; 20,000 is the most"),
        ("title: First", "title: First\n    title: Again", 16, "title", "stands here twice"),
        ('title: First', 'title: "Fi\\0rst"', 15, "title", "holds a control character (U+0000)"),
        ("key: design.first", "key: First step", 12, "key", "“First step” is not phase.short-name"),
        ("code: SE", "code: S/E", 9, "roles.code", "“S/E” cannot stand in a cell"),
        ("code: SE", "code: PM", 9, "roles.code", "“PM” is another role's code already"),
        ("side: internal}\n  - {code: SE", "side: ours}\n  - {code: SE", 8, "roles.side", "“ours” is none of internal"),
        ("{R: [SE], A", "{R: [XX], A", 16, "raci.R", "“XX” is not in this playbook's role list (INM, PM, SE)"),
        ("{R: [SE], A", "{R: SE, A", 16, "raci.R", "wants a list, not a text"),
        ("{R: [SE], A", "{R: [SE, SE], A", 16, "raci.R", "“SE” stands in it twice"),
        ("{R: [SE], A", "{Q: [SE], A", 16, "raci.Q", "is no key that belongs here; there are: R, A, C, I"),
        ("SE / INM / PM /", "SE / XX / PM /", 21, "raci_source", "unknown role 'XX' at character 6 of “SE / XX / PM /”"),
        ("SE / INM / PM /", "SE / INM", 21, "raci_source", "too few seats: 2 where R / A / C / I wants 4"),
        ("needs: [design.first]", "needs: [design.thrid]", 22, "needs", "there is no step “design.thrid”"),
        ("key: design.second", "key: design.first", 17, "key", "design.first is the key of the step on line 12 already"),
        ("number: 2", "number: 1", 18, "number", "1 is the number of the step on line 12 already"),
        ("number: 2", "number: 2\n    duration_days: 401", 19, "duration_days", "401 is not from 0 to 400"),
        ("number: 2", "number: 2\n    approval: yes", 19, "approval", "“yes” is none of business_design_review"),
        ("side: internal}\nsteps:", "side: internal, signs_as: us}\nsteps:", 10, "roles.signs_as", "“us” is none of biller"),
        ("side: internal}\nsteps:", "side: internal, manages: maybe}\nsteps:", 10, "roles.manages", "wants true or false"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_line_and_key(old: str, new: str, line: int, key: str, text: str) -> None:
    found = problems_of(changed(old, new))

    assert [problem[:2] for problem in found if problem[2].find(text) >= 0] == [(line, key)], found


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ("", 1, "", "the file is empty"),
        ("# nothing\n", 1, "", "the file is empty"),
        ("- a list\n", 1, "", "wants a mapping, not a list"),
        ("playbook: a\ntitle: [unclosed\nkind: phased\n", 3, "kind", "this is no YAML"),
        ("playbook: a\ntitle: b: c\n", 2, "title", "this is no YAML"),
        ("playbook: a\n\ttitle: b\n", 2, "title", "this is no YAML"),
        ("playbook: a\ntitle: 'open\n", 3, "title", "this is no YAML"),
        ("playbook: a\n---\nplaybook: b\n", 3, "", "a file holds one playbook"),
        ("playbook: &a sample\ntitle: *a\n", 1, "playbook", "anchors and aliases"),
        ("playbook: a\ntitle: *nowhere\n", 2, "title", "anchors and aliases"),
        ("title: \x00\n", 1, "title", "this is no YAML"),
        (f"title: {'[' * 40}{']' * 40}\n", 1, "title", "nested deeper than 8 levels"),
        ("title: \ud800\n", 1, "", "half a surrogate pair"),
        ("x" * (2 * 1024 * 1024 + 1), 1, "", "2,097,153 bytes; 2,097,152 is the most"),
    ],
)
def test_no_yaml_is_named_with_line_and_key(text: str, line: int, key: str, words: str) -> None:
    first = problems_of(text)[0]

    assert first[:2] == (line, key)
    assert words in first[2]


def test_a_laughing_file_is_refused_before_it_grows() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]")

    assert problems_of("\n".join(lines))[0][:2] == (1, "a")


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    text = (
        GOOD.replace("kind: phased", "kind: x").replace("number: 2", "number: two").replace("title: First", "title: ''")
    )

    assert [problem[:2] for problem in problems_of(text)] == [(3, "kind"), (15, "title"), (18, "number")]


def test_more_than_500_steps_are_refused() -> None:
    step = "  - {{key: design.s{0}, number: {0}, phase: design, title: S}}\n"
    text = GOOD[: GOOD.index("steps:")] + "steps:\n" + "".join(step.format(number) for number in range(1, 502))

    assert problems_of(text) == [(12, "steps", "501 entries; 500 is the most")]
