"""The house's rules that no linter knows (docs/adr, design.md and style.md say why)."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from transitions.machine import Machine

ROOT = Path(__file__).resolve().parents[2]


@cache
def files() -> tuple[str, ...]:
    """Every file of the repository that is committed or could be, as a path from its root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    return tuple(sorted(path for path in listed if path and (ROOT / path).is_file()))


def python_files(*, tests: bool) -> Iterator[tuple[str, ast.Module]]:
    """Each Python file with its tree; of the program alone, or of the tests too."""
    for path in files():
        if path.endswith(".py") and (tests or not path.startswith("tests/")):
            yield path, ast.parse((ROOT / path).read_text(), path)


def text_files() -> Iterator[tuple[str, str]]:
    """Each file that is text, with it."""
    for path in files():
        try:
            yield path, (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_the_repository_is_what_these_rules_read() -> None:
    assert {"manage.py", "Makefile", "transitions/moves.py", "tests/house/test_rules.py"} <= set(files())


# -- Imports --------------------------------------------------------------------------------------


def test_imports_go_one_way() -> None:
    assert lint_imports(str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True) == EXIT_STATUS_SUCCESS


def test_import_linter_knows_every_room(pyproject: dict[str, dict[str, dict[str, object]]]) -> None:
    ours = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"benchmarks", "tests"}

    assert pyproject["tool"]["importlinter"]["root_packages"] == sorted(ours)


@pytest.fixture
def pyproject() -> dict[str, dict[str, dict[str, object]]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


# -- Moves ----------------------------------------------------------------------------------------

#: Calls of a method that only has the name of a move. In benchmarks, threads and processes start and wait.
NO_MOVES = {
    ("reminders/wire.py", "clock.start"),  # a timer
    ("reminders/wire.py", "clock.cancel"),
    ("config/beat.py", "service.start"),
    ("projects/views/start.py", "form.start"),
}
RUNNERS = (".start", ".wait")


def machines(base: type[Machine] = Machine) -> Iterator[type[Machine]]:
    for machine in base.__subclasses__():
        yield machine
        yield from machines(machine)


def moves() -> set[str]:
    return {spec.name for machine in machines() for spec in machine.MOVES}


def test_every_machine_s_moves_are_watched() -> None:
    assert {"advance", "return_to", "hold", "cancel", "complete", "start", "reopen", "publish", "retire"} <= moves()


def test_only_perform_calls_a_transition() -> None:
    names = moves()
    calls = {
        (path, ast.unparse(node.func), node.lineno)
        for path, tree in python_files(tests=False)
        if path != "transitions/moves.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
    }

    assert {
        (path, call, line)
        for path, call, line in calls
        if (path, call) not in NO_MOVES and not (path.startswith("benchmarks/") and call.endswith(RUNNERS))
    } == set()


def test_only_moves_opens_the_door() -> None:
    doors = {"door", "_door_open"}
    opened = {
        path
        for path, tree in python_files(tests=False)
        for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and doors & {alias.name for alias in node.names})
        or (isinstance(node, ast.Attribute) and node.attr in doors)
    }

    assert opened == {"transitions/moves.py"}


# -- Python ---------------------------------------------------------------------------------------


def caught(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return {"everything"}
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {ast.unparse(kind) for kind in kinds}


def test_nobody_catches_everything() -> None:
    assert [
        (path, node.lineno)
        for path, tree in python_files(tests=True)
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and caught(node) & {"everything", "Exception", "BaseException"}
    ] == []


def test_no_file_is_a_drawer_for_the_rest() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "manager2"}

    assert [path for path in files() if Path(path).stem in drawers or drawers & set(Path(path).parts)] == []


