"""Files that are damaged anywhere: read, or refused with a reason; never anything else, and never a 500 from the admin."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playbook.importing.html import read_html
from playbook.importing.own import is_own, read_own
from playbook.importing.raw import ImportRefused, Page
from playbook.importing.sheet import read_sheet
from playbook.importing.xlsx_out import sheets_of
from playbook.models import Version
from sheets.writing import book
from tests.playbook.conftest import a_playbook

SAMPLES = {path.name: path.read_bytes() for path in sorted((Path(__file__).parent / "samples").iterdir())}
SAMPLES["own.xlsx"] = book(sheets_of(a_playbook()), about=[])
PAGES = [name for name in SAMPLES if name.endswith(".html")]
SHEETS = [name for name in SAMPLES if not name.endswith(".html")]
#: What hurts more than a random byte.
PIECES = (
    *(
        b"<",
        b">",
        b'"',
        b"'",
        b"&",
        b"&#0;",
        b"&#x110000;",
        b"\x00",
        b"\xff",
        b"</table>",
        b"<table>",
        b"<td rowspan=99>",
    ),
    *(
        b"colspan='7'",
        b"<!--",
        b"]]>",
        b"<![CDATA[",
        b"<ul>",
        b"</td>",
        b"<tr>",
        b"Step",
        b"\n",
        b";",
        b",",
        b"=1",
        b"1e999",
    ),
    *(
        b"<ac:link>",
        b"</ac:link>",
        b"<ac:structured-macro>",
        b"<svg>",
        b"<title>",
        b'r="0"',
        b'ref="A1"',
        b't="d"',
        b't="e"',
    ),
    *(b"-1", b"\xe2\x80\xa8"),
)


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """The bytes with a few places written over, cut out or doubled."""
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.integers(0, 40))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=8))
        data = data[:at] + draw(st.sampled_from([piece, b"", data[at : at + length] * 2])) + data[at + length :]
    return data


@st.composite
def damaged_files(draw: st.DrawFn, names: list[str]) -> tuple[str, bytes]:
    """A sample, damaged; a book inside one of its parts, since the archive's own checks would find all else."""
    name = draw(st.sampled_from(names))
    data = SAMPLES[name]
    if not data.startswith(b"PK") or draw(st.integers(0, 9)) == 0:
        return name, draw(damaged(data))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        parts = [part for part in old.namelist() if not part.startswith("docProps")]
        hurt = draw(st.sampled_from(parts))
        for part in old.namelist():
            new.writestr(part, draw(damaged(old.read(part))) if part == hurt else old.read(part))
    return name, out.getvalue()


def read(name: str, data: bytes) -> None:
    try:
        page = read_html(data, name) if name.endswith(".html") else read_sheet(data, name)
        assert isinstance(page, Page)
        if is_own(page):
            read_own(page)
    except ImportRefused as refused:
        assert all(refused.problems)
        assert refused.problems


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_read_as_it_is(name: str) -> None:
    page = read_html(SAMPLES[name], name) if name.endswith(".html") else read_sheet(SAMPLES[name], name)

    assert page.rows("steps")


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged_files(PAGES))
def test_a_damaged_page_is_read_or_refused(file: tuple[str, bytes]) -> None:
    read(*file)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged_files(SHEETS))
def test_a_damaged_sheet_is_read_or_refused(file: tuple[str, bytes]) -> None:
    read(*file)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="<>/!-[]\"'= &#;atrdhulic:-x\n", max_size=400) | st.text(max_size=200))
def test_no_text_does_worse_than_be_refused(text: str) -> None:
    read("x.html", text.encode("utf-8", "surrogatepass"))
    read("x.csv", text.encode("utf-8", "surrogatepass"))


@pytest.mark.django_db
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(file=damaged_files([*PAGES, *SHEETS]))
def test_the_admin_answers_a_damaged_file_with_a_report_or_a_refusal(
    client: Client, cast: SimpleNamespace, file: tuple[str, bytes]
) -> None:
    client.force_login(cast.adele)
    before = Version.objects.count()
    name, data = file
    response = client.post(reverse("admin:playbook_playbook_import"), {"file": SimpleUploadedFile(name, data)})

    assert response.status_code in (200, 400)
    assert Version.objects.count() - before in ((0, 1) if response.status_code == 200 else (0,))
