"""Measures identifiers: people a second, right digests and memory, beside the vendors' libraries.

    python -m tests.bench.identifiers                   5 million people
    python -m tests.bench.identifiers --people 200000   a quick look

All lanes work on one generated file in one run, each in a process of its own. The slow ones, which
are the vendors' libraries, take its first rows; a digest is right where it is that of what the
person meant, and where nothing is sent of what nobody can use.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.bench.people import FIELDS, write_people

PEERS = Path(".venv/bench/bin/python")
BATCH = 1 << 17
SEED = 20261126
# The lane, how the table calls it, and whose rules say what is right.
LANES = {
    "bare": ("DuckDB `sha256(lower(trim(x)))`, the limit", "meta"),
    "meta": ("**Audience Bridge**, Meta's pack", "meta"),
    "google": ("**Audience Bridge**, Google's pack", "google"),
    "plain": ("plain Python with `phonenumbers`", "meta"),
    "peer-facebook": ("`facebook-business`", "meta"),
    "peer-google": ("`google-ads-datamanager-util`", "google"),
}
_BARE = ", ".join(f"sha256(lower(trim({name}))) AS {name}" for name in FIELDS)


def meant_sql(rules: str) -> str:
    """Return SQL for what each field must become, written down anew from the vendor's page."""
    phone = "substr(meant_phone, 2)" if rules == "meta" else "meant_phone"
    first, last = "sha256(meant_first_name)", "sha256(meant_last_name)"
    hashed = f"sha256(meant_email), sha256({phone}), {first}, {last}"
    if rules == "meta":
        return f"{hashed}, sha256(meant_zip), sha256(meant_country)"
    return f"{hashed}, trim(zip, ' \t'), upper(meant_country)"


def batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the file's people as they are written, some at a time."""
    return pq.ParquetFile(path).iter_batches(BATCH, columns=list(FIELDS))


def sent(rules: str, batch: pa.RecordBatch) -> list[pa.Array]:
    """Return what the bridge sends of each field."""
    from audiences.identifiers.packs import pack
    from audiences.identifiers.sent_columns import sent_column

    pack_of = pack(rules)
    lands = batch.column("country")
    return [sent_column(pack_of, name, batch.column(name), lands).sent for name in FIELDS]


def ours(rules: str, path: Path) -> Iterator[list[pa.Array]]:
    """Yield what the bridge sends, in order, with one thread for each core."""
    cores = os.cpu_count() or 1
    sys.setswitchinterval(0.0005)  # a thread between two kernels waits for another's Python code
    with ThreadPoolExecutor(cores) as pool:
        waiting: deque[Future[list[pa.Array]]] = deque()
        for batch in batches(path):
            waiting.append(pool.submit(sent, rules, batch))
            if len(waiting) > cores:
                yield waiting.popleft().result()
        for one in waiting:
            yield one.result()


def bare(path: Path) -> Iterator[list[pa.Array]]:
    """Yield what the least that must be done makes of the same columns."""
    with duckdb.connect(":memory:") as con:
        for batch in con.sql(f"SELECT {_BARE} FROM '{path}'").to_arrow_reader(BATCH):
            yield batch.columns


def lane(name: str, path: Path) -> dict[str, Any]:
    """Do one lane's work on the clock, in this process."""
    work = bare(path) if name == "bare" else ours(name, path)
    wall, cpu = time.perf_counter(), time.process_time()
    rows = sum(len(columns[0]) for columns in work)
    told = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    status = Path("/proc/self/status").read_text("utf-8")
    return told | {"rows": rows, "mb": int(status.partition("VmHWM:")[2].split()[0]) // 1024}


def right(name: str, path: Path, made: Iterator[list[pa.Array]]) -> float:
    """Return the share of fields that are what they must be, row by row over the file."""
    with duckdb.connect(":memory:") as con:
        wanted = con.sql(f"SELECT {meant_sql(LANES[name][1])} FROM '{path}'").to_arrow_table()
    at = good = count = 0
    for columns in made:
        for place, column in enumerate(columns):
            want = wanted.column(place).slice(at, len(column)).combine_chunks()
            same = pc.or_(
                pc.fill_null(pc.equal(column.cast(pa.string()), want.cast(pa.string())), False),
                pc.and_(pc.is_null(column), pc.is_null(want)),
            )
            good += pc.sum(same).as_py()
            count += len(column)
        at += len(columns[0])
    return good / count


def peer(name: str, path: Path, sample: int) -> dict[str, Any]:
    """Let a vendor's library do the same in the venv that has it, on the file's first rows."""
    rows = pq.ParquetFile(path).iter_batches(sample, columns=list(FIELDS))
    columns = next(rows).to_pydict()
    text = "".join(json.dumps(row) + "\n" for row in zip(*columns.values(), strict=True))
    command = [PEERS, Path(__file__).with_name("peers.py"), name.removeprefix("peer-")]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    *lines, last = done.stdout.splitlines()
    parts = zip(*map(json.loads, lines), strict=True)
    made = [pa.array(part, pa.string()) for part in parts]
    told: dict[str, Any] = json.loads(last)
    return told | {"rows": len(lines), "mb": 0, "right": right(name, path, iter([made]))}


def measured(name: str, path: Path, sample: int) -> dict[str, Any]:
    """Measure one lane in a process of its own, then see what of it is right."""
    if name in {"plain", "peer-facebook", "peer-google"}:
        return peer(name, path, sample)
    command = [sys.executable, "-m", __spec__.name, "--lane", name, "--file", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    made = bare(path) if name == "bare" else ours(name, path)
    return told | {"right": right(name, path, made)}


def show(people: int, sample: int, found: dict[str, dict[str, Any]]) -> None:
    """Print the table."""
    speed = {name: one["rows"] / one["seconds"] for name, one in found.items()}
    cores = os.cpu_count()
    print(f"\n{platform.machine()}, {cores} cores, Python {platform.python_version()};", end=" ")
    print(f"{people:,} people, the libraries on the first {sample:,}\n")
    print("| | people a second | of the limit | beside plain Python | processor, µs a person "
          "| right | peak memory |")  # fmt: skip
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, one in found.items():
        memory = f"{one['mb']:,} MB" if one["mb"] else ""
        print(
            f"| {LANES[name][0]} | {speed[name]:,.0f} | {speed[name] / speed['bare']:.0%} "
            f"| {speed[name] / speed['plain']:.1f}x | {one['cpu'] / one['rows'] * 1e6:.2f} "
            f"| {one['right'] * 100:.4g} % | {memory} |"
        )


def main() -> None:
    """Make the file, measure every lane, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=5_000_000)
    parser.add_argument("--sample", type=int, default=100_000)
    parser.add_argument("--lane", choices=LANES)
    parser.add_argument("--file", type=Path)
    asked = parser.parse_args()
    if asked.lane:
        print(json.dumps(lane(asked.lane, asked.file)))
        return
    with tempfile.TemporaryDirectory(prefix="bridge-bench-") as folder:
        path = asked.file or Path(folder) / "people.parquet"
        if not path.is_file():
            began = time.perf_counter()
            write_people(path, asked.people, SEED)
            print(f"wrote {asked.people:,} people in {time.perf_counter() - began:.0f} s")
        people = pq.ParquetFile(path).metadata.num_rows
        found = {}
        for name in LANES:
            found[name] = measured(name, path, min(asked.sample, people))
            print(json.dumps({name: found[name]}), flush=True)
    show(people, min(asked.sample, people), found)


if __name__ == "__main__":
    main()