def test_one_file_reads_the_environment() -> None:
    """Save for the name of the settings, which the three entry points give a default, and for what is no part of it."""
    found = set()
    for path, tree in python_files(tests=False):
        if not path.startswith(("scripts/", "benchmarks/")):
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"}:
                    found.add(path)
                if isinstance(node, ast.Import | ast.ImportFrom) and "environ" in {alias.name for alias in node.names}:
                    found.add(path)

    assert found == {"config/env.py", "config/celery.py", "config/wsgi.py", "manage.py"}


def test_every_variable_is_written_up(root: Path) -> None:
    known = set(re.findall(r"_env\.\w+\(\s*\"(\w+)\"", (root / "config/env.py").read_text()))

    assert known - set(re.findall(r"`(\w+)`", (root / "docs/running.md").read_text())) == set()


# -- Templates ------------------------------------------------------------------------------------

TEMPLATES = [path for path in files() if path.startswith("templates/") and not path.endswith((".txt", ".md"))]
#: `{{ … }}`, `{% … %}` and `{# … #}`: what is left is HTML enough for a parser.
EXPRESSION, TAG = re.compile(r"\{\{.*?\}\}", re.DOTALL), re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
DATA = {"application/json", "application/ld+json", "text/plain"}


class Inline(HTMLParser):
    """Collects what the content security policy would block."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._script = False
        self.feed(TAG.sub(" ", EXPRESSION.sub("x", text)))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            handler = name.startswith(("on", "hx-on"))
            script = (value or "").strip().lower().startswith(("javascript:", "js:"))
            if name == "style" or handler or script:
                self.found.append(f"line {self.getpos()[0]}: {name} of <{tag}>")
        if tag == "style":
            self.found.append(f"line {self.getpos()[0]}: <style>")
        self._script = tag == "script" and dict(attrs).get("type") not in DATA

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._script = False

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.found.append(f"line {self.getpos()[0]}: a script's body")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<script>go()</script>", ["line 1: a script's body"]),
        ("<p>\n<b STYLE='color: red'>", ["line 2: style of <b>"]),
        ("<svg><rect style='fill: red'/></svg>", ["line 1: style of <rect>"]),
        ("<svg><style>rect {}</style></svg>", ["line 1: <style>"]),
        ("<a {% if a > b %}onclick='x'{% endif %}>", ["line 1: onclick of <a>"]),
        ("<a href='javascript:x'>", ["line 1: href of <a>"]),
        ("<a hx-on::after-request='x'>", ["line 1: hx-on::after-request of <a>"]),
        ("<script src='{{ static('a.js') }}' type='module'></script><p class='style'>style=</p>", []),
        ("<script type='application/json'>{}</script>", []),
    ],
)
def test_what_counts_as_inline(text: str, found: list[str]) -> None:
    assert Inline(text).found == found


def test_no_template_has_inline_script_or_style() -> None:
    # A mail is no page: its readers know no stylesheet, and our policy does not reach them.
    pages = [path for path in TEMPLATES if not path.startswith("templates/mail/")]
    assert {path: found for path in pages if (found := Inline((ROOT / path).read_text()).found)} == {}


# -- Machines -------------------------------------------------------------------------------------

#: Hosts of package registries and options that name one. `\.` keeps the expression from finding itself.
REGISTRY = re.compile(
    r"pypi\.(org|python)|pythonhosted\.org|registry\.npmjs|npmjs\.(com|org)|anaconda\.org|crates\.io|rubygems\.org"
    r"|--(extra-)?index[-]url|--find[-]links|--trusted[-]host"
)
#: Folders of one machine. `[k]` and the like do the same here.
MACHINE_PATH = re.compile(r"(?<![\w.])/(wor[k]|roo[t]|hom[e]|User[s]|opt/pyp[i]|opt/wheel[s])/")


def test_no_file_names_a_package_registry() -> None:
    assert {path for path, text in text_files() if REGISTRY.search(text)} == set()


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert {path for path, text in text_files() if MACHINE_PATH.search(text)} == set()


def test_locks_are_hashed_throughout() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        entries = re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text())
        assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
