"""Memory: what an ingest takes does not follow the length of the file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audiences.ingest.raw import BATCH_ROWS
from tests.builders import new_workspace

BATCHES = 8
CHILD = """
import sys
from pathlib import Path
from audiences.flows.ingest import ingest_file
from infra.local.runtime import open_workspace

def peak(*_):
    # Not ru_maxrss, which remembers the process that this one was forked from.
    status = Path("/proc/self/status").read_text()
    print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)

workspace = open_workspace(Path(sys.argv[1]), progress=peak)
peak()
done = ingest_file(workspace, sys.argv[2], Path(sys.argv[3]), "crm")
assert done.rows_in == done.kept, done
peak()
"""
LINES = {
    "profiles": ("external_id,email,city,zone", "{n},user{n}@example.com,City {n},{n}"),
    "sightings": ("id_type,id,seen_at,traits", "cookie,c{n},2026-10-{d},shoes|hats|{n}"),
}


@pytest.mark.parametrize("kind", LINES)
def test_a_longer_file_takes_no_more_memory(tmp_path: Path, kind: str) -> None:
    """The peak after two batches is nearly that of the whole file, and far below 2 GB."""
    new_workspace(tmp_path / "w")
    header, line = LINES[kind]
    path = tmp_path / "x.csv"
    with path.open("w") as file:
        file.write(f"{header}\n")
        rows = BATCHES * BATCH_ROWS
        file.writelines(line.format(n=n, d=f"{n % 25 + 4:02d}") + "\n" for n in range(rows))
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "w"), kind, str(path)],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=180,
    )
    assert done.stderr == b""
    before, *batches, after = map(int, done.stdout.split())
    assert len(batches) > 2
    assert after - before < 650, "megabytes"
    assert after - batches[1] < 300, done.stdout
