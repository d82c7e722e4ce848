"""The five playbook fixtures, held against the documents that they retell.

Two kinds of truth meet here. The scrapes of the source pages are read by a small reader of the test's
own, and give numbers, phases, categories, titles, roles and raw RACI cells. What a person has to
judge (letters, order, applicability, approvals, durations) is written out by hand below, so that no
product code can agree with itself.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PLAYBOOKS = ROOT / "fixtures" / "playbooks"
SOURCES = ROOT.parent / "shared" / "sources"

SLUGS = [
    "integration",
    "outbound",
    "addon-post-live",
    "transition-to-cs",
    "new-integration-participation",
]
TABLED = ["integration", "outbound"]  # the two whose steps stand in a table with five columns

every_playbook = pytest.mark.parametrize("slug", SLUGS)
tabled_playbook = pytest.mark.parametrize("slug", TABLED)

PLAYBOOK_KEYS = [
    *["playbook", "title", "kind", "version", "source"],
    *["changes", "open_questions", "roles", "documents", "steps"],
]
STEP_KEYS = [
    *["key", "number", "phase", "category", "title", "guidance", "raci", "raci_source", "derived"],
    *["applies", "approval", "duration_days", "needs", "documents", "meeting", "open_questions"],
]


@cache
def playbook(slug: str) -> dict[str, Any]:
    """Read once for all tests, since parsing is slow; no test changes what it gets."""
    book: dict[str, Any] = yaml.safe_load((PLAYBOOKS / f"{slug}.yaml").read_text(encoding="utf-8"))
    return book


def steps(slug: str) -> dict[int, dict[str, Any]]:
    """Steps by number; a number used twice is caught by its own test."""
    return {step["number"]: step for step in playbook(slug)["steps"]}


def column(slug: str, name: str) -> dict[int, Any]:
    return {number: step[name] for number, step in steps(slug).items()}


def each(numbers: Iterable[int], value: Any) -> dict[int, Any]:
    """A table's rows that say the same."""
    return dict.fromkeys(numbers, value)


def needs_by_number(slug: str) -> dict[int, set[int]]:
    number_of = {step["key"]: number for number, step in steps(slug).items()}
    return {number: {number_of[key] for key in step["needs"]} for number, step in steps(slug).items()}


# -- Reading the scrapes --------------------------------------------------------------------------

PHASE_OF = {
    "Discovery": "discovery",
    "Design": "design",
    "Development": "development",
    "Testing": "sit",
    "Finalize Design": "finalize",
    "Integration Release": "release",
}
CATEGORIES = {
    *["User Experience", "IC System", "System Design", "System Architecture", "Overview"],
    *["Technical Design", "Review & Approval", "Biller Coding", "Biller/Partner Coding"],
    *["IC Coding", "SIT", "Documentation", "Knowledge Transfer"],
}
RACI_CELL = re.compile(r"[A-Z]{1,3}(\s*[,/]\s*[A-Z]{1,3})+\s*[,/]?")
END_OF_TABLE = re.compile(r"URL:|Supported Integrations$")


@dataclass(frozen=True)
class Row:
    phase: str
    category: str
    title: str
    body: str
    cell: str | None


def source_text(name: str) -> str:
    if not SOURCES.is_dir():
        pytest.skip(f"the source scrapes are not here: {SOURCES}")
    return (SOURCES / name).read_text(encoding="utf-8")


def source_of(slug: str) -> str:
    return source_text(playbook(slug)["source"]["file"])


def fold(text: str) -> str:
    """Whitespace runs to one space, none beside a slash, and apostrophes straight."""
    return re.sub(r"\s*/\s*", "/", " ".join(text.split())).replace("’", "'")


def squeeze(cell: str | None) -> str | None:
    return None if cell is None else re.sub(r"\s", "", cell)


