"""Makes the folder that becomes a function's zip: pinned wheels, our code, compiled modules."""

from __future__ import annotations

import compileall
import py_compile
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from infra.bundle.plan import BUNDLES, MEGABYTE, Bundle
from infra.bundle.trim import trim
from shared.errors import BridgeError, ConfigurationError

ROOT = Path(__file__).parents[2]
PYTHON = (3, 13)  # what the functions run on; compiled modules fit no other
OURS = ("audiences", "functions", "shared")
_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
_GLIBCS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")  # Amazon Linux 2023 has 2.34


class BuildError(BridgeError):
    """A bundle cannot be built; the message says what is in the way."""

    code = "build"


def build(name: str, arch: str, out: Path, cache: Path) -> int:
    """Write a function's bundle for an architecture into a folder; return its bytes.

    Raises:
        ConfigurationError: for an unknown function or architecture, or another Python.
        BuildError: when a package cannot be had, or the bundle is over its limit.
    """
    if name not in BUNDLES or arch not in _MACHINES:
        known = f"functions: {', '.join(sorted(BUNDLES))}; architectures: {', '.join(_MACHINES)}"
        raise ConfigurationError(f"there is no bundle of that name ({known})")
    if sys.version_info[:2] != PYTHON:
        wanted = ".".join(map(str, PYTHON))
        raise ConfigurationError(f"bundles are compiled for Python {wanted}: build them with it")
    bundle = BUNDLES[name]
    packages = _packages(bundle, arch, cache)
    shutil.copytree(packages, out, dirs_exist_ok=True)
    for folder in OURS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, out / folder, ignore=ignored, dirs_exist_ok=True)
        compiled(out / folder, folder)
    return _weighed(out, name, bundle)


def _packages(bundle: Bundle, arch: str, cache: Path) -> Path:
    """Install and trim the packages of a requirement file once, and return where they are."""
    pins = ROOT / bundle.file
    recipe = pins.read_bytes() + Path(__file__).with_name("trim.py").read_bytes()
    done = cache / f"{bundle.requirements}-{arch}-{sha256(recipe).hexdigest()[:16]}"
    if done.is_dir():
        return done
    cache.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=cache))
    try:
        _install(pins, arch, work)
        trim(work, arch)
        compiled(work)
        work.rename(done)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return done


def _install(pins: Path, arch: str, out: Path) -> None:
    machine = _MACHINES[arch]
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    command += ["--require-hashes", "--no-deps", "--no-compile", "--only-binary=:all:"]
    command += [f"--platform={glibc}_{machine}" for glibc in _GLIBCS]
    command += ["--implementation=cp", f"--python-version={PYTHON[0]}.{PYTHON[1]}"]
    command += [f"--target={out}", f"--requirement={pins}"]
    if subprocess.run(command, check=False, stdout=sys.stderr).returncode:  # noqa: S603 - ours
        raise BuildError(f"pip cannot install {pins.name} for {arch}: see its message above")


def compiled(folder: Path, below: str = "") -> None:
    """Compile every module so that Lambda, whose disk is read-only, need not at each cold start.

    Raises:
        BuildError: when a module cannot be compiled.
    """
    # The stamp of a file's time does not outlive a zip; an unchecked hash does.
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    done = compileall.compile_dir(
        folder,
        quiet=2,
        # The path that tracebacks show must not be that of the machine where it was built.
        stripdir=str(folder),
        prependdir=f"/var/task/{below}",
        invalidation_mode=mode,
    )
    if not done:
        raise BuildError("a module cannot be compiled")


def _weighed(out: Path, name: str, bundle: Bundle) -> int:
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    if size > bundle.limit * MEGABYTE:
        message = f"{name} is {size / MEGABYTE:.1f} MB unzipped, over its {bundle.limit} MB"
        raise BuildError(message)
    return size
