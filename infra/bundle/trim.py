"""Takes out of installed packages what no function of ours runs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

# lib.so links libarrow_substrait, and S3FileSystem is how the lake is read: both stay.
_NOT_RUN = (
    "*.dist-info/RECORD",
    "*.dist-info/direct_url.json",
    "**/__pycache__",
    "**/*.pxd",
    "**/*.pxi",
    "**/*.pyi",
    "**/*.pyx",
    "aws_lambda_powertools/event_handler/openapi/swagger_ui",  # routes are not Powertools's
    "aws_lambda_powertools/utilities/auth_alpha",
    "aws_lambda_powertools/utilities/circuit_breaker",
    "aws_lambda_powertools/utilities/data_masking",
    "aws_lambda_powertools/utilities/feature_flags",
    "aws_lambda_powertools/utilities/kafka",
    "aws_lambda_powertools/utilities/streaming",
    "bin",
    "cffi",  # of which cryptography loads `_cffi_backend` alone
    "duckdb/experimental",
    "invoke",  # for commands in SSH's own configuration, which paramiko reads without it, too
    "phonenumbers/carrierdata",
    "phonenumbers/geodata",
    "phonenumbers/tzdata",
    "pycparser",
    "pydantic/v1",  # FastAPI looks for it only where it is there
    "pyarrow/_azurefs*",
    "pyarrow/_dataset_orc*",
    "pyarrow/_dataset_parquet_encryption*",
    "pyarrow/_flight*",
    "pyarrow/_gcsfs*",
    "pyarrow/_hdfs*",
    "pyarrow/_orc*",
    "pyarrow/_parquet_encryption*",
    "pyarrow/include",
    "pyarrow/includes",
    "pyarrow/libarrow_flight*",
    "pyarrow/src",
    "pyarrow/tests",
    "sqlglot/executor",
)
_STRIPS = {"x86_64": ("strip",), "arm64": ("aarch64-linux-gnu-strip", "llvm-strip")}


def trim(folder: Path, arch: str) -> None:
    """Remove what is not run, and the symbols of libraries where a tool for them is at hand."""
    for pattern in _NOT_RUN:
        for path in list(folder.glob(pattern)):
            _remove(path)
    _one_name_each(folder.glob("pyarrow/libarrow_python*"))
    strip = next((at for name in _STRIPS.get(arch, ()) if (at := shutil.which(name))), None)
    libraries = sorted(path for path in folder.rglob("*.so*") if path.is_file())
    if strip and libraries:
        subprocess.run([strip, "--strip-unneeded", *libraries], check=True)  # noqa: S603 - our files


def _one_name_each(libraries: Iterable[Path]) -> None:
    """Keep of a library that a wheel ships under several names the one that others link."""
    by_name: dict[str, list[Path]] = {}
    for path in libraries:
        by_name.setdefault(path.name.partition(".so")[0], []).append(path)
    for copies in by_name.values():
        linked = [path for path in copies if path.name.rpartition(".so.")[2].isdigit()]
        for path in copies:
            if linked and path not in linked:
                path.unlink()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()
