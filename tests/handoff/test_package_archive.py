"""What verifies, and what does not: each thing that may happen to a package has a name."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile

import pytest
from django.core.management import call_command

from handoff.package.archive import MANIFEST, SUMS, sealed, verify, write_archive
from handoff.package.contents import Contents, Section, Topic
from handoff.package.overview import overview_pdf
from handoff.package.pdf import document, marked, plain
from handoff.package.slide import Flow, Slide

AT = dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)
HARD = "<b>bold</b> & <para> Ж 日本 ő ﷽ 🎉 \x00 \u202e </font>"


def slide(**others) -> Slide:
    values = {
        "code": "MRW-1", "name": "Marrow", "biller": "Marrow County", "kind": "Partner integration", "core_system": "Tyndall",
        "partner": "Pat", "method": "Built once", "flows": [Flow("Invoices", "Empty")], "people": [("PM", "Priya")],
        "dates": [("Kickoff", AT.date()), ("SIT", None)], "asked": [], "more_flows": 0, "more_people": 0, "more_asked": 0,
        "at": AT,
    }  # fmt: skip
    return Slide(**(values | others))


def contents(*rows, topics: int = 2) -> Contents:
    section = Section("Table", ("What", "Words"), rows or [("a", HARD), (AT, AT.date())])
    made = [Topic(f"topic-{n}", f"Topic {n}", [section, Section("Empty", ("X",))]) for n in range(topics)]
    return Contents("MRW-1", "Marrow", "Marrow County", AT, made, slide())


@pytest.fixture(scope="module")
def archive() -> bytes:
    out = io.BytesIO()
    write_archive(contents(), out, number=2, by="Priya Nair")
    return out.getvalue()


def altered(archive: bytes, *, change=None, leave_out=(), add=()) -> io.BytesIO:
    """Write the archive again, with members changed, left out or added."""
    out, packed = io.BytesIO(), zipfile.ZipFile(io.BytesIO(archive))
    with zipfile.ZipFile(out, "w") as made:
        for name in packed.namelist():
            if name not in leave_out:
                content = packed.read(name)
                made.writestr(name, (change or {}).get(name, lambda was: was)(content))
        for name in add:
            made.writestr(name, b"new")
    return out


def codes(file: io.BytesIO) -> list[tuple[str, str]]:
    return [(fault.code, fault.member) for fault in verify(file)[0]]


def test_what_was_written_verifies(archive):
    faults, manifest = verify(io.BytesIO(archive))
    assert faults == []
    assert (manifest["project"], manifest["package"], manifest["as_of"]) == ("MRW-1", 2, "2026-11-23T15:00:00+00:00")


def _other_sum(content: bytes) -> bytes:
    manifest = json.loads(content)
    manifest["files"][0]["sha256"] = "0" * 64
    return json.dumps(manifest).encode()


def _sealed_anew(content: bytes) -> bytes:
    return json.dumps(sealed(json.loads(_other_sum(content)))).encode()


def _no_listing(content: bytes) -> bytes:
    return json.dumps(sealed(json.loads(content) | {"files": [{"name": 3}]})).encode()


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ({"change": {"topic-0.pdf": lambda was: was + b" "}}, ("changed", "topic-0.pdf")),
        ({"leave_out": ["topic-1.xlsx"]}, ("missing", "topic-1.xlsx")),
        ({"add": ["more.txt"]}, ("extra", "more.txt")),
        ({"add": ["../../etc/passwd"]}, ("extra", "../../etc/passwd")),
        ({"add": ["topic-0.pdf"]}, ("extra", "topic-0.pdf")),
        ({"change": {MANIFEST: _other_sum}}, ("manifest-changed", MANIFEST)),
        ({"change": {MANIFEST: _sealed_anew}}, ("changed", "package.pdf")),
        ({"change": {MANIFEST: _no_listing}}, ("manifest-changed", MANIFEST)),
        ({"change": {MANIFEST: lambda was: b"\xff{"}}, ("manifest-changed", MANIFEST)),
        ({"change": {MANIFEST: lambda was: b"[" * 100_000}}, ("manifest-changed", MANIFEST)),
        ({"leave_out": [MANIFEST]}, ("no-manifest", MANIFEST)),
        ({"leave_out": [SUMS]}, ("missing", SUMS)),
        ({"change": {SUMS: lambda was: was[:-1]}}, ("changed", SUMS)),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_was_done_to_it_is_named(archive, what, found):
    assert found in codes(altered(archive, **what))


@pytest.mark.parametrize("cut", [0, 10, 0.5])
def test_what_is_no_zip_is_said_to_be_none(archive, cut):
    assert codes(io.BytesIO(archive[: int(cut * len(archive)) if isinstance(cut, float) else cut])) == [
        ("not-a-zip", "")
    ]


def test_a_byte_that_turned_is_found(archive):
    turned = bytearray(archive)
    turned[len(archive) // 3] ^= 0xFF
    assert codes(io.BytesIO(bytes(turned)))


def test_bombs_are_not_unpacked():
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as made:
        for number in range(501):
            made.writestr(str(number), b"")
    assert codes(many) == [("too-large", "")]


def test_the_same_values_give_the_same_pdf():
    one = contents()
    assert document("T", "s", "f", one.topics, listed=True) == document("T", "s", "f", one.topics, listed=True)
    assert overview_pdf(slide()) == overview_pdf(slide())


@pytest.mark.parametrize(
    "text", [HARD, "x" * 20_000, "a\n" * 3_000, "", "  ", "&nbsp; &#0;", "\ud800".encode("utf-8", "replace").decode()]
)
def test_whatever_is_written_becomes_a_pdf(text):
    made = document(
        "T " + text[:100],
        text[:100],
        text[:100],
        [Topic("a", text[:60], [Section(text[:60], ("A", "B"), [(text, 1)])])],
    )
    assert made.startswith(b"%PDF-")
    assert made.rstrip().endswith(b"%%EOF")


def test_markup_stays_text_and_lost_letters_stay_readable():
    assert marked("<b>&") == "&lt;b&gt;&amp;"
    assert plain("Ő\x00\u202eZ") in {"Ő Z", "O Z"}


def test_the_slide_is_one_page_whatever_it_holds():
    long = slide(
        name=HARD * 30, core_system="y" * 900, flows=[Flow(HARD, "Empty", "https://x.example/" + "z" * 400)] * 12,
        people=[(HARD, HARD)] * 12, asked=[(HARD, None)] * 8, more_asked=40, more_people=9, more_flows=2,
    )  # fmt: skip
    for made in (overview_pdf(long), overview_pdf(slide())):
        assert made.count(b"/Type /Page\n") == 1


def test_two_files_of_one_name_stay_apart(archive):
    class Upload:
        def open(self, mode):
            return io.BytesIO(b"same")

    class Stored:
        file = Upload()

    from handoff.package.contents import Attached

    files = [Attached("../a/Plan.pdf", Stored()), Attached("Plan.pdf", Stored()), Attached("manifest.json", Stored())]
    one = contents(topics=1)
    topic = Topic("scope", "Scope", [Section("S", ("A",), [("b",)])], files)
    out = io.BytesIO()
    write_archive(Contents(one.code, one.name, one.biller, AT, [topic], one.slide), out, number=None, by="x")
    names = zipfile.ZipFile(out).namelist()
    assert {"files/Plan.pdf", "files/Plan (2).pdf", "files/manifest.json", MANIFEST} <= set(names)
    assert verify(out)[0] == []


def run(*args) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_package", *args, stdout=out)
    except SystemExit as left:
        return int(left.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_command_says_what_is_wrong_and_exits_1(archive, tmp_path, db):
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    good.write_bytes(archive)
    bad.write_bytes(altered(archive, change={"topic-0.pdf": lambda was: b"x"}).getvalue())
    code, said = run(str(good))
    assert code == 0
    assert "0 faults" in said
    assert "not known here" in said
    code, said = run(str(bad))
    assert code == 1
    assert "changed: “topic-0.pdf” is not what its SHA-256 says." in said
    code, said = run(str(bad), "--format", "json")
    told = json.loads(said)
    assert (code, told["valid"], told["faults"][0]["member"]) == (1, False, "topic-0.pdf")
    assert run(str(tmp_path / "none.zip"))[0] == 1
    assert run(str(tmp_path))[0] == 1
