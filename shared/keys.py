"""Keys of stored files: which texts may be one, so that no key can leave its root."""

from __future__ import annotations

import re

from shared.errors import ConfigurationError
from shared.redact import shape

_PART = re.compile(r"[^\x00-\x1f\x7f/\\]{1,255}")
MAX_LENGTH = 1_024  # S3's limit, in bytes


def check(key: str) -> str:
    """Return the key when it is a relative path of plain parts, such as `links/day=1/x.parquet`.

    Raises:
        ConfigurationError: when it is empty, absolute, too long, or climbs out with `..`.

    """
    parts = key.split("/")
    plain = all(_PART.fullmatch(part) and not part.startswith(".") for part in parts)
    if not plain or len(key.encode("utf-8", "replace")) > MAX_LENGTH:
        raise ConfigurationError(f"{shape(key)!r} (its shape) cannot be the name of a stored file")
    return key
