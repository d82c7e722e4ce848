"""The archive: files with their SHA-256 sums in a manifest, written to a file; and the same looked at again, by anybody.

`manifest.json` names every other file with its size and sum, and carries a sum over itself; `MANIFEST.sha256` says the same to
`sha256sum -c`. No database is asked: a package is verified where it lies.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import IO, Any

from handoff.package.contents import Contents, Topic
from handoff.package.overview import overview_pdf
from handoff.package.pdf import document
from projects.evidence import canonical, sha256
from projects.files import clean_name
from sheets.writing import Sheet, book

MANIFEST, SUMS = "manifest.json", "MANIFEST.sha256"
FORMAT = "gatehouse-package-1"
#: Every member bears the first instant that a zip can say: when it was built stands in the manifest.
EPOCH = (1980, 1, 1, 0, 0, 0)
#: What is looked at when a package is verified: so many members, so many bytes unpacked, so large a manifest.
MOST_MEMBERS, LARGEST_UNPACKED, LARGEST_MANIFEST = 500, 2 * 1024**3, 4 * 1024**2
_CHUNK = 1024 * 1024
#: What `zipfile` and `json` raise over a member that is broken, encrypted, cut, nested too deep or packed in some other way.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, EOFError)

#: Called before each part: its title, how many are done, how many there are.
Tell = Callable[[str, int, int], None]


class TooLarge(Exception):  # noqa: N818 - an answer
    """The archive would be larger than what is kept."""


@dataclass(frozen=True, slots=True)
class Written:
    """An archive that was written: its size and sum, and its manifest."""

    size: int
    sha256: str
    manifest: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as the manifest says: `code` for programs, of which `member`, and a sentence."""

    code: str
    member: str
    text: str


# Writing -----------------------------------------------------------------------------------------------------------------------


def parts_of(contents: Contents) -> Iterator[tuple[str, Callable[[], Iterator[tuple[str, Any]]]]]:
    """Yield the parts of an archive: what each is called, and what makes its files (name, bytes or an opened file)."""
    about = f"{contents.name} ({contents.code})"
    foot = f"{about}, {contents.biller}"
    read = f"{contents.biller}. As of {contents.at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC."

    def whole() -> Iterator[tuple[str, Any]]:
        yield "package.pdf", document(f"Package for Client Services: {about}", read, foot, contents.topics, listed=True)

    def slide() -> Iterator[tuple[str, Any]]:
        yield "overview.pdf", overview_pdf(contents.slide)

    def topic(one: Topic) -> Callable[[], Iterator[tuple[str, Any]]]:
        def make() -> Iterator[tuple[str, Any]]:
            yield f"{one.slug}.pdf", document(f"{one.title}: {about}", read, foot, [one])
            yield f"{one.slug}.xlsx", _book(one, contents)
            for attached in one.files:
                yield f"files/{clean_name(attached.name)}", attached.stored.file

        return make

    yield "Everything in one PDF", whole
    yield "Integration Overview", slide
    for one in contents.topics:
        yield one.title, topic(one)


def _book(topic: Topic, contents: Contents) -> bytes:
    sheets: list[Sheet] = []
    taken: set[str] = set()
    for section in topic.sections:
        if not section.header:
            continue
        title = re.sub(r"[\[\]:*?/\\']", " ", section.title).strip()[:28] or "Sheet"
        while title.casefold() in taken | {"about"}:
            title = f"{title[:27]} {len(taken) + 1}"
        taken.add(title.casefold())
        sheets.append(Sheet(title, section.header, section.rows))
    about: list[tuple[str, object]] = [
        ("Project", f"{contents.name} ({contents.code})"), ("Biller", contents.biller), ("Topic", topic.title),
        ("As of (UTC)", contents.at),
    ]  # fmt: skip
    return book(sheets, about=about)


def write_archive(
    contents: Contents,
    out: IO[bytes],
    *,
    number: int | None,
    by: str,
    tell: Tell = lambda *_: None,
    most: int = 2**31 - 1,
) -> Written:
    """Write the archive of a project's package into an open file, part by part.

    Args:
        number: of the package; None for the export of a completed project. by: who asked for it.
        tell: called before each part. most: bytes.

    Raises:
        TooLarge. Whatever `tell` raises. FileNotFoundError: an uploaded file is not where uploads are kept.
    """
    parts = list(parts_of(contents))
    members: list[dict[str, Any]] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for done, (title, make) in enumerate(parts):
            tell(title, done, len(parts))
            for name, content in make():
                members.append(_put(packed, _free_name(name, members), content))
                if out.tell() > most:
                    raise TooLarge(
                        f"The package is larger than {most // 1024**2:,} MB: leave the largest files out of it."
                    )
        tell("Manifest", len(parts), len(parts))
        manifest = sealed(
            {
                "format": FORMAT, "product": f"gatehouse {_version()}", "project": contents.code, "name": contents.name,
                "biller": contents.biller, "package": number, "as_of": contents.at.astimezone(dt.UTC).isoformat(),
                "by": by, "files": members,
            }
        )  # fmt: skip
        text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
        listed = _put(packed, MANIFEST, text.encode())
        sums = "".join(f"{one['sha256']}  {one['name']}\n" for one in [*members, listed])
        _put(packed, SUMS, sums.encode())
    size, digest = digest_of(out)
    if size > most:
        raise TooLarge(f"The package is larger than {most // 1024**2:,} MB: leave the largest files out of it.")
    return Written(size, digest, manifest)


