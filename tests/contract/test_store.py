"""Every store keeps the same promises: the one on disk, the one on S3, and the fake."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from infra.local.store import FileStore
from shared.aws.store import connect
from shared.errors import ConfigurationError
from shared.ports import Store
from tests.fakes import MemoryStore


@pytest.fixture(params=["file", "s3", "s3-root", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    match request.param:
        case "file":
            return FileStore(tmp_path / "lake")
        case "memory":
            return MemoryStore()
        case kind:
            bucket = request.getfixturevalue("bucket")
            prefix = "/some/lake" if kind == "s3" else ""
            return connect(f"s3://{bucket}{prefix}", request.getfixturevalue("endpoint"))


def keys(store: Store, prefix: str = "") -> list[str]:
    return [file.key for file in store.list(prefix)]


def test_a_file_comes_back_as_it_was_put(store: Store) -> None:
    assert store.get("a/b.bin") is None
    assert store.put("a/b.bin", b"\x00one")
    assert store.get("a/b.bin") == b"\x00one"
    assert store.put("a/b.bin", b"two")
    assert store.get("a/b.bin") == b"two"
    assert store.put("empty", b"")
    assert store.get("empty") == b""


def test_if_absent_changes_nothing_when_it_exists(store: Store) -> None:
    assert store.put("m.json", b"first", if_absent=True)
    assert not store.put("m.json", b"second", if_absent=True)
    assert store.get("m.json") == b"first"
    store.delete(["m.json"])
    assert store.put("m.json", b"third", if_absent=True)


def test_of_many_writers_if_absent_lets_one_win(store: Store) -> None:
    won: list[int] = []
    start = threading.Barrier(8)

    def write(number: int) -> None:
        start.wait()
        if store.put("one/winner", str(number).encode() * 1000, if_absent=True):
            won.append(number)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert store.get("one/winner") == str(won[0]).encode() * 1000


def test_upload_moves_a_file_and_replaces(store: Store, tmp_path: Path) -> None:
    for content in (b"one", b"two"):
        local = tmp_path / "part.parquet"
        local.write_bytes(content)
        store.upload(local, "t/source=crm/x.parquet")
        assert store.get("t/source=crm/x.parquet") == content
        assert not local.exists()


def test_upload_if_absent_lets_one_win_and_the_others_keep_their_file(
    store: Store, tmp_path: Path
) -> None:
    files = [tmp_path / f"{number}.parquet" for number in range(6)]
    for number, path in enumerate(files):
        path.write_bytes(str(number).encode() * 1000)
    won: list[int] = []
    start = threading.Barrier(len(files))

    def write(number: int) -> None:
        start.wait()
        if store.upload(files[number], "t/one.parquet", if_absent=True):
            won.append(number)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(len(files))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert store.get("t/one.parquet") == str(won[0]).encode() * 1000
    assert [path.exists() for path in files] == [n not in won for n in range(len(files))]


def test_list_is_in_the_order_of_keys(store: Store) -> None:
    names = ["a/b", "a-b", "a.b", "a/b/c", "a0", "a/", "b", "é/x", "a/z=1/y", "a/z/y"]
    names = [n for n in names if not n.endswith("/") and n != "a/b"]
    for name in names:
        store.put(name, name.encode())
    assert keys(store) == sorted(names)
    assert keys(store, "a") == sorted(n for n in names if n.startswith("a"))
    assert keys(store, "a/") == ["a/b/c", "a/z/y", "a/z=1/y"]
    assert keys(store, "a/z") == ["a/z/y", "a/z=1/y"]
    assert keys(store, "none/") == []
    assert [f.size for f in store.list("é")] == [len("é/x".encode())]


def test_list_may_be_deleted_from_while_it_runs(store: Store) -> None:
    for number in range(5):
        store.put(f"d/{number}", b"x")
    for file in store.list("d/"):
        store.delete([file.key])
    assert keys(store) == []


def test_delete_takes_many_and_misses_none(store: Store) -> None:
    names = [f"day={n % 7}/{n}" for n in range(20)]
    for name in names:
        store.put(name, b"x")
    store.put("day=1/keep", b"x")
    store.delete([*names, "not/there", "day=1/keep/deeper"])
    assert keys(store) == ["day=1/keep"]
    store.delete([])


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../x",
        "a//b",
        "a/",
        "./a",
        "a\\b",
        "a\0b",
        ".tmp/x",
        "a/" * 600,
    ],
)
def test_a_key_cannot_leave_the_root(store: Store, key: str) -> None:
    for use in (
        lambda: store.put(key, b"x"),
        lambda: store.get(key),
        lambda: store.delete([key]),
        lambda: store.upload(Path(__file__), key),
    ):
        with pytest.raises(ConfigurationError):
            use()
    assert keys(store) == []
