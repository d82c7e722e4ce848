"""A playbook as a value, and as YAML or JSON (design.md, "Playbook as code"): the one door to `data`, `reading` and `writing`."""

from __future__ import annotations

from playbook.data import ChangeData, DocumentData, PlaybookData, RoleData, SectionData, StepData
from playbook.nodes import FormatError, Problem
from playbook.reading import parse
from playbook.writing import as_mapping, digest, dump_json, dump_yaml

__all__ = [
    "ChangeData",
    "DocumentData",
    "FormatError",
    "PlaybookData",
    "Problem",
    "RoleData",
    "SectionData",
    "StepData",
    "as_mapping",
    "digest",
    "dump_json",
    "dump_yaml",
    "parse",
]
