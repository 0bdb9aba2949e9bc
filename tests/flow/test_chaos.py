"""Sync under chaos: killed at any moment, with faults on, it always comes to the same end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.flow.chaos_break import BREAKS
from tests.flow.chaos_world import ROUND_AFTER

ROOT = Path(__file__).parents[2]


def chaos(*words: str) -> tuple[int, str]:
    """Run the suite in a process of its own, because a process with threads must not be forked."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.flow.chaos", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
