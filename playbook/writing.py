"""Write a playbook in its one canonical form, so that reading and writing again changes no byte."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import yaml

from playbook.data import (
    CHANGE_KEYS,
    SOURCE_KEYS,
    STEP_SOURCE_KEYS,
    DocumentData,
    PlaybookData,
    RoleData,
    SectionData,
    StepData,
)

_STRING = "tag:yaml.org,2002:str"
_MAPPING = "tag:yaml.org,2002:map"
_SEQUENCE = "tag:yaml.org,2002:seq"
_WIDTH = 100


def as_mapping(data: PlaybookData) -> dict[str, Any]:
    """Return the playbook as plain values, with every key in its place and all four letters in each `raci`.

    A list of documents stands only where there is one: a version from before there were any keeps its digest.
    """
    return {
        "playbook": data.playbook,
        "title": data.title,
        "kind": data.kind,
        "version": data.version,
        "source": {name: data.source[name] for name in SOURCE_KEYS if name in data.source},
        "changes": [{name: getattr(change, name) for name in CHANGE_KEYS} for change in data.changes],
        "open_questions": list(data.open_questions),
        "roles": [_role_mapping(role) for role in data.roles],
        **({"documents": [_document_mapping(one) for one in data.documents]} if data.documents else {}),
        "steps": [_step_mapping(step) for step in data.steps],
    }


def dump_json(data: PlaybookData) -> str:
    """Return the canonical JSON: the keys of the YAML, two spaces, a newline at the end."""
    return json.dumps(as_mapping(data), indent=2, ensure_ascii=False) + "\n"


def dump_yaml(data: PlaybookData) -> str:
    """Return the canonical YAML, which `parse` reads back as an equal value and which is written again byte for byte."""
    mapping = as_mapping(data)
    steps = mapping.pop("steps")
    mapping["source"] = _Flow(mapping["source"])
    for name in ("changes", "roles"):
        mapping[name] = [_Flow(entry) for entry in mapping[name]]
    if data.documents:
        mapping["documents"] = [_document_in_style(entry) for entry in mapping["documents"]]
    # Each step by itself, so that the blank line between two can stand in no text by accident.
    written = [_written({"steps": [_in_style(step)]}).removeprefix("steps:\n") for step in steps]
    return _written(mapping) + ("steps:\n" + "\n".join(written) if steps else "steps: []\n")


def digest(data: PlaybookData) -> str:
    """Return the SHA-256 of what the playbook says: of its canonical YAML, whatever the version's number."""
    return hashlib.sha256(dump_yaml(replace(data, version=1)).encode()).hexdigest()


def _role_mapping(role: RoleData) -> dict[str, Any]:
    mapping: dict[str, Any] = {"code": role.code, "name": role.name, "team": role.team, "side": str(role.side)}
    if role.manages:
        mapping["manages"] = True
    if role.signs_as:
        mapping["signs_as"] = str(role.signs_as)
    return mapping


def _document_mapping(document: DocumentData) -> dict[str, Any]:
    mapping = _section_mapping(document)
    if document.live:
        mapping["live"] = True
    if document.sections:
        mapping["sections"] = [_section_mapping(section) for section in document.sections]
    return mapping


def _section_mapping(section: SectionData | DocumentData) -> dict[str, Any]:
    mapping: dict[str, Any] = {"slug": section.slug, "title": section.title}
    if section.mandatory:
        mapping["mandatory"] = True
    return mapping


def _step_mapping(step: StepData) -> dict[str, Any]:
    """Return the step as plain values. Where it was read stands only where that is known, as with documents above."""
    source = {name: step.source[name] for name in STEP_SOURCE_KEYS if name in step.source}
    return {
        "key": step.key,
        "number": step.number,
        "phase": str(step.phase),
        "category": step.category,
        "title": step.title,
        "guidance": step.guidance,
        "raci": step.raci.as_dict(),
        "raci_source": step.raci_source or None,
        "derived": list(step.derived),
        "applies": str(step.applies),
        "approval": str(step.approval) or None,
        "duration_days": step.duration_days,
        "needs": list(step.needs),
        "documents": list(step.documents),
        "meeting": step.meeting or None,
        "open_questions": list(step.open_questions),
        **({"source": source} if source else {}),
    }


class _Flow(dict[str, Any]):
    """A mapping that is written on one line."""


class _FlowList(list[Any]):
    """A list that is written on one line."""


class _Folded(str):
    """A text that is written as a folded block."""


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent the entries of a list below their key, which PyYAML does not do by itself."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write equal values out each time: a file has no aliases."""
        return True


_Dumper.add_representer(_Flow, lambda dumper, data: dumper.represent_mapping(_MAPPING, data.items(), flow_style=True))
_Dumper.add_representer(_FlowList, lambda dumper, data: dumper.represent_sequence(_SEQUENCE, data, flow_style=True))
_Dumper.add_representer(_Folded, lambda dumper, data: dumper.represent_scalar(_STRING, str(data), style=">"))


def _in_style(step: dict[str, Any]) -> dict[str, Any]:
    styled = dict(step, raci=_Flow(step["raci"]))
    for name in ("derived", "needs", "documents"):
        styled[name] = _FlowList(step[name])
    if "source" in step:
        styled["source"] = _Flow(step["source"])
    if _folds_cleanly(step["guidance"]):
        styled["guidance"] = _Folded(step["guidance"])
    return styled


def _document_in_style(document: dict[str, Any]) -> dict[str, Any]:
    """Write a document on one line, or its sections on a line each."""
    if "sections" not in document:
        return _Flow(document)
    return dict(document, sections=[_Flow(section) for section in document["sections"]])


def _folds_cleanly(text: str) -> bool:
    """Whether a folded block gives the text back: its reader makes exceptions for lines that begin or end with blanks."""
    lines = text.split("\n")
    return bool(text) and all(line == line.strip() and "  " not in line and line.isprintable() for line in lines)


def _written(mapping: dict[str, Any]) -> str:
    return yaml.dump(mapping, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
