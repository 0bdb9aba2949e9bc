"""The formats of files: CSV plain or packed, and Parquet packed within."""

from __future__ import annotations

from collections.abc import Mapping

from audiences.platforms._file_drop_forms import FORMS, Form
from audiences.platforms.base import Setting
from audiences.platforms.sheets import CODECS
from shared.errors import ConfigurationError

COMPRESSION = Setting(
    name="compression",
    says="how files are packed; within a Parquet file, `snappy` too",
    default="none",
    choices=CODECS,
)
FORMAT = Setting(
    name="format",
    says="the format of the files; Parquet only in the bridge's own convention",
    default="csv",
    choices=("csv", "parquet"),
)


def packing(options: Mapping[str, str], form: Form) -> tuple[str, bool]:
    """Return the compression, and whether the files are Parquet.

    Raises:
        ConfigurationError: when no receiver of this convention reads such a file.
    """
    codec = options.get(COMPRESSION.name, COMPRESSION.default).lower()
    parquet = options.get(FORMAT.name, FORMAT.default).lower() == "parquet"
    if parquet and form is not FORMS["bridge"]:
        raise ConfigurationError("'format' cannot be parquet: this convention has text files only")
    if codec == "snappy" and not parquet:
        raise ConfigurationError("'compression' snappy is for format: parquet (use gzip)")
    return codec, parquet
