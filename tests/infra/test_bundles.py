"""What each function's zip holds: what its code can come to import, pinned, and no more."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from infra.bundle.build import build, compiled
from infra.bundle.plan import BUNDLES, logical_id
from infra.bundle.trim import trim
from shared.errors import ConfigurationError
from tests.infra.aws.template import functions, resources
from tests.infra.aws.wiring import distributions

ROOT = Path(__file__).parents[2]
RUNTIME = {"boto3", "botocore"}  # Lambda brings them
GROUPS = sorted({bundle.requirements for bundle in BUNDLES.values()})
PIN = re.compile(r"^([a-z0-9.-]+)==(\S+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / "requirements" / f"{name}.txt").read_text("utf-8")))


@pytest.mark.parametrize("group", GROUPS)
def test_a_bundle_asks_for_what_its_functions_import_and_no_more(group: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    asked = {
        re.split(r"[\[<>=]", name)[0] for name in project["dependency-groups"][f"lambda-{group}"]
    }
    needed = {
        name
        for function, bundle in BUNDLES.items()
        if bundle.requirements == group
        for name in distributions(function)
    }
    assert asked == needed - RUNTIME


@pytest.mark.parametrize("group", GROUPS)
def test_a_bundle_has_the_versions_that_were_tested(group: str) -> None:
    own, tested = pins(f"lambda-{group}"), pins("dev")
    assert own
    assert {name: version for name, version in own.items() if tested.get(name) != version} == {}
    assert not RUNTIME & {*own}
    assert (ROOT / f"requirements/lambda-{group}.txt").read_text("utf-8").count("--hash=") >= len(
        own
    )


def test_every_function_has_a_bundle_and_is_named_by_its_folder() -> None:
    found = resources("AWS::Serverless::Function")
    assert {logical_id(name) for name in BUNDLES} == {*found}
    assert {*functions()} == {*BUNDLES}
    for name, properties in functions().items():
        assert properties["Handler"] == f"functions.{name}.handler.handler"
        assert (ROOT / "functions" / name / "handler.py").is_file()


def test_the_lists_can_tell_one_function_from_another() -> None:
    """Else the first test could not fail."""
    assert "pyarrow" in distributions("ingest")
    assert "pyarrow" not in distributions("deliver")
    assert "paramiko" in distributions("drop")
    assert {"paramiko", "cryptography"} & (
        distributions("deliver") | distributions("sync")
    ) == set()
    assert "fastapi" not in distributions("collect")
    assert "sqlglot" in distributions("api")


@pytest.mark.parametrize(("name", "arch"), [("nothing", "arm64"), ("collect", "mips")])
def test_what_cannot_be_built_is_named(name: str, arch: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"collect.*arm64"):
        build(name, arch, tmp_path / "out", tmp_path / "cache")


def test_trimming_takes_what_is_not_run_and_leaves_what_is_linked(tmp_path: Path) -> None:
    gone = [
        "pyarrow/tests/test_array.py",
        "pyarrow/include/arrow/api.h",
        "pyarrow/libarrow_flight.so.2600",
        "pyarrow/libarrow_python.so",
        "pyarrow/libarrow_python.so.2600.1.0",
        "phonenumbers/geodata/data0.py",
        "cffi/api.py",
        "invoke/runners.py",
        "pycparser/c_parser.py",
    ]
    stays = [
        "pyarrow/__init__.py",
        "pyarrow/libarrow_python.so.2600",
        "pyarrow/libarrow_substrait.so.2600",
        "pyarrow/libarrow_s3.so.2600",
        "phonenumbers/data/region_VN.py",
        "powertools.dist-info/METADATA",
        "_cffi_backend.cpython-313-x86_64-linux-gnu.so",
    ]
    for name in (*gone, *stays):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    trim(tmp_path, "none")
    left = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert left == {*stays}


def test_compiled_modules_are_used_whatever_the_times_of_files(tmp_path: Path) -> None:
    (tmp_path / "kept.py").write_text("from pathlib import Path\nvalue = 1\n")
    compiled(tmp_path)
    (tmp_path / "kept.py").write_text("value = 2\n")  # unchecked: the compiled module is what runs
    code = "import kept; print(kept.value, kept.Path.__name__)"
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, '.'); {code}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "Path"]
    (module,) = tmp_path.rglob("*.pyc")
    assert str(tmp_path).encode() not in module.read_bytes()
