"""Ctrl-C: a clear word and a code of its own, whenever it comes, and never a traceback."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.local.cli import main
from infra.local.interrupts import INTERRUPTED
from tests.builders import new_workspace, write
from tests.conftest import Answer

ROOT = Path(__file__).parents[2]
WORDS = "stopped; run the same command again to go on\n"


class Torn:
    """What a library was making when Ctrl-C came."""

    def __del__(self) -> None:
        raise AttributeError("half of it is not there")


class Interrupting(io.RawIOBase):
    """Standard input during which Ctrl-C comes, and a library makes its own error of it."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: object) -> int:
        torn = Torn()
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            del torn
            raise ValueError("the scan ended early") from None
        return 0


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Let interrupts be heard, also where a shell without jobs runs the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("machine", [False, True])
def test_an_interrupt_that_a_library_swallows_is_no_fault_of_the_bridge(
    machine: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["bridge", "normalize", "--platform", "meta", "--type", "email"]
    monkeypatch.setattr(sys, "argv", [*words, "--json"] if machine else words)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Interrupting())))
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert (ended.value.code, told.err) == (INTERRUPTED, WORDS)
    if machine:
        assert json.loads(told.out)["error"]["code"] == "interrupted"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_interrupt_ends_a_sync_that_waits_for_its_platform(
    bridge: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    new_workspace(folder, as_of=None)
    monkeypatch.chdir(folder)
    write(tmp_path / "p.csv", [{"email": "ana@example.com", "city": "Hue", "country": "VN"}])
    rule = "name: mine\nof: people\nwhere: {profile: {field: city, is: Hue}}\n"
    (folder / "audiences" / "mine.yaml").write_text(rule)
    assert bridge("ingest", "profiles", tmp_path / "p.csv", "--source", "crm").code == 0
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = folder / "destinations" / "meta-main.yaml"
        port = silent.getsockname()[1]
        place.write_text(place.read_text().replace("127.0.0.1:8900", f"127.0.0.1:{port}"))
        with subprocess.Popen(
            [sys.executable, "-m", "infra.local", "sync", "mine", "meta-main", "--json"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            silent.settimeout(120)
            asked, _ = silent.accept()
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=120)
            asked.close()
    assert process.returncode in (INTERRUPTED, -signal.SIGINT)
    assert "Traceback" not in err
    assert "stopped" in err
    assert not out or json.loads(out)["error"]["code"] == "interrupted"
    # The run goes on where it stopped: nothing of it is lost, and nothing locks the next one.
    again = bridge("sync", "mine", "meta-main", "--dry-run", "--json")
    assert (again.code, json.loads(again.out)["adds"]) == (0, 1)
