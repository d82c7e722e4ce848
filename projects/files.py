"""Uploads: what is taken, where it is kept, and how it goes out again."""

from __future__ import annotations

import codecs
import hashlib
import re
import struct
import unicodedata
import zipfile
from pathlib import PurePosixPath
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404

from accounts.models import User
from projects.models import Project, StoredFile
from projects.models.file import LONGEST_FILE_NAME

#: Of a picture: its type, and how its content begins.
PICTURES = {
    "png": ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    "jpg": ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    "jpeg": ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    "gif": ("image/gif", re.compile(rb"GIF8[79]a")),
    "webp": ("image/webp", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
}
PDF = ("application/pdf", re.compile(rb"%PDF-"))
OFFICE = {
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "word/document.xml"),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xl/workbook.xml"),
    "pptx": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "ppt/presentation.xml"),
}
TEXT = {"txt": "text/plain", "csv": "text/csv", "md": "text/markdown", "log": "text/plain"}
ENDINGS = ("pdf", *PICTURES, *OFFICE, *TEXT)
_HEAD = 16

#: Of an office file: the most parts, the most bytes of its list of parts, and the most that its parts say they unpack to.
#: It is never unpacked here; whoever downloads it does.
MOST_PARTS, LARGEST_LIST, LARGEST_UNPACKED = 5_000, 1024 * 1024, 512 * 1024 * 1024
#: Parts in which an office file carries programs: macros, of this century and the last, and controls.
_PROGRAMS = re.compile(r"(^|/)(vbaproject\.bin|vbadata\.xml|macrosheets/.*|activex/.*)$", re.IGNORECASE)
#: The end of a zip file's list of parts: signature, … number of parts, bytes and place of the list, length of the comment.
_ZIP_END, _ZIP64_MARK = struct.Struct("<4s6xHLLH"), b"PK\x06\x07"
#: What no text holds: control characters but tabs, line ends, form feeds and the escapes of a coloured log.
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def store_file(project: Project, upload: UploadedFile[bytes], *, by: User) -> StoredFile:
    """Keep an uploaded file with a project. The caller has asked whether `by` may, and is in a transaction.

    A file whose transaction fails later is left behind without a row: nobody can ask for it, and nothing refers to it.

    Raises:
        ValidationError: larger than `UPLOAD_LIMIT` bytes, empty, of a kind that is not taken, or its content is not what its
            name says. Archived.
    """
    project.refuse_if_archived()
    name = clean_name(upload.name or "")
    size = upload.size or 0
    if size > settings.UPLOAD_LIMIT:
        raise ValidationError(f"“{name}” is larger than {size_words(settings.UPLOAD_LIMIT)}.", code="too-large")
    if not size:
        raise ValidationError(f"“{name}” is empty.", code="empty")
    content_type = content_type_of(name, upload)
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    row = StoredFile(project=project, name=name, content_type=content_type, size=size, sha256=digest.hexdigest(), by=by)
    row.file.save(name, upload, save=False)
    row.save()
    return row


def size_words(size: int) -> str:
    """Return a number of bytes as people say it: `25 MB`, `3 KB`."""
    unit, by = ("MB", 1024 * 1024) if size >= 1024 * 1024 else ("KB", 1024)
    return f"{max(round(size / by), 1):,} {unit}"


