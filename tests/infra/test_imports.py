"""Who may import whom: the contracts of pyproject.toml, and what a light function may load."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("functions", "infra", "audiences", "shared")
LINT = (
    "from importlinter.cli import lint_imports_command as lint; lint(['--no-logo', '--no-cache'])"
)

HEAVY = ("pyarrow", "duckdb")
# These run in functions that must start cold in a fraction of a second.
LIGHT = (
    "audiences.delivery.sender",
    "audiences.delivery.outbox",
    "audiences.delivery.session",
    "audiences.delivery.pace",
    "audiences.platforms",
    "audiences.identifiers",
    "shared",
    "audiences.flows.deliver",
    "audiences.flows.exports",
    "audiences.flows.run_report",
    "audiences.flows.steps",
    "audiences.flows.views",
    "functions.api",
    "functions.collect",
    "functions.deliver",
    "functions.drop",
    "functions.sync",
)
LAKE_SIDE = {
    f"audiences.identifiers.{name}"
    for name in (
        "columns",
        "distinct",
        "form_columns",
        "phone_columns",
        "phone_match",
        "sent_columns",
    )
}
PLATFORM_GROUND = {
    "modes",
    *("alongside", "answers", "base", "bodies", "codes", "contacts", "limits", "oauth", "sheets"),
}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


def linted(root: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(root), "COLUMNS": "200"}
    command = [sys.executable, "-c", LINT]
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )


def test_the_contracts_hold() -> None:
    done = linted(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("audiences/helpers.py", ""),
        ("audiences/resolve/people.py", "import audiences.reports.decay"),
        ("audiences/lake/layout.py", "import audiences.flows"),
        ("audiences/schemas.py", "import audiences.identifiers"),
        ("audiences/flows/__init__.py", "import boto3"),
        ("shared/errors.py", "import audiences"),
        ("infra/sandbox/state.py", "import audiences.identifiers.digest"),
    ],
)
def test_a_broken_rule_is_found(tmp_path: Path, path: str, line: str) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / path).open("a") as module:
        module.write(f"{line}\n")
    done = linted(tmp_path)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout


def members(graph: grimp.ImportGraph, package: str) -> set[str]:
    return ({package, *graph.find_descendants(package)} - LAKE_SIDE) & graph.modules


@pytest.mark.parametrize("package", LIGHT)
def test_light_code_never_reaches_the_lake_engines(graph: grimp.ImportGraph, package: str) -> None:
    assert package in graph.modules
    for module in members(graph, package):
        for heavy in HEAVY:
            chain = graph.find_shortest_chain(importer=module, imported=heavy)
            assert chain is None, " -> ".join(chain)


def test_the_lake_engines_are_in_the_graph(graph: grimp.ImportGraph) -> None:
    """Else the test above could not fail."""
    for heavy in HEAVY:
        assert graph.find_shortest_chain(importer="audiences.lake.query", imported=heavy)


def test_no_platform_imports_another(graph: grimp.ImportGraph) -> None:
    package = "audiences.platforms"
    names = {m.rpartition(".")[2] for m in graph.find_children(package)} - PLATFORM_GROUND
    platforms = {name for name in names if not name.startswith("_")}
    assert len(platforms) >= 3
    for name in names:
        imported = graph.find_modules_directly_imported_by(f"{package}.{name}")
        near = {m.rpartition(".")[2] for m in imported if m.startswith(f"{package}.")}
        foreign = {n for n in near - PLATFORM_GROUND if not _belongs(n, name, platforms)}
        assert not foreign, f"{name} imports {foreign}"


def _belongs(imported: str, importer: str, platforms: set[str]) -> bool:
    # `google` may be split into `google` and `_google_answers`; no other platform may use those.
    owners = {p for p in platforms if imported.startswith(f"_{p}")}
    return any(importer.removeprefix("_").startswith(owner) for owner in owners)


def test_asking_for_one_platform_loads_only_that_one() -> None:
    code = (
        "import sys, audiences.platforms as p; p.platform('meta');"
        "print([m for m in sys.modules if m.startswith('audiences.platforms.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "meta" in done.stdout
    assert "google" not in done.stdout
    assert "the_trade_desk" not in done.stdout
