"""Memory: an ingest takes as much for a file five times as long."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import new_workspace

ROWS = 300_000
# The first file brings what any ingest takes; the second must not bring much more.
CHILD = """
import resource, sys
from pathlib import Path
from audiences.flows.ingest import ingest_file
from infra.local.runtime import open_workspace
workspace = open_workspace(Path(sys.argv[1]))
for kind, path in zip(sys.argv[2::2], sys.argv[3::2]):
    done = ingest_file(workspace, kind, Path(path), "crm")
    assert done.rows_in == done.kept, done
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
LINES = {
    "profiles": ("external_id,email,city,zone", "{n},user{n}@example.com,City {n},{n}"),
    "events": ("event_id,name,at,email,value", "e{n},order,2026-01-{d},u{n}@example.com,{n}.50"),
    "sightings": ("id_type,id,seen_at,traits", "cookie,c{n},2026-10-{d},shoes|hats|{n}"),
}


@pytest.mark.parametrize("kind", LINES)
def test_a_longer_file_takes_no_more_memory(tmp_path: Path, kind: str) -> None:
    new_workspace(tmp_path / "w")
    header, line = LINES[kind]
    paths = []
    for name, count in (("short", ROWS // 5), ("long", ROWS)):
        paths.append(tmp_path / f"{name}.csv")
        with paths[-1].open("w") as file:
            file.write(f"{header}\n")
            file.writelines(
                line.format(n=f"{name}{n}" if "{n}.50" not in line else n, d=f"{n % 25 + 4:02d}")
                + "\n"
                for n in range(count)
            )
    words = [word for path in paths for word in (kind, str(path))]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "w"), *words],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=180,
    )
    short, long = map(int, done.stdout.split())
    print(kind, short, long)
    assert long < 1_000, "megabytes"
    assert long - short < 300
