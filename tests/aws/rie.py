"""One built bundle as Lambda runs it: the real Runtime Interface Emulator, and nothing of ours."""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ARCH = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
BUILT = ROOT / ".aws-sam" / ARCH
_EMULATOR = next(ROOT.glob(".venv-deploy/lib/python*/site-packages/samcli/local/rapid"), ROOT)
RIE = _EMULATOR / f"aws-lambda-rie-{ARCH}"
PYTHON = ROOT / ".venv-emulator" / "bin" / "python"
# Of the emulator's packages these stand for Lambda's runtime; the bundle comes before them.
_RUNTIME = (
    "awslambdaric*", "boto3", "botocore", "dateutil", "jmespath", "runtime_client*", "s3transfer",
    "simplejson", "six.py", "snapshot_restore_py", "urllib3",
)  # fmt: skip
_START = """
import sys
sys.path[:0] = [{bundle!r}]
sys.path.append({runtime!r})
"""


def runtime(folder: Path) -> Path:
    """Make a folder with what Lambda's runtime brings, and nothing else."""
    packages = next(ROOT.glob(".venv-emulator/lib/python*/site-packages"))
    for pattern in _RUNTIME:
        for found in packages.glob(pattern):
            if not (folder / found.name).exists():
                (folder / found.name).symlink_to(found)
    return folder


def isolated(bundle: Path, brought: Path, code: str) -> list[str]:
    """Return the command that runs code with a bundle and the runtime's packages only."""
    start = _START.format(bundle=str(bundle), runtime=str(brought))
    # -I: no variables and no folder of ours; -S: no packages of the machine.
    return [str(PYTHON), "-I", "-S", "-c", start + code]


@dataclass(frozen=True, slots=True)
class Running:
    """A function that is up."""

    url: str
    pid: int

    def call(self, event: Any, seconds: float = 120) -> Any:
        """Send an event and return the answer."""
        path = f"{self.url}/2015-03-31/functions/function/invocations"
        with urllib.request.urlopen(path, json.dumps(event).encode(), seconds) as answer:  # noqa: S310
            return json.loads(answer.read())

    def peak(self) -> float:
        """Return the most memory that the function's process has had, in megabytes."""
        threads = Path(f"/proc/{self.pid}/task").glob("*/children")
        (child,) = (pid for thread in threads for pid in thread.read_text().split())
        status = Path(f"/proc/{child}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@contextmanager
def started(
    function: str, brought: Path, environment: Mapping[str, str], log: Path
) -> Iterator[Running]:
    """Start a function's bundle under the emulator."""
    ports = [free_port(), free_port()]
    code = (
        "from awslambdaric.__main__ import main\n"
        f"main(['awslambdaric', 'functions.{function}.handler.handler'])"
    )
    bundle = BUILT / f"{function.capitalize()}Function"
    words = [str(RIE), "--runtime-interface-emulator-address", f"127.0.0.1:{ports[0]}"]
    words += ["--runtime-api-address", f"127.0.0.1:{ports[1]}", *isolated(bundle, brought, code)]
    full = {"PATH": os.environ["PATH"], "LAMBDA_TASK_ROOT": str(bundle), **environment}
    full |= {"AWS_LAMBDA_FUNCTION_TIMEOUT": "900", "AWS_LAMBDA_FUNCTION_NAME": function}
    with log.open("wb") as out:
        process = subprocess.Popen(words, env=full, stdout=out, stderr=out, cwd=bundle)
        try:
            _wait(ports[0], process)
            yield Running(f"http://127.0.0.1:{ports[0]}", process.pid)
        finally:
            process.terminate()
            process.wait(10)


def free_port() -> int:
    """Find a port of the loopback that nobody uses."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise AssertionError("the emulator has ended")
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the emulator does not come up")
