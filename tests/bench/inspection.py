"""Measures `bridge inspect` on generated lists: seconds, CPU and peak memory at two sizes.

    python -m tests.bench.inspection                  10 million rows beside 1 million
    python -m tests.bench.inspection --rows 1000000   a quick look

The Parquet file is one row group, the worst case for a reader; the faults in it are counted.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

RUN = "from infra.local.cli import main; main()"
PLANTED = {"empty_hash": 7, "upper_case_hex": 9, "raw_email": 11, "double_hash": 13}
_STEP = 100_000  # one of each fault in so many rows
_LIST = f"""
    SELECT CASE i % {_STEP} WHEN 7 THEN sha256('') WHEN 9 THEN upper(sha256('p' || i || '@x.com'))
        WHEN 11 THEN 'p' || i || '@x.com' WHEN 13 THEN sha256(sha256('p' || (i - 1) || '@x.com'))
        WHEN 17 THEN sha256('p0@x.com') ELSE sha256('p' || i || '@x.com') END AS email_sha256
    FROM range($rows) t(i)"""


def generate(path: Path, rows: int) -> None:
    """Write a list with one of each planted fault in 100,000 rows."""
    how = f"FORMAT parquet, ROW_GROUP_SIZE {rows}" if path.suffix == ".parquet" else "FORMAT csv"
    with duckdb.connect() as con:
        con.execute("SET enable_progress_bar = false")
        con.execute(f"COPY ({_LIST}) TO '{path}' ({how})", {"rows": rows})


def measure(path: Path, rows: int) -> dict[str, Any]:
    """Inspect a list in a process of its own; check the counts; return what it took."""
    command = [sys.executable, "-c", RUN, "inspect", str(path), "--json"]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.read())
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
    counts = {one["code"]: one["rows"] for one in told["columns"][0]["findings"]}
    wanted = dict.fromkeys((*PLANTED, "duplicates"), rows // _STEP)
    assert counts == wanted, (counts, wanted)
    return {
        "seconds": time.perf_counter() - began,
        "cpu": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss // 1024,
    }


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = parser.parse_args().rows
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| list | rows | seconds | processor | peak memory |\n|---|---:|---:|---:|---:|")
    for suffix in (".parquet", ".csv"):
        for size in (rows // 10, rows):
            with tempfile.TemporaryDirectory(prefix="bridge-bench-") as folder:
                path = Path(folder) / f"list{suffix}"
                # In a process of its own: a child's peak begins with its parent's.
                maker = multiprocessing.get_context("spawn").Process(
                    target=generate, args=(path, size)
                )
                maker.start()
                maker.join()
                took = measure(path, size)
            told = f"{took['seconds']:.1f} s | {took['cpu']:.1f} s | {took['peak_mb']:,} MB"
            print(f"| {suffix[1:]} | {size:,} | {told} |", flush=True)


if __name__ == "__main__":
    main()