def scraped_rows(text: str) -> dict[int, Row]:
    """The step table: a row begins at a line that is just the next number."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    chunks: list[list[str]] = []
    for line in lines[lines.index("Process Steps") :]:
        if END_OF_TABLE.match(line):
            break
        if line == str(len(chunks) + 1):
            chunks.append([])
        elif chunks:
            chunks[-1].append(line)

    rows: dict[int, Row] = {}
    phase = category = ""
    for number, chunk in enumerate(chunks, start=1):
        if chunk[0] in PHASE_OF:
            phase = PHASE_OF[chunk.pop(0)]
        own_categories = []
        while chunk[0] in CATEGORIES:
            own_categories.append(chunk.pop(0))
        category = ", ".join(own_categories) or category
        cell = chunk.pop() if RACI_CELL.fullmatch(chunk[-1]) else None
        rows[number] = Row(phase, category, fold(chunk[0]), fold(" ".join(chunk[1:])), cell)
    return rows


def scraped_roles(text: str) -> list[tuple[str, str, str]]:
    """(code, name, team), from the list of project roles: number, "Name (CODE)", team."""
    listed = text.split("Process Steps\n")[0]
    found = re.findall(r"^\d+\n(.+) \((\w+)\)\n(.+)$", listed, re.MULTILINE)
    return [(code, name, team) for name, code, team in found]


def scraped_support_tasks(text: str) -> dict[str, list[str]]:
    """Task title to the four letters under PM, IM, TSM and CSM."""
    table = text.split("\nCSM\nNotes\n")[1].split("\nTransition Success Assignment\n")[0]
    tasks: dict[str, list[str]] = {}
    title: list[str] = []
    letters: list[str] = []
    following = 2  # the table's first line is its header
    for line in (line.strip() for line in table.splitlines()):
        if line == str(following):
            title, letters = [], []
            following += 1
        elif re.fullmatch(r"[RACI](/[RACI])?", line):
            letters.append(line)
            if len(letters) == 4:
                tasks[fold(" ".join(title))] = letters
        elif not letters:
            title.append(line)
    return tasks


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def runs_of_eight(text: str) -> set[str]:
    found = words(text)
    return {" ".join(found[at : at + 8]) for at in range(len(found) - 7)}


# -- Shape ----------------------------------------------------------------------------------------


def test_the_five_playbooks_and_no_other_are_there() -> None:
    assert sorted(path.stem for path in PLAYBOOKS.glob("*.yaml")) == sorted(SLUGS)


@pytest.mark.parametrize(
    ("slug", "kind", "step_count", "role_codes"),
    [
        ("integration", "phased", 46, ["PM", "IM", "TC", "SE", "INM", "DS", "B", "CIS", "SA"]),
        ("outbound", "phased", 25, ["PM", "IM", "SA", "OPM", "B", "CS", "TC"]),
        ("addon-post-live", "phased", 4, ["IS", "IS II"]),
        ("transition-to-cs", "support", 14, ["PM", "IM", "TSM", "CSM"]),
        ("new-integration-participation", "checklist", 4, ["PM", "IM"]),
    ],
)
def test_kind_steps_and_roles(slug: str, kind: str, step_count: int, role_codes: list[str]) -> None:
    book = playbook(slug)

    assert (book["playbook"], book["kind"], book["version"]) == (slug, kind, 1)
    assert [step["number"] for step in book["steps"]] == list(range(1, step_count + 1))
    assert [role["code"] for role in book["roles"]] == role_codes


@every_playbook
def test_every_key_is_written_in_its_place(slug: str) -> None:
    book = playbook(slug)

    without = [] if "documents" in book else ["documents"]
    assert list(book) == [key for key in PLAYBOOK_KEYS if key not in without]
    assert [list(step) for step in book["steps"]] == [STEP_KEYS] * len(book["steps"])
    assert [list(step["raci"]) for step in book["steps"]] == [list("RACI")] * len(book["steps"])


@every_playbook
def test_a_step_key_is_its_phase_and_a_short_name_of_its_own(slug: str) -> None:
    keys = column(slug, "key")
    phases = column(slug, "phase")

    badly_formed = [key for key in keys.values() if not re.fullmatch(r"[a-z-]+\.[a-z-]+", key)]
    assert badly_formed == []
    assert {number: key.split(".")[0] for number, key in keys.items()} == {
        number: phase.replace("_", "-") for number, phase in phases.items()
    }
    assert len(set(keys.values())) == len(keys)


def test_the_partner_and_the_customers_are_told_from_our_own() -> None:
    outside = {
        (slug, role["code"]): role["side"]
        for slug in SLUGS
        for role in playbook(slug)["roles"]
        if role["side"] != "internal"
    }

    assert outside == {
        ("integration", "B"): "customer",
        ("integration", "CIS"): "customer",
        ("outbound", "B"): "customer",
        ("outbound", "CS"): "customer",
        ("outbound", "TC"): "partner",
    }


# -- Against the scrape ---------------------------------------------------------------------------


@tabled_playbook
def test_numbers_phases_categories_and_titles_are_the_sources(slug: str) -> None:
    assert {number: (step["phase"], step["category"], fold(step["title"])) for number, step in steps(slug).items()} == {
        number: (row.phase, row.category, row.title) for number, row in scraped_rows(source_of(slug)).items()
    }


@tabled_playbook
def test_titles_are_tidy(slug: str) -> None:
    titles = column(slug, "title")

    assert titles == {number: " ".join(title.split()) for number, title in titles.items()}


@tabled_playbook
def test_raw_raci_cells_are_the_sources(slug: str) -> None:
    assert {number: squeeze(cell) for number, cell in column(slug, "raci_source").items()} == {
        number: squeeze(row.cell) for number, row in scraped_rows(source_of(slug)).items()
    }


@tabled_playbook
def test_roles_are_the_sources(slug: str) -> None:
    assert [(role["code"], role["name"], role["team"]) for role in playbook(slug)["roles"]] == scraped_roles(
        source_of(slug)
    )


@every_playbook
def test_the_page_number_is_the_one_in_the_sources_address(slug: str) -> None:
    assert re.findall(r"/pages/(\d+)/", source_of(slug)) == [playbook(slug)["source"]["page"]]


def test_the_nine_support_tasks_are_the_sources() -> None:
    asked = {
        fold(step["title"]): step["raci_source"]
        for step in steps("transition-to-cs").values()
        if step["phase"] == "post_live"
    }
    table = scraped_support_tasks(source_of("transition-to-cs"))

    assert asked == {
        # Three of the titles end in a full stop, two of them with a remark after it.
        re.sub(r" ?\..*", "", title): (f"PM {pm} / IM {im} / TSM {tsm} / CSM {csm}")
        for title, (pm, im, tsm, csm) in table.items()
    }


@every_playbook
def test_guidance_is_in_our_own_words(slug: str) -> None:
    theirs = {run for path in SOURCES.glob("*.txt") for run in runs_of_eight(source_text(path.name))}
    if not theirs:
        pytest.skip(f"the source scrapes are not here: {SOURCES}")

    copied = {
        number: shared
        for number, guidance in column(slug, "guidance").items()
        if (shared := runs_of_eight(guidance) & theirs)
    }
    assert copied == {}


# -- Guidance -------------------------------------------------------------------------------------


@every_playbook
def test_guidance_is_long_enough_to_work_from(slug: str) -> None:
    too_short = {number: guidance for number, guidance in column(slug, "guidance").items() if len(guidance) < 120}
    assert too_short == {}


@every_playbook
def test_guidance_names_no_wiki_no_link_and_calls_the_company_we(slug: str) -> None:
    foreign = re.compile(r"\bIC\b|Invoice Cloud|Confluence|wiki|https?:|www\.|@")

    assert {
        number: found for number, guidance in column(slug, "guidance").items() if (found := foreign.findall(guidance))
    } == {}


def test_a_large_enterprise_signs_product_development_too() -> None:
    assert {
        (slug, number)
        for slug in SLUGS
        for number, guidance in column(slug, "guidance").items()
        if {"large", "enterprise", "product", "development"} <= set(words(guidance))
    } == {("integration", 44), ("outbound", 23)}


# -- Letters --------------------------------------------------------------------------------------


def seats(text: str) -> dict[str, list[str]]:
    """`"R SE | A INM | C PM | I"` written out; the layout of this file, not of the source."""
    parts = [part.split(maxsplit=1) for part in text.split("|")]
    return {letter: rest[0].split() if rest else [] for letter, *rest in parts}


SE_LEADS = "R SE | A INM | C PM | I IM"
INTEGRATION_LETTERS = {
    **each(range(1, 47), SE_LEADS),
    20: "R INM | A INM | C SE | I IM",
    21: "R INM | A INM | C IM | I SE",
    22: "R | A | C | I",
    43: "R SA | A INM | C PM IM | I",
    45: "R SE | A INM | C PM IM | I",
    46: "R | A | C | I",
}

WITH_CUSTOMER = "R SA | A SA | C B CS PM | I IM"
AMONG_US = "R SA | A SA | C PM | I IM"
TOLD_NOBODY = "R SA | A SA | C PM IM | I"
OUTBOUND_LETTERS = {
    1: WITH_CUSTOMER,
    2: WITH_CUSTOMER,
    3: WITH_CUSTOMER,
    4: WITH_CUSTOMER,
    5: WITH_CUSTOMER,
    6: "R SA | A SA | C B CS PM TC | I IM",
    7: WITH_CUSTOMER,
    8: AMONG_US,
    9: AMONG_US,
    10: AMONG_US,
    11: AMONG_US,
    12: AMONG_US,
    13: AMONG_US,
    14: AMONG_US,
    15: WITH_CUSTOMER,
    16: "R B CS SA | A SA | C PM | I IM",
    17: AMONG_US,
    18: WITH_CUSTOMER,
    19: "R SA | A SA | C PM | I IM OPM",
    20: WITH_CUSTOMER,
    21: AMONG_US,
    22: TOLD_NOBODY,
    23: WITH_CUSTOMER,
    24: TOLD_NOBODY,
    25: TOLD_NOBODY,
}

ADDON_LETTERS = each(range(1, 5), "R IS | A IS | C | I")

# Under PM, IM, TSM, CSM, as the source's own table stands.
SUPPORT_LETTERS = {
    6: ("I", "I", "R/A", "I"),
    7: ("I", "I", "R/A", "I"),
    8: ("I", "C", "R/A", "I"),
    9: ("I", "C", "R/A", "I"),
    10: ("I", "C", "R/A", "I"),
    11: ("R", "C", "A", "I"),
    12: ("I", "C", "R/A", "I"),
    13: ("I", "C", "R/A", "I"),
    14: ("I", "I", "R/A", "I"),
}
RELEASE_LETTERS = {
    1: "R PM IM | A PM | C | I",
    2: "R CSM | A CSM | C PM IM | I TSM",
    3: "R PM IM | A PM | C TSM | I",
    4: "R IM | A IM | C PM | I TSM CSM",
    5: "R PM IM | A PM | C | I TSM CSM",
}
PARTICIPATION_LETTERS = {
    1: "R PM IM | A IM | C | I",
    2: "R PM IM | A IM | C | I",
    3: "R PM IM | A IM | C | I",
    4: "R IM | A IM | C | I",
}


@pytest.mark.parametrize(
    ("slug", "letters"),
    [
        ("integration", INTEGRATION_LETTERS),
        ("outbound", OUTBOUND_LETTERS),
        ("addon-post-live", ADDON_LETTERS),
        ("new-integration-participation", PARTICIPATION_LETTERS),
    ],
)
def test_letters(slug: str, letters: dict[int, str]) -> None:
    assert column(slug, "raci") == {number: seats(text) for number, text in letters.items()}


def test_letters_before_a_go_live() -> None:
    raci = column("transition-to-cs", "raci")

    assert {number: raci[number] for number in range(1, 6)} == {
        number: seats(text) for number, text in RELEASE_LETTERS.items()
    }


def test_letters_of_the_nine_support_tasks() -> None:
    def cell(raci: dict[str, list[str]], role: str) -> str:
        return "/".join(letter for letter in "RACI" if role in raci[letter])

    assert {
        number: tuple(cell(raci, role) for role in ("PM", "IM", "TSM", "CSM"))
        for number, raci in column("transition-to-cs", "raci").items()
        if number > 5
    } == SUPPORT_LETTERS


@pytest.mark.parametrize(
    ("slug", "derived"),
    [
        ("integration", each(range(1, 47), "")),
        ("outbound", each(range(1, 26), "A")),
        ("addon-post-live", each(range(1, 5), "RA")),
        (
            "transition-to-cs",
            {
                1: "RA",
                2: "RACI",
                3: "RAC",
                4: "RACI",
                5: "RAI",
                **each(range(6, 15), ""),
            },
        ),
        ("new-integration-participation", each(range(1, 5), "RA")),
    ],
)
def test_letters_that_we_filled_in_are_marked_as_ours(slug: str, derived: dict[int, str]) -> None:
    assert column(slug, "derived") == {number: list(text) for number, text in derived.items()}


@pytest.mark.parametrize(
    ("slug", "numbers"),
    [
        ("integration", [22, 46]),
        ("outbound", []),
        ("addon-post-live", [1, 2, 3, 4]),
        ("transition-to-cs", [1, 2, 3, 4, 5]),
        ("new-integration-participation", [1, 2, 3, 4]),
    ],
)
def test_steps_to_which_the_source_gives_no_letters(slug: str, numbers: list[int]) -> None:
    cells = column(slug, "raci_source")

    assert [number for number, cell in cells.items() if cell is None] == numbers


@pytest.mark.parametrize(
    ("slug", "unhealthy"),
    [
        ("integration", {22: ["accountable", "responsible"], 46: ["accountable", "responsible"]}),
        ("outbound", {}),
        ("addon-post-live", {}),
        ("transition-to-cs", {}),
        ("new-integration-participation", {}),
    ],
)
def test_letters_are_healthy_but_where_the_source_gives_none(slug: str, unhealthy: dict[int, list[str]]) -> None:
    listed = {role["code"] for role in playbook(slug)["roles"]}
    faults: dict[int, list[str]] = defaultdict(list)
    for number, raci in column(slug, "raci").items():
        if len(raci["A"]) != 1:
            faults[number].append("accountable")
        if not raci["R"]:
            faults[number].append("responsible")
        if set(raci["C"]) & set(raci["I"]):
            faults[number].append("consulted and informed")
        if {code for codes in raci.values() for code in codes} - listed:
            faults[number].append("unlisted role")

    assert faults == unhealthy


# -- Applicability, approvals, meetings, documents ------------------------------------------------


def exceptions(slug: str, name: str, usual: Any) -> dict[int, Any]:
    return {number: value for number, value in column(slug, name).items() if value != usual}


@pytest.mark.parametrize(
    ("slug", "applies"),
    [
        (
            "integration",
            {
                **each([9, 42], "if_applicable"),
                **each([20, 21, 22, 46], "partner_only"),
            },
        ),
        ("outbound", {**each([2, 21], "if_applicable"), 25: "partner_only"}),
        ("addon-post-live", {2: "if_applicable"}),
        ("transition-to-cs", {3: "if_applicable", **each(range(6, 15), "phased_only")}),
        ("new-integration-participation", {}),
    ],
)
def test_steps_that_do_not_always_apply(slug: str, applies: dict[int, str]) -> None:
    assert exceptions(slug, "applies", "always") == applies


@tabled_playbook
def test_steps_that_the_source_keeps_to_partner_integrations(slug: str) -> None:
    note = "Only applies to Partner Integrations and is N/A for Custom Integrations."

    assert {number for number, way in column(slug, "applies").items() if way == "partner_only"} == {
        number for number, row in scraped_rows(source_of(slug)).items() if note in row.body
    }


@tabled_playbook
def test_steps_that_the_source_calls_applicable_or_not(slug: str) -> None:
    assert {number for number, way in column(slug, "applies").items() if way == "if_applicable"} == {
        number
        for number, row in scraped_rows(source_of(slug)).items()
        if "(if applicable)" in f"{row.title} {row.body}".lower()
    }


@pytest.mark.parametrize(
    ("slug", "approvals"),
    [
        (
            "integration",
            {
                22: "business_design_review",
                23: "technical_design_review",
                24: "customer_design_review",
                41: "sit_verification",
                43: "architect_review",
                44: "final_sign_off",
            },
        ),
        (
            "outbound",
            {
                15: "customer_design_review",
                20: "sit_verification",
                22: "architect_review",
                23: "final_sign_off",
            },
        ),
        ("addon-post-live", {}),
        ("transition-to-cs", {}),
        ("new-integration-participation", {}),
    ],
)
def test_steps_that_end_in_a_recorded_decision(slug: str, approvals: dict[int, str]) -> None:
    assert exceptions(slug, "approval", None) == approvals


@pytest.mark.parametrize(
    ("slug", "meetings"),
    [
        ("integration", {23: "technical-design-review"}),
        ("outbound", {}),
        ("addon-post-live", {}),
        (
            "transition-to-cs",
            {
                2: "tsm-assignment-review",
                3: "tsm-meetings",
                5: "cs-go-live-presentation",
                8: "triage-call",
            },
        ),
        (
            "new-integration-participation",
            {2: "discovery-sessions", 3: "technical-design-review"},
        ),
    ],
)
def test_steps_that_happen_in_a_meeting_series(slug: str, meetings: dict[int, str]) -> None:
    assert exceptions(slug, "meeting", None) == meetings


DESIGN, TECHNICAL, SIT = "solution-design-document", "technical-design-page", "sit-workbook"


@pytest.mark.parametrize(
    ("slug", "documents"),
    [
        (
            "integration",
            {
                1: ["discovery-page/payer-experience", "discovery-page/csr-agent-experience"],
                4: ["discovery-page/invoices"],
                5: ["discovery-page/balance-updates"],
                6: ["discovery-page/account-changes"],
                7: ["discovery-page/payments"],
                8: ["discovery-page/bill-presentment"],
                **each([10, 12, 22, 23, 24, 44], [DESIGN]),
                **each([13, 14, 15, 16, 17, 18, 19, 32, 42, 43, 45], [TECHNICAL]),
                20: ["integration-software-details"],
                21: ["implementation-details"],
                **each([39, 40, 41], [SIT]),
            },
        ),
        (
            "outbound",
            {
                1: [
                    "discovery-page/claimant",
                    "discovery-page/vendor",
                    "discovery-page/agent",
                    "discovery-page/adjuster",
                ],
                3: ["discovery-page/treasury"],
                **each([5, 15, 23], [DESIGN]),
                **each([7, 17, 21, 22, 24], [TECHNICAL]),
                8: ["discovery-page/claim-processing", TECHNICAL],
                9: ["discovery-page/check-processing", TECHNICAL],
                10: ["discovery-page/agent-commission-processing", TECHNICAL],
                11: ["discovery-page/premium-refunds-processing", TECHNICAL],
                12: ["discovery-page/vendor-onboarding", TECHNICAL],
                13: ["discovery-page/agent-onboarding", TECHNICAL],
                14: ["discovery-page/vendor-management", TECHNICAL],
                **each([18, 19, 20], [SIT]),
            },
        ),
        ("addon-post-live", {}),
        ("transition-to-cs", {4: ["integration-summary", "scope-plan"]}),
        ("new-integration-participation", {4: ["integration-overview-slide"]}),
    ],
)
def test_documents_that_a_step_writes_or_reads(slug: str, documents: dict[int, list[str]]) -> None:
    assert exceptions(slug, "documents", []) == documents


#: Document → its sections; `*` behind what a step's gate asks for, `live` what is kept in Gatehouse (domain.md, Steps).
LISTED: dict[str, dict[str, list[str] | str]] = {
    "integration": {
        "Discovery page": [
            *("Payer experience*", "CSR/agent experience*", "Invoices*", "Balance updates*", "Account changes*"),
            *("Payments*", "Bill presentment*"),
        ],
        "Solution Design Document": "*",
        "Technical Design page": "*",
        "Integration & Software Details": "*",
        "Implementation Details": "*",
        "SIT workbook": "live",
    },
    "outbound": {
        "Discovery page": [
            *("Claimant*", "Vendor*", "Agent*", "Adjuster*", "Treasury*", "Claim processing*", "Check processing*"),
            *("Agent commission processing*", "Premium refunds processing*", "Vendor onboarding*", "Agent onboarding*"),
            "Vendor management*",
        ],
        "Solution Design Document": "*",
        "Technical Design page": "*",
        "SIT workbook": "live",
    },
    "addon-post-live": {},
    "transition-to-cs": {"Integration Summary": "live", "Scope plan": ""},  # "if you completed scope plan"
    "new-integration-participation": {"Integration Overview slide": "*"},
}


@every_playbook
def test_documents_and_their_sections(slug: str) -> None:
    def marked(one: dict[str, Any]) -> str:
        return "*" if one.get("mandatory") else "live" if one.get("live") else ""

    found = {
        one["title"]: [part["title"] + marked(part) for part in one["sections"]] if "sections" in one else marked(one)
        for one in playbook(slug).get("documents", [])
    }
    assert found == LISTED[slug]


@every_playbook
def test_every_document_that_a_step_names_is_listed_and_no_other(slug: str) -> None:
    book = playbook(slug)
    named = {path for step in book["steps"] for path in step["documents"]}
    listed = {
        f"{one['slug']}/{part['slug']}" if part else one["slug"]
        for one in book.get("documents", [])
        for part in one.get("sections", [None])
    }

    assert named == listed


# -- Order and time -------------------------------------------------------------------------------

TOPICS, REVIEWS = {13, 14, 15, 16, 17, 18, 19}, {20, 21, 22, 23}
BILLER_CODING, OUR_CODING = {26, 27, 28, 29, 30, 31}, {34, 35, 36, 37, 38}

ORDER_INSIDE_A_PHASE: dict[str, dict[int, set[int]]] = {
    "integration": {
        9: {4, 5, 6, 7, 8},
        12: {10, 11},
        **each(TOPICS, {12}),
        **each(REVIEWS, TOPICS),
        24: {22, 23},
        32: BILLER_CODING,
        33: {32},
        **each(OUR_CODING, {33}),
        40: {39},
        41: {40},
        43: {42},
        44: {43},
    },
    "outbound": {
        6: {4, 5},
        **each(range(7, 15), {6}),
        15: {7, 8, 9, 10, 11, 12, 13, 14},
        17: {16},
        19: {18},
        20: {19},
        22: {21},
        23: {22},
    },
    "addon-post-live": {2: {1}, 4: {1, 2, 3}},
    "transition-to-cs": {},
    "new-integration-participation": {},
}

ORDER_ACROSS_PHASES: dict[str, dict[int, set[int]]] = {
    "integration": {
        11: {1},
        13: {2},
        14: {1},
        15: {4},
        16: {5},
        17: {6},
        18: {7},
        19: {8},
        25: {24},
        **each(BILLER_CODING, {24}),
        39: OUR_CODING,
        42: {41},
        45: {44},
        46: {44},
    },
    "outbound": {4: {1}, 7: {1, 3}, 16: {15}, 18: {17}, 21: {20}, 24: {23}, 25: {23}},
    "addon-post-live": {},
    "transition-to-cs": each(range(6, 15), {2}),
    "new-integration-participation": {3: {2}, 4: {2}},
}


@every_playbook
def test_every_need_is_a_step_of_the_same_playbook(slug: str) -> None:
    keys = set(column(slug, "key").values())

    dangling = [need for step in steps(slug).values() for need in step["needs"] if need not in keys]
    assert dangling == []


@every_playbook
def test_needs_inside_a_phase(slug: str) -> None:
    phase = column(slug, "phase")
    inside = {
        number: {need for need in needs if phase[need] == phase[number]}
        for number, needs in needs_by_number(slug).items()
    }

    ordered = {number: needs for number, needs in inside.items() if needs}
    assert ordered == ORDER_INSIDE_A_PHASE[slug]


@every_playbook
def test_needs_across_phases(slug: str) -> None:
    phase = column(slug, "phase")
    across = {
        number: {need for need in needs if phase[need] != phase[number]}
        for number, needs in needs_by_number(slug).items()
    }

    ordered = {number: needs for number, needs in across.items() if needs}
    assert ordered == ORDER_ACROSS_PHASES[slug]


@every_playbook
def test_needs_never_run_in_a_circle(slug: str) -> None:
    waiting = needs_by_number(slug)
    while ready := [number for number, needs in waiting.items() if not needs & waiting.keys()]:
        for number in ready:
            del waiting[number]

    assert waiting == {}


FROM_DISCOVERY_TO_RELEASE = {
    "discovery": 3,
    "design": 10,
    "development": 25,
    "sit": 20,
    "finalize": 5,
    "release": 20,
}


@pytest.mark.parametrize(
    ("slug", "days"),
    [
        ("integration", FROM_DISCOVERY_TO_RELEASE),
        ("outbound", FROM_DISCOVERY_TO_RELEASE),
        ("addon-post-live", {"post_live": 26}),
        ("transition-to-cs", {"release": 20, "post_live": 20}),
        ("new-integration-participation", {"discovery": 3, "design": 10}),
    ],
)
def test_the_longest_path_of_a_phase_is_its_default_duration(slug: str, days: dict[str, int]) -> None:
    phase = column(slug, "phase")
    duration: dict[int, int] = column(slug, "duration_days")
    needs = needs_by_number(slug)

    def path_to(number: int) -> int:
        before = [path_to(need) for need in needs[number] if phase[need] == phase[number]]
        return duration[number] + max(before, default=0)

    longest: dict[str, int] = defaultdict(int)
    for number in needs:
        longest[phase[number]] = max(longest[phase[number]], path_to(number))

    assert longest == days


@pytest.mark.parametrize(
    ("slug", "days"),
    [
        ("integration", {45: 20, 46: 20}),
        ("outbound", {24: 20, 25: 20}),
        ("addon-post-live", {1: 20, 2: 5, 3: 5, 4: 1}),
        ("transition-to-cs", each(range(6, 15), 20)),
    ],
)
def test_days_of_steps_that_wait_for_the_end_of_a_window(slug: str, days: dict[int, int]) -> None:
    durations = column(slug, "duration_days")

    assert {number: durations[number] for number in days} == days


@every_playbook
def test_a_step_takes_at_least_a_day(slug: str) -> None:
    durations = column(slug, "duration_days")

    assert {number: days for number, days in durations.items() if days < 1} == {}


# -- Holes that lint has to report ----------------------------------------------------------------


def asking(slug: str, phrase: str) -> set[int]:
    """Steps with an open question in which the phrase stands."""
    return {
        number
        for number, questions in column(slug, "open_questions").items()
        if any(phrase in question for question in questions)
    }


@pytest.mark.parametrize(
    ("slug", "numbers"),
    [
        ("integration", [2, 3, 22, 35, 46]),
        ("outbound", [5, 8, 9, 10, 11, 12, 13, 14, 17]),
        ("addon-post-live", [1, 2, 3, 4]),
        ("transition-to-cs", [1, 2, 3, 4, 5]),
        ("new-integration-participation", [1, 2, 3, 4]),
    ],
)
def test_steps_with_an_open_question(slug: str, numbers: list[int]) -> None:
    assert list(exceptions(slug, "open_questions", [])) == numbers


@pytest.mark.parametrize(
    ("slug", "phrase", "numbers"),
    [
        ("integration", "definition of success", {2}),
        ("integration", "Sub-Phase and Category are blank", {3}),
        ("integration", "Category is blank", {35}),
        ("integration", "no R / A / C / I", {22, 46}),
        ("outbound", "outbound version", {5}),
        ("outbound", "mixed in one cell", {8, 9, 10, 11, 12, 13, 14}),
        ("outbound", "consults no customer", {8, 9, 10, 11, 12, 13, 14, 17}),
        ("outbound", "names SE", {8, 9, 10, 11}),
        ("addon-post-live", "no R / A / C / I", {1, 2, 3, 4}),
        ("transition-to-cs", "no R / A / C / I", {1, 2, 3, 4, 5}),
        ("new-integration-participation", "no R / A / C / I", {1, 2, 3, 4}),
        ("new-integration-participation", "partner integrations only", {3}),
    ],
)
def test_a_hole_is_asked_about_where_it_is(slug: str, phrase: str, numbers: set[int]) -> None:
    assert asking(slug, phrase) == numbers


def test_outbound_asks_about_se_wherever_the_source_names_it() -> None:
    rows = scraped_rows(source_of("outbound"))

    assert asking("outbound", "names SE") == {number for number, row in rows.items() if re.search(r"\bSE\b", row.body)}


def test_outbound_asks_wherever_the_source_mixes_discovery_with_design() -> None:
    rows = scraped_rows(source_of("outbound"))

    assert asking("outbound", "mixed in one cell") == {
        number for number, row in rows.items() if "discovery. S" in row.body and "finalize technical design" in row.body
    }


@pytest.mark.parametrize(
    ("slug", "questions"),
    [
        (
            "integration",
            [
                "Role number 6 is missing from the source's role list (it goes from 5 to 7).",
                "The only entry of the change log has neither a date nor an author.",
            ],
        ),
        (
            "outbound",
            [
                "Change log entry 1.3 is dated 3/10/225 in the source, which is no possible date.",
                "Change log entry 1.4 is dated 4/11/225 in the source, which is no possible date.",
            ],
        ),
        ("addon-post-live", ["The change log in the source is empty."]),
        (
            "transition-to-cs",
            [
                "Change log entries 1.1 and 1.2 have a month and no day (April 2025, May 2025).",
                (
                    "The source spells TSM out in two ways: Transition Success Manager and Technical "
                    "Support Manager. The first is used."
                ),
                "The source does not spell out CSM; Client Success Manager is our reading.",
            ],
        ),
        ("new-integration-participation", []),
    ],
)
def test_holes_of_a_whole_playbook(slug: str, questions: list[str]) -> None:
    assert playbook(slug)["open_questions"] == questions


@pytest.mark.parametrize(
    ("slug", "log"),
    [
        ("integration", [("1", None)]),
        (
            "outbound",
            [
                ("1.0", date(2024, 8, 29)),
                ("1.1", date(2025, 1, 15)),
                ("1.2", date(2025, 1, 31)),
                ("1.3", None),
                ("1.4", None),
                ("1.5", date(2025, 5, 2)),
            ],
        ),
        ("addon-post-live", []),
        ("transition-to-cs", [("1.0", date(2024, 8, 1)), ("1.1", None), ("1.2", None)]),
        ("new-integration-participation", [("1.0", date(2024, 3, 29))]),
    ],
)
def test_change_log_dates_are_possible_or_absent(slug: str, log: list[tuple[str, date | None]]) -> None:
    assert [
        (change["version"], change["date"] and date.fromisoformat(change["date"]))
        for change in playbook(slug)["changes"]
    ] == log


@pytest.mark.parametrize(
    ("slug", "version", "written"),
    [
        ("outbound", "1.3", "3/10/225"),
        ("outbound", "1.4", "4/11/225"),
        ("transition-to-cs", "1.1", "April 2025"),
        ("transition-to-cs", "1.2", "May 2025"),
    ],
)
def test_a_date_that_could_not_be_read_stands_in_the_note(slug: str, version: str, written: str) -> None:
    notes = {change["version"]: change["note"] for change in playbook(slug)["changes"]}

    assert re.findall(r"\(the source dates it (.+)\)", notes[version]) == [written]
