"""House rules that a linter does not know, over every file that is or could be committed."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

from shared.log import FIELDS

ROOT = Path(__file__).parents[2]
PACKAGES = ("functions", "infra", "audiences", "shared")
LONGEST = 300
LONGEST_PLATFORM = 150
NOTHING_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
# Split, so that this file does not break its own rule.
INDEX = re.compile(
    "pypi" + r"\.org/simple|--(?:extra-)?index-" + "url|--find-" + "links|file:" + "//opt"
)
MACHINE = re.compile(r"(?<![\w.:/~-])/(?:home|Users|root|work|opt)/\w")
CLOCK = re.compile(r"\b(?:datetime|date)\.(?:now|utcnow|today)\(|\btime\.time\(")


@cache
def files() -> tuple[Path, ...]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = [ROOT / name for name in listed.stdout.split("\0") if name]
    found = names or [
        p for p in ROOT.rglob("*") if ".venv" not in p.parts and ".git" not in p.parts
    ]
    return tuple(sorted(p for p in found if p.is_file()))


def modules(*folders: str) -> list[Path]:
    chosen = folders or (*PACKAGES, "tests")
    return [p for p in files() if p.suffix == ".py" and p.relative_to(ROOT).parts[0] in chosen]


def texts() -> list[tuple[Path, str]]:
    out = []
    for path in files():
        try:
            out.append((path.relative_to(ROOT), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return out


def test_there_is_something_to_look_at() -> None:
    assert len(modules(*PACKAGES)) > 50
    assert ROOT / "pyproject.toml" in files()


def test_no_module_is_long() -> None:
    lengths = {p.relative_to(ROOT): len(p.read_text("utf-8").splitlines()) for p in modules()}
    assert {path: n for path, n in lengths.items() if n > LONGEST} == {}


def test_no_platform_is_long() -> None:
    folder = ROOT / "audiences" / "platforms"
    lengths = {p.name: len(p.read_text("utf-8").splitlines()) for p in folder.glob("*.py")}
    lengths.pop("base.py")
    assert len(lengths) > 3
    assert {name: n for name, n in lengths.items() if n > LONGEST_PLATFORM} == {}


def test_every_module_has_a_name_that_says_something() -> None:
    assert [p for p in modules() if NOTHING_NAMES & {*p.relative_to(ROOT).parts, p.stem}] == []


@pytest.mark.parametrize("banned", [INDEX, MACHINE], ids=["package index", "machine path"])
def test_no_file_names_this_machine(banned: re.Pattern[str]) -> None:
    found = [
        f"{path}:{number}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if banned.search(line) and path.name != Path(__file__).name
    ]
    assert found == []


def test_requirements_are_pinned_with_hashes() -> None:
    files = sorted((ROOT / "requirements").glob("*.txt"))
    assert len(files) > 7
    for file in files:
        text = file.read_text("utf-8")
        pins = [block for block in re.split(r"\n(?=\S)", text.strip()) if not block.startswith("#")]
        assert len(pins) > 5
        for pin in pins:
            assert re.match(r"[a-z0-9.-]+==\S+", pin), pin
            assert "--hash=sha256:" in pin, pin
        assert not re.search(r"https?://|^-|^\s*-[rce] ", text, re.MULTILINE)


def test_every_dependency_is_pinned_and_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    optional = project["optional-dependencies"]
    reasons = (ROOT / "docs/decisions/0002-dependencies.md").read_text("utf-8").lower()
    pins = (ROOT / "requirements/dev.txt").read_text("utf-8").lower()
    wanted = [*project["dependencies"], *optional["local"], *optional["dev"]]
    names = {re.split(r"[\[<>=~! ]", line.lower())[0] for line in wanted} - {project["name"]}
    assert [name for name in names if f"\n{name}==" not in f"\n{pins}"] == []
    assert [name for name in names if f"`{name}" not in reasons] == []


def test_time_comes_from_the_clock() -> None:
    allowed = {ROOT / "shared/clock.py", ROOT / "shared/log.py"}
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules("audiences", "shared", "functions")
        if path not in allowed
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if CLOCK.search(line)
    ]
    assert found == []


def test_every_package_and_module_says_what_it_is() -> None:
    silent = [p for p in modules() if not ast.get_docstring(ast.parse(p.read_text("utf-8")))]
    assert [str(p.relative_to(ROOT)) for p in silent] == []


def test_a_module_says_what_it_is_on_its_first_line() -> None:
    late = [p for p in modules(*PACKAGES) if not p.read_text("utf-8").startswith('"""')]
    assert [str(p.relative_to(ROOT)) for p in late] == []


def test_every_folder_with_code_is_a_package() -> None:
    folders = {p.parent for p in modules(*PACKAGES)}
    assert [f for f in folders if not (f / "__init__.py").is_file()] == []


def test_nothing_of_ours_inherits_but_errors() -> None:
    kinds: dict[str, list[str]] = {}
    for path in modules(*PACKAGES):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                kinds[node.name] = [ast.unparse(base) for base in node.bases]
    heirs = {
        name: bases
        for name, bases in kinds.items()
        if not name.endswith("Error") and any(base in kinds for base in bases)
    }
    assert heirs == {}


def test_every_field_that_is_logged_is_on_the_list() -> None:
    unlisted = []
    for path in modules(*PACKAGES):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("log", "log.log"):
                names = {k.arg for k in node.keywords} - {"level", "error", None}
                unlisted += [f"{path.name}:{node.lineno} {name}" for name in names - {*FIELDS}]
    assert unlisted == []
