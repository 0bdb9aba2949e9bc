"""What a light function costs to import, against boto3 in the same run; in the processor's time."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache

import pytest

from tests.infra.stack import ROOT

RUNS = 5
# boto3 takes 574 ms where collect, sync, deliver and drop may take 400, and the API 900.
MOST = dict.fromkeys(("collect", "sync", "deliver", "drop"), 400 / 574) | {"api": 900 / 574}
HEAVY = {"pyarrow", "duckdb", "boto3", "sqlglot", "pandas", "numpy", "aws_xray_sdk", "paramiko"}


@cache
def seconds(module: str) -> float:
    """The least processor time of some imports, each in a new process."""
    return min(_once(module) for _ in range(RUNS))


def _once(module: str) -> float:
    before = os.times()
    subprocess.run([sys.executable, "-c", f"import {module}"], cwd=ROOT, check=True)
    after = os.times()
    spent = (after.children_user, after.children_system)
    return sum(spent) - before.children_user - before.children_system


@pytest.mark.parametrize("name", sorted(MOST))
def test_a_light_function_starts_fast(name: str) -> None:
    ratio = seconds(f"functions.{name}.handler") / seconds("boto3")
    assert ratio < MOST[name], f"{ratio:.2f} times what boto3 takes"


@pytest.mark.parametrize("name", sorted(MOST))
def test_a_light_function_loads_nothing_heavy(name: str) -> None:
    code = (
        f"import sys, functions.{name}.handler;"
        "print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert HEAVY & {*done.stdout.split()} == set()


def test_what_a_light_function_does_reaches_no_engine() -> None:
    """Also what is imported at the first call: platforms, the orchestration, the durable steps."""
    code = (
        "import sys, functions.deliver.handler, functions.sync.run;"
        "from functions import _runtime; from audiences.platforms import MODULES, platform;"
        "[platform(slug) for slug in MODULES];"
        "import shared.aws.kv, shared.aws.store, shared.aws.secrets, shared.requests_http;"
        "print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {*done.stdout.split()}
    assert "boto3" in loaded
    assert {"pyarrow", "duckdb", "paramiko"} & loaded == set()