def sealed(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest with the SHA-256 over all else that it says."""
    said = {name: value for name, value in manifest.items() if name != "sha256"}
    return said | {"sha256": sha256(canonical(said))}


def digest_of(file: IO[bytes]) -> tuple[int, str]:
    """Return the size and SHA-256 of an open file."""
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


def _version() -> str:
    try:
        return metadata.version("gatehouse")
    except metadata.PackageNotFoundError:  # it runs from its folder
        return "from source"


def _free_name(name: str, members: list[dict[str, Any]]) -> str:
    taken = {str(one["name"]).casefold() for one in members} | {MANIFEST, SUMS.casefold()}
    stem, dot, ending = name.rpartition(".")
    free, number = name, 2
    while free.casefold() in taken:
        free, number = f"{stem} ({number}){dot}{ending}", number + 1
    return free


def _put(packed: zipfile.ZipFile, name: str, content: Any) -> dict[str, Any]:
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    digest, size = hashlib.sha256(), 0
    if isinstance(content, bytes):
        source: Any = io.BytesIO(content)
    else:
        source = content.open("rb")
    with packed.open(info, "w", force_zip64=True) as member:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            member.write(chunk)
    source.close()
    return {"name": name, "size": size, "sha256": digest.hexdigest()}


# Verifying ---------------------------------------------------------------------------------------------------------------------


def verify(file: IO[bytes]) -> tuple[list[Fault], dict[str, Any]]:
    """Return what is wrong with an archive (nothing, if nothing is), and its manifest as far as it can be read."""
    file.seek(0)
    try:
        packed = zipfile.ZipFile(file)
        infos = packed.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError):
        return [Fault("not-a-zip", "", "This is no zip file, or one that is broken.")], {}
    if len(infos) > MOST_MEMBERS or sum(info.file_size for info in infos) > LARGEST_UNPACKED:
        words = f"It holds more than {MOST_MEMBERS} files, or unpacks to more than {LARGEST_UNPACKED // 1024**3} GB."
        return [Fault("too-large", "", words)], {}
    with packed:
        manifest, faults = _manifest(packed, infos)
        if manifest:
            faults += _members(packed, infos, manifest)
    return faults, manifest


def _manifest(packed: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> tuple[dict[str, Any], list[Fault]]:
    sizes = {info.filename: info.file_size for info in infos}
    if MANIFEST not in sizes:
        return {}, [Fault("no-manifest", MANIFEST, "There is no manifest: this is no package of ours.")]
    if sizes[MANIFEST] > LARGEST_MANIFEST:
        return {}, [Fault("manifest-changed", MANIFEST, "The manifest is larger than any of ours.")]
    unreadable = Fault("manifest-changed", MANIFEST, "The manifest cannot be read.")
    try:
        manifest = json.loads(_read(packed, MANIFEST))
    except _UNREADABLE:
        return {}, [unreadable]
    if not isinstance(manifest, dict) or not _is_listing(manifest.get("files")):
        return {}, [unreadable]
    if manifest.get("format") != FORMAT:
        return manifest, [Fault("manifest-changed", MANIFEST, f"It is of another format than {FORMAT}.")]
    if sealed(manifest)["sha256"] != manifest.get("sha256"):
        return manifest, [Fault("manifest-changed", MANIFEST, "The manifest is not what its own SHA-256 says.")]
    return manifest, []


def _is_listing(files: Any) -> bool:
    return isinstance(files, list) and all(
        isinstance(one, dict) and isinstance(one.get("name"), str) and isinstance(one.get("sha256"), str)
        for one in files
    )


def _members(packed: zipfile.ZipFile, infos: list[zipfile.ZipInfo], manifest: dict[str, Any]) -> list[Fault]:
    faults, listed = [], {one["name"]: one for one in manifest["files"]}
    names = [info.filename for info in infos]
    for name in sorted(set(names)):
        if names.count(name) > 1:
            faults.append(Fault("extra", name, f"“{name}” is in it {names.count(name)} times."))
        elif name not in listed and name not in {MANIFEST, SUMS}:
            faults.append(Fault("extra", name, f"“{name}” is in it and not in the manifest."))
    for name, one in listed.items():
        if name not in names:
            faults.append(Fault("missing", name, f"“{name}” is in the manifest and not in the file."))
        elif (found := _sum(packed, name)) != one["sha256"]:
            words = "is not what its SHA-256 says" if found else "cannot be read: it was changed or cut"
            faults.append(Fault("changed", name, f"“{name}” {words}."))
    if SUMS not in names:
        faults.append(Fault("missing", SUMS, f"“{SUMS}” is missing."))
    elif not faults and not _sums_agree(packed, manifest):
        faults.append(Fault("changed", SUMS, f"“{SUMS}” says otherwise than the manifest."))
    return faults


def _sums_agree(packed: zipfile.ZipFile, manifest: dict[str, Any]) -> bool:
    try:
        said = _read(packed, SUMS).decode()
    except _UNREADABLE:
        return False
    lines = [f"{one['sha256']}  {one['name']}\n" for one in manifest["files"]]
    return said == "".join([*lines, f"{_sum(packed, MANIFEST)}  {MANIFEST}\n"])


def _read(packed: zipfile.ZipFile, name: str) -> bytes:
    """Read a small member; never more than a manifest may have, whatever the zip says of its size."""
    with packed.open(name) as member:
        found = member.read(LARGEST_MANIFEST + 1)
    if len(found) > LARGEST_MANIFEST:
        raise ValueError(name)
    return found


def _sum(packed: zipfile.ZipFile, name: str) -> str:
    """Return the SHA-256 of a member; nothing where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with packed.open(name) as member:
            while chunk := member.read(_CHUNK):
                digest.update(chunk)
    except _UNREADABLE:
        return ""
    return digest.hexdigest()
