"""A workspace on this machine: what `init` writes, who holds a lock, what the killed leave."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from audiences.flows import load
from infra.local.commands.init import make_workspace
from infra.local.runtime import open_workspace
from shared.errors import ConfigurationError, RetryableError
from tests.builders import new_workspace


def test_a_new_workspace_opens_and_its_examples_are_right(tmp_path: Path) -> None:
    folder = tmp_path / "Été & Söhne — 2026"
    files = make_workspace(folder)
    workspace = open_workspace(folder)
    assert workspace.settings.name == "t----s-hne---2026"
    assert len(load.audiences(workspace)) >= 5
    for name in workspace.destinations:
        load.destination(workspace, name)
    assert all((folder / file).is_file() for file in files)
    secret = folder / ".bridge" / "secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(secret.parent.stat().st_mode) == 0o700
    assert len(secret.read_text().strip()) == 64


def test_what_a_folder_holds_already_stays(tmp_path: Path) -> None:
    mine = tmp_path / "audiences" / "lapsed-vips.yaml"
    mine.parent.mkdir()
    mine.write_text("mine")
    made = make_workspace(tmp_path)
    assert mine.read_text() == "mine"
    assert "audiences/lapsed-vips.yaml" not in made
    with pytest.raises(ConfigurationError, match="is a workspace already"):
        make_workspace(tmp_path)


def test_two_workspaces_have_different_secrets(tmp_path: Path) -> None:
    for name in "ab":
        make_workspace(tmp_path / name)
    secrets = {(tmp_path / name / ".bridge/secret").read_text() for name in "ab"}
    assert len(secrets) == 2


def test_a_lock_has_one_holder_and_leaves_nothing(tmp_path: Path) -> None:
    first, second = new_workspace(tmp_path / "w"), new_workspace(tmp_path / "w")
    told = pytest.raises(RetryableError, match="another process is at work on sync/a")
    with first.lock("sync/a"), second.lock("sync/b"), told:
        second.lock("sync/a").__enter__()
    with second.lock("sync/a"):
        pass
    assert list((tmp_path / "w/.bridge/locks").iterdir()) == []


def test_of_many_at_one_lock_never_two_hold_it(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path / "w")
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        held = 0
        while held < 25:
            try:
                with workspace.lock("one"):
                    inside.append(number)
                    most.append(len(inside))
                    inside.remove(number)
                    held += 1
            except RetryableError:
                continue

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(most) == 100
    assert max(most) == 1


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    new_workspace(tmp_path / "w")
    code = (
        "import os, signal, sys; from pathlib import Path;"
        "from infra.local.runtime import open_workspace;"
        "w = open_workspace(Path(sys.argv[1])); w.lock('one').__enter__();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", code, str(tmp_path / "w")]
    done = subprocess.run(command, check=False, env={**os.environ, "PYTHONPATH": root})
    assert done.returncode == -9
    with new_workspace(tmp_path / "w").lock("one"):
        pass


def test_what_dead_processes_had_in_work_is_removed(tmp_path: Path) -> None:
    new_workspace(tmp_path / "w")
    scratch = tmp_path / "w" / ".bridge" / "scratch"
    host, dead = socket.gethostname(), subprocess.Popen(["true"])  # noqa: S607
    dead.wait()
    names = {
        f"{host}-{dead.pid}": False,
        f"{host}-{os.getppid()}": True,
        f"elsewhere-{dead.pid}": True,
    }
    for name in names:
        (scratch / name / "commit-x").mkdir(parents=True)
        (scratch / name / "commit-x" / "0.parquet").write_text("personal")
    new_workspace(tmp_path / "w")
    assert {name: (scratch / name).exists() for name in names} == names
