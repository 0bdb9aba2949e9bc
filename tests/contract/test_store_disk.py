"""What the store on disk promises beyond the contract: privacy, links, crashes, races."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.store import FileStore, open_store
from shared.errors import ConfigurationError, IntegrityError
from shared.ports import Store
from shared.settings import Settings


def keys(store: Store, prefix: str = "") -> list[str]:
    return [file.key for file in store.list(prefix)]


def test_a_url_opens_the_same_files_again(tmp_path: Path) -> None:
    first = FileStore(tmp_path / "with space")
    first.put("a", b"x")
    assert first.url == (tmp_path / "with space").as_uri()
    assert FileStore(first.url).get("a") == b"x"
    settings = Settings(folder=tmp_path, name="w", lake=first.url, secret="env:X")
    assert open_store(settings).get("a") == b"x"


def test_files_on_disk_are_for_their_owner_only(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "lake")
    part = tmp_path / "part"
    part.write_bytes(b"x")
    part.chmod(0o644)
    store.put("a/b", b"x")
    store.upload(part, "a/c")
    modes = {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "lake").rglob("[abc]")}
    assert modes == {"a": 0o700, "b": 0o600, "c": 0o600}


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    store = FileStore(tmp_path / "lake")
    store.put("t/a", b"x")
    (tmp_path / "lake/t/out").symlink_to(outside)
    (tmp_path / "lake/t/file").symlink_to(outside / "secret")
    for key in ("t/out/secret", "t/file"):
        with pytest.raises(IntegrityError, match="symbolic link"):
            store.get(key)
    with pytest.raises(IntegrityError):
        store.put("t/out/new", b"x")
    with pytest.raises(IntegrityError):
        store.delete(["t/out/secret"])
    with pytest.raises(IntegrityError):
        keys(store, "t/out/")
    assert keys(store) == ["t/a"]
    assert sorted(p.name for p in outside.iterdir()) == ["secret"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="file/lake"):
        FileStore(tmp_path / "file" / "lake").put("a", b"x")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir(mode=0o500)
    store = FileStore(tmp_path / "lake")
    assert keys(store) == []
    with pytest.raises(ConfigurationError, match="lake"):
        store.put("a", b"x")


KILLED = """
import os, sys
from infra.local.store import FileStore
store = FileStore(sys.argv[1])
os.link = lambda *_: os._exit(9)
store.put("a/manifest.json", b"x" * 1000, if_absent=True)
"""


def test_a_killed_writer_leaves_no_file_and_no_rest(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=root, check=False)
    assert done.returncode == 9
    left = list((tmp_path / ".tmp").iterdir())
    assert len(left) == 1
    mine = tmp_path / ".tmp" / left[0].name.replace(left[0].name.split("-")[-2], str(os.getpid()))
    mine.write_bytes(b"still being written")
    store = FileStore(tmp_path)
    assert keys(store) == []
    assert store.get("a/manifest.json") is None
    assert list((tmp_path / ".tmp").iterdir()) == [mine]


def _race(root: str, number: int) -> None:
    store = FileStore(root)
    for step in range(40):
        store.put(f"day={step % 3}/{number}", b"x")
        store.delete([f"day={step % 3}/{number}"])
    store.put(f"end/{number}", b"x")


def test_processes_may_empty_and_fill_one_folder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_race, args=(str(tmp_path), n)) for n in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [p.exitcode for p in processes] == [0, 0]
    assert keys(FileStore(tmp_path)) == ["end/0", "end/1"]


def test_what_is_no_folder_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        FileStore("file://otherhost/x")
    with pytest.raises(ConfigurationError):
        FileStore("s3://bucket")
