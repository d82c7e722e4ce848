"""Uploads: what is taken by what is in it, where it is kept, how it goes out; and what is refused, with the reason."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from typing import Any

import pytest
from botocore.stub import Stubber
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import Http404
from django.test import Client
from django.urls import reverse

from config import env
from projects import files
from projects.files import as_download, clean_name, content_type_of, size_words, store_file
from projects.models import Document, Project, StoredFile
from projects.uploads import Oversized
from tests.projects.signing import in_review

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xdb"
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04"
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00/\x00\x00\x00\x10\x07\x10\x11\x11"
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + b"\x00" * 200
HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def zipped(*names: str, content: bytes = b"<x/>", **how: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **how) as packed:
        for name in names:
            packed.writestr(name, content)
    return out.getvalue()


DOCX = zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml")
XLSX = zipped("[Content_Types].xml", "xl/workbook.xml")
PPTX = zipped("[Content_Types].xml", "ppt/presentation.xml")


def upload(name: str, content: bytes = b"Some text.\n") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def refused(name: str, content: bytes) -> tuple[str, str]:
    with pytest.raises(ValidationError) as told:
        content_type_of(name, io.BytesIO(content))
    return told.value.code, told.value.messages[0]


@pytest.fixture
def project(cast) -> Project:
    return in_review(cast)


# -- What is taken --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.pdf", PDF, "application/pdf"),
        ("A.PDF", PDF, "application/pdf"),
        ("a.png", PNG, "image/png"),
        ("a.jpg", JPEG, "image/jpeg"),
        ("a.jpeg", JPEG, "image/jpeg"),
        ("a.gif", GIF, "image/gif"),
        ("a.webp", WEBP, "image/webp"),
        ("a.docx", DOCX, files.OFFICE["docx"][0]),
        ("a.xlsx", XLSX, files.OFFICE["xlsx"][0]),
        ("a.pptx", PPTX, files.OFFICE["pptx"][0]),
        ("a.txt", "Grüße\r\n\tan alle\f".encode(), "text/plain"),
        ("a.csv", "Name;Größe\r\n".encode("cp1252"), "text/csv"),
        ("a.csv", "Name\tGröße\r\n".encode("utf-16"), "text/csv"),
        ("a.md", b"# Title", "text/markdown"),
        ("a.log", b"\x1b[31mred\x1b[0m", "text/plain"),
    ],
)
def test_a_file_is_what_its_content_says(name, content, kind):
    assert content_type_of(name, io.BytesIO(content)) == kind


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", EXE),
        ("a.pdf", b"\n" + PDF),  # a polyglot may have anything in front of it
        ("a.png", HTML),
        ("a.png", SVG),
        ("a.jpg", PNG),
        ("a.webp", b"RIFF\x1a\x00\x00\x00WAVEfmt "),
        ("a.txt", EXE),
        ("a.csv", b"a,b\n" + b"x" * 10_000 + b"\x00"),  # beyond its head
        ("a.txt", "half a surrogate".encode("utf-16") + b"\x00\xd8"),
        ("a.docx", b"PK\x03\x04 and no more"),
        ("a.docx", XLSX),
        ("a.docx", zipped("word/document.xml")),
        ("a.docx", zipped("readme.txt")),
        ("a.docx", EXE + DOCX),  # an archive that unpacks itself
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600),
        ("a.docx", b"short"),
        ("a.docx", DOCX[:-30]),
    ],
)
def test_a_wrong_type_behind_a_right_name_is_refused(name, content):
    ending = name.rpartition(".")[2]
    assert refused(name, content) == ("content", f"“{name}” is not what its name says: its content is no .{ending}.")


@pytest.mark.parametrize(
    "name", ["a.svg", "a.html", "a.exe", "a.xlsm", "a.zip", "a.doc", "a", "pdf", ".pdf", "a.pdf.js"]
)
def test_a_kind_that_is_not_taken_is_refused_and_those_that_are_taken_are_named(name):
    code, text = refused(name, PDF)

    assert code == "kind"
    assert text.endswith("These are: pdf, png, jpg, jpeg, gif, webp, docx, xlsx, pptx, txt, csv, md, log.")


@pytest.mark.parametrize(
    "part", ["xl/vbaProject.bin", "xl/VBAPROJECT.BIN", "xl/macrosheets/sheet1.xml", "xl/activeX/activeX1.bin"]
)
def test_an_office_file_with_macros_is_refused_by_that(part):
    assert refused("a.xlsx", zipped("[Content_Types].xml", "xl/workbook.xml", part)) == (
        "macros",
        "“a.xlsx” carries macros. Save it without them, and choose it again.",
    )


def test_a_bomb_is_refused_by_what_its_list_says_and_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(files, "LARGEST_UNPACKED", 1_000_000)
    bomb = zipped("[Content_Types].xml", "word/document.xml", content=b"0" * 600_000)

    code, text = refused("a.docx", bomb)
    assert (code, len(bomb) < 10_000) == ("bomb", True)
    assert text.startswith("“a.docx” would unpack to more than")


def test_too_many_parts_are_refused_before_their_list_is_read(monkeypatch):
    many = zipped("[Content_Types].xml", "word/document.xml", *(f"word/{number}.xml" for number in range(5_000)))
    assert refused("a.docx", many)[0] == "bomb"

    monkeypatch.setattr(zipfile, "ZipFile", None)  # never reached
    assert refused("a.docx", many)[0] == "bomb"
    with pytest.raises(TypeError):
        content_type_of("a.docx", io.BytesIO(DOCX))


def test_a_list_of_parts_that_lies_about_its_number_is_held_to_its_length():
    data = bytearray(DOCX)
    at = data.rfind(b"PK\x05\x06")
    struct.pack_into("<L", data, at + 12, 2 * 1024 * 1024)

    assert refused("a.docx", bytes(data))[0] == "bomb"


def test_a_zip_file_that_keeps_its_list_elsewhere_is_none_of_ours():
    at = DOCX.rfind(b"PK\x05\x06")
    far = DOCX[:at] + b"PK\x06\x07" + struct.pack("<LQL", 0, at, 1) + DOCX[at:]

    assert refused("a.docx", far)[0] == "content"


def listed(part: str, at: int, value: bytes) -> bytes:
    """A document with some bytes changed in its list of parts, in the entry of `part`, `at` bytes from where that begins."""
    data = bytearray(DOCX)
    entry = data.rindex(part.encode()) - 46
    assert data[entry : entry + 4] == b"PK\x01\x02"
    data[entry + at : entry + at + len(value)] = value
    return bytes(data)


@pytest.mark.parametrize(
    ("content", "raised"),
    [
        (listed("word/document.xml", 0, b"no entry"), zipfile.BadZipFile),
        (
            zipped("[Content_Types].xml", "word/document.xml", "ä").replace("ä".encode(), b"\xff\xff"),
            UnicodeDecodeError,
        ),
        (listed("word/document.xml", 6, b"\xff"), NotImplementedError),
    ],
)
def test_a_list_of_parts_that_python_does_not_read_is_none(content, raised):
    with pytest.raises(raised):
        zipfile.ZipFile(io.BytesIO(content))
    assert refused("a.docx", content)[0] == "content"


def test_an_office_file_with_a_comment_at_its_end_is_taken():
    out = io.BytesIO(DOCX)
    with zipfile.ZipFile(out, "a") as packed:
        packed.comment = b"Written by nobody in particular."

    assert content_type_of("a.docx", io.BytesIO(out.getvalue())) == files.OFFICE["docx"][0]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("plan.pdf", "plan.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\priya\\plan.pdf", "plan.pdf"),
        ("pl\u202eexe.fdp.pdf", "plexe.fdp.pdf"),
        ("a\x00b\r\nc\x1b.pdf", "abc.pdf"),
        ('a"b<c>d|e*f?g:h.pdf', "abcdefgh.pdf"),
        ("zero\u200bwidth\u2066.pdf", "zerowidth.pdf"),
        ("line\u2028break.pdf", "linebreak.pdf"),
        ("  plan.pdf. . ", "plan.pdf"),
        ("Über café 日本.pdf", "Über café 日本.pdf"),
        ("cafe\u0301.pdf", "café.pdf"),
        ("", "file"),
        ("...", "file"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
        ("x." + "y" * 300, "x." + "y" * 148),
    ],
)
def test_a_name_is_kept_without_what_harms(given, kept):
    assert clean_name(given) == kept


@pytest.mark.parametrize(("size", "words"), [(25 * 1024 * 1024, "25 MB"), (3_000, "3 KB"), (1, "1 KB")])
def test_sizes_in_words(size, words):
    assert size_words(size) == words


# -- What is kept ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_file_is_kept_under_a_name_of_our_own_with_its_digest(project, cast):
    row = store_file(project, upload("../My plan.pdf", PDF), by=cast.sofia)

    assert (row.name, row.content_type, row.size) == ("My plan.pdf", "application/pdf", len(PDF))
    assert row.sha256 == hashlib.sha256(PDF).hexdigest()
    assert (row.project, row.by) == (project, cast.sofia)
    folder, _, kept = row.file.name.partition("/")
    assert (folder, len(kept), kept.isalnum()) == (str(project.pk), 32, True)
    with row.file.open("rb") as stored:
        assert stored.read() == PDF


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        (upload("a.txt", b""), "empty", "“a.txt” is empty."),
        (upload("a.txt", b"x" * 2001), "too-large", "“a.txt” is larger than 2 KB."),
        (Oversized("a.pdf", 9_000, "application/pdf"), "too-large", "“a.pdf” is larger than 2 KB."),
        (upload("a.pdf", EXE), "content", "“a.pdf” is not what its name says: its content is no .pdf."),
    ],
)
def test_what_is_refused_leaves_nothing(project, cast, settings, given, code, text):
    settings.UPLOAD_LIMIT = 2_000
    with pytest.raises(ValidationError) as told:
        store_file(project, given, by=cast.sofia)
    assert (told.value.code, told.value.messages) == (code, [text])
    assert StoredFile.objects.count() == 0


@pytest.mark.django_db
def test_a_file_goes_out_as_an_attachment_that_runs_nowhere(project, cast):
    row = store_file(project, upload("Größe “x”.txt", HTML), by=cast.sofia)
    response = as_download(row)

    assert b"".join(response.streaming_content) == HTML
    assert {name: response[name] for name in response.headers} == {
        "Content-Type": "text/plain",
        "Content-Length": str(len(HTML)),
        "Content-Disposition": "attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe%20%E2%80%9Cx%E2%80%9D.txt",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }


@pytest.mark.django_db
def test_a_file_that_is_gone_is_told_as_such(project, cast):
    row = store_file(project, upload("a.txt"), by=cast.sofia)
    row.file.storage.delete(row.file.name)

    with pytest.raises(Http404, match="not where uploads are kept"):
        as_download(row)


# -- While it arrives -----------------------------------------------------------------------------


class Counted(io.RawIOBase):
    """A body that is made while it is read, and says how much of it was."""

    def __init__(self, head: bytes, size: int, tail: bytes) -> None:
        self.parts, self.size, self.given = [head, tail], len(head) + size + len(tail), 0
        self.middle = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        head, tail = self.parts
        if self.given < len(head):
            chunk = head[self.given : self.given + len(buffer)]
        elif self.given < len(head) + self.middle:
            chunk = b"x" * min(len(buffer), len(head) + self.middle - self.given)
        else:
            chunk = tail[self.given - len(head) - self.middle :][: len(buffer)]
        buffer[: len(chunk)] = chunk
        self.given += len(chunk)
        return len(chunk)


def sent(client: Client, address: str, size: int) -> tuple[Any, Counted]:
    """Send a form of which the file has `size` bytes, with a label on either side of it."""
    line = b"--edge\r\nContent-Disposition: form-data; name="
    head = line + b'"label"\r\n\r\nAfter the review\r\n' + line + b'"upload"; filename="big.txt"\r\n'
    tail = b"\r\n" + line + b'"link"\r\n\r\n\r\n' + b"--edge--\r\n"
    body = Counted(head + b"Content-Type: text/plain\r\n\r\n", size, tail)
    kind = "multipart/form-data; boundary=edge"
    made = {"wsgi.input": io.BufferedReader(body), "CONTENT_LENGTH": body.size, "CONTENT_TYPE": kind}
    return client.generic("POST", address, **made), body


@pytest.mark.django_db
def test_200_mb_are_refused_with_a_page_the_other_fields_kept_and_nothing_on_disk(
    client, project, cast, monkeypatch, tmp_path, settings
):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    settings.UPLOAD_LIMIT = 5 * 1024 * 1024
    kept: list[int] = []
    taken = TemporaryFileUploadHandler.receive_data_chunk
    monkeypatch.setattr(
        TemporaryFileUploadHandler,
        "receive_data_chunk",
        lambda self, data, start: (kept.append(len(data)), taken(self, data, start))[1],
    )
    client.force_login(cast.sofia)
    address = reverse("add-version", args=[project.code, "sit-workbook"])
    response, body = sent(client, address, 200 * 1024 * 1024)

    assert response.status_code == 400
    assert "“big.txt” is larger than 5 MB." in response.text
    assert 'value="After the review"' in response.text
    assert body.given == body.size  # read to its end: the browser is not cut off
    assert sum(kept) <= settings.UPLOAD_LIMIT
    assert StoredFile.objects.count() == Document.objects.count() == 0


@pytest.mark.django_db
def test_a_file_within_the_limit_arrives_whole(client, project, cast, settings):
    settings.UPLOAD_LIMIT = 4 * 1024 * 1024
    client.force_login(cast.sofia)
    address = reverse("add-version", args=[project.code, "sit-workbook"])
    response, _ = sent(client, address, 4 * 1024 * 1024)

    assert response.status_code == 302
    assert StoredFile.objects.get().sha256 == hashlib.sha256(b"x" * 4 * 1024 * 1024).hexdigest()


def test_whoever_reads_one_that_was_too_large_finds_it_too_large():
    assert len(Oversized("a.xlsx", 11_000_000, "").read(10_000_001)) == 10_000_001


# -- Where it is kept -----------------------------------------------------------------------------


def test_by_default_it_is_a_folder_that_nobody_hands_out():
    kept = env.uploads()

    assert kept["BACKEND"] == "django.core.files.storage.FileSystemStorage"
    options: Any = kept["OPTIONS"]
    assert (options["location"], options["base_url"]) == (str(env.VAR_DIR / "uploads"), None)
    assert (options["file_permissions_mode"], options["directory_permissions_mode"]) == (0o600, 0o700)
    assert env.uploads("file:///srv/files")["OPTIONS"] == options | {"location": "/srv/files"}


def test_a_bucket_is_private_and_hands_out_no_address():
    kept = env.uploads("s3://gatehouse-uploads/some/prefix?endpoint=https://objects.example.org&region=us-east-1")

    assert kept == {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": "gatehouse-uploads",
            "location": "some/prefix",
            "default_acl": None,
            "querystring_auth": False,
            "file_overwrite": False,
            "signature_version": "s3v4",
            "object_parameters": {"ContentDisposition": "attachment", "CacheControl": "private, no-store"},
            "max_memory_size": 2 * 1024 * 1024,
            "endpoint_url": "https://objects.example.org",
            "region_name": "us-east-1",
        },
    }


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://", "names no bucket"),
        ("s3:///prefix", "names no bucket"),
        ("s3://bucket?colour=red", "there is no option colour"),
        ("gs://bucket", "write s3://bucket/prefix, or file:///path"),
        ("/srv/files", "write s3://bucket/prefix, or file:///path"),
        ("file://host/path", "write s3://bucket/prefix, or file:///path"),
    ],
)
def test_a_wrong_place_is_told_at_the_start(url, words):
    with pytest.raises(ImproperlyConfigured, match=words):
        env.uploads(url)


@pytest.fixture
def bucket(monkeypatch, settings):
    """The storage of a bucket, with its answers made up: what botocore would send is held against what S3 takes."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    made = env.uploads("s3://gatehouse-uploads/files?region=us-east-1&acl=private")
    storage = storages.create_storage(made)
    with Stubber(storage.connection.meta.client) as stub:
        yield storage, stub


def test_a_file_goes_into_the_bucket_and_comes_out(bucket):
    storage, stub = bucket
    asked: list[dict[str, Any]] = []
    events = storage.connection.meta.client.meta.events
    events.register("before-parameter-build.s3.PutObject", lambda params, **_: asked.append(params))
    stub.add_client_error("head_object", "404", http_status_code=404)
    stub.add_response("put_object", {})

    name = storage.save("7/abc", SimpleUploadedFile("a.txt", b"Hello"))

    stub.assert_no_pending_responses()
    assert name == "7/abc"
    assert {key: asked[0][key] for key in ("Bucket", "Key", "ACL", "ContentDisposition", "CacheControl")} == {
        "Bucket": "gatehouse-uploads",
        "Key": "files/7/abc",
        "ACL": "private",
        "ContentDisposition": "attachment",
        "CacheControl": "private, no-store",
    }
    assert "X-Amz" not in storage.url("7/abc")  # an address without a signature, which opens nothing


def test_a_file_that_is_not_in_the_bucket_is_not_found(bucket):
    storage, stub = bucket
    stub.add_client_error("head_object", "404", http_status_code=404)

    with pytest.raises(FileNotFoundError):
        storage.open("7/abc", "rb")