def clean_name(name: str) -> str:
    """Return a file's name without path, its ending kept, and without what is not seen: control characters, marks that turn the
    direction of writing, blanks of no width. Quotes and what some systems take in no name are left out too."""
    plain = unicodedata.normalize("NFC", PurePosixPath(name.replace("\\", "/")).name)
    plain = "".join(sign for sign in plain if unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
    plain = re.sub(r"[\"<>|*?:]", "", plain).strip()
    plain = plain.rstrip(" .") or "file"
    if len(plain) <= LONGEST_FILE_NAME:
        return plain
    stem, dot, ending = plain.rpartition(".")
    return f"{stem[: max(LONGEST_FILE_NAME - len(ending) - 1, 1)]}{dot}{ending}"[:LONGEST_FILE_NAME]


def content_type_of(name: str, file: IO[bytes] | UploadedFile[bytes]) -> str:
    """Return the type of a file by what is in it.

    Raises:
        ValidationError: a kind that is not taken, or content that is not what the name says.
    """
    stem, _, ending = name.rpartition(".")
    ending = ending.lower()
    if not stem or ending not in ENDINGS:
        raise ValidationError(f"Files of this kind are not taken. These are: {', '.join(ENDINGS)}.", code="kind")
    file.seek(0)
    found = _type_by_content(name, ending, file)
    file.seek(0)
    if found is None:
        raise ValidationError(f"“{name}” is not what its name says: its content is no .{ending}.", code="content")
    return found


def _type_by_content(name: str, ending: str, file: Any) -> str | None:
    if ending in OFFICE:
        return OFFICE[ending][0] if _is_office(name, OFFICE[ending][1], file) else None
    if ending in TEXT:
        return TEXT[ending] if _is_text(file) else None
    kind, begins = PDF if ending == "pdf" else PICTURES[ending]
    return kind if begins.match(file.read(_HEAD)) else None


def _is_office(name: str, main_part: str, file: Any) -> bool:
    """Return whether a file is an office file, by the names of its parts.

    Raises:
        ValidationError: it is one, and carries programs, or is made to harm whoever opens it.
    """
    if not _is_plain_zip(name, file):
        return False
    try:
        with zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
    # ValueError: the name of a part is no UTF-8. NotImplementedError: it asks for a zip of another age.
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    names = {part.filename for part in parts}
    if not {main_part, "[Content_Types].xml"} <= names:
        return False
    if any(_PROGRAMS.search(part) for part in names):
        raise ValidationError(f"“{name}” carries macros. Save it without them, and choose it again.", code="macros")
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise _bomb(name)
    return True


def _bomb(name: str) -> ValidationError:
    most = f"{size_words(LARGEST_UNPACKED)}, or into more than {MOST_PARTS:,} parts"
    return ValidationError(f"“{name}” would unpack to more than {most}: that is not taken.", code="bomb")


def _is_plain_zip(name: str, file: Any) -> bool:
    """Return whether a file begins and ends as a zip file does.

    Python reads the whole list of parts, however long it is: so its length is looked at first. Zip files beyond 4 GB keep it
    elsewhere, and are nothing that is taken.

    Raises:
        ValidationError: a list of parts that is too long.
    """
    begins = file.read(4)
    file.seek(0, 2)
    size = file.tell()
    file.seek(max(size - _ZIP_END.size - 0xFFFF, 0))
    tail = file.read(_ZIP_END.size + 0xFFFF)
    at = len(tail) - _ZIP_END.size
    if at < 0 or begins != b"PK\x03\x04":
        return False
    if not (tail[at:].startswith(b"PK\x05\x06") and tail.endswith(b"\x00\x00")):
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or at + _ZIP_END.size > len(tail):
            return False
    _, parts, listed, _, _ = _ZIP_END.unpack_from(tail, at)
    if listed > LARGEST_LIST or parts > MOST_PARTS:
        raise _bomb(name)
    return _ZIP64_MARK not in tail[max(at - 20, 0) : at]


def _is_text(file: Any) -> bool:
    """Return whether a file is text: in UTF-16 with its mark, or in any code in which no control character stands."""
    head = file.read(2)
    file.seek(0)
    if head in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        decoder = codecs.getincrementaldecoder("utf-16")()
        try:
            for chunk in iter(lambda: file.read(65536), b""):
                if _CONTROL.search(decoder.decode(chunk).encode("utf-8", "surrogatepass")):
                    return False
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return True
    return not any(_CONTROL.search(chunk) for chunk in iter(lambda: file.read(65536), b""))


def as_download(stored: StoredFile) -> FileResponse:
    """Return a file as an attachment, whatever it is: nothing of it runs or shows in our pages' name.

    Raises:
        Http404: the file is not where uploads are kept (a backup without its folder, a bucket that was emptied).
    """
    try:
        opened = stored.file.open("rb")
    except FileNotFoundError:
        raise Http404(f"“{stored}” is not where uploads are kept. An administrator has to put it back.") from None
    response = FileResponse(opened, as_attachment=True, filename=stored.name)
    response["Content-Type"] = stored.content_type
    response["Content-Length"] = str(stored.size)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
