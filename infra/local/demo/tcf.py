"""A minimal TCF string, as a consent banner of the shop would store it."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import datetime
from functools import cache

_PURPOSES = 11
_LAST_VENDOR = 1400


@cache
def tcf_string(at: datetime, *, agreed: bool) -> str:
    """Return a TC string of `at` that agrees to all purposes and vendors, or to none."""
    deciseconds = int(at.timestamp()) * 10
    purposes = ("1" if agreed else "0") * _PURPOSES + "0" * (24 - _PURPOSES)
    core = "".join(
        [
            _bits(2, 6),
            _bits(deciseconds, 36) * 2,  # created, updated
            _bits(10, 12) + _bits(1, 12) + _bits(1, 6),  # CMP, its version, screen
            _letters("EN") + _bits(150, 12) + _bits(5, 6),  # language, vendor list, policy
            "10" + "0" * 12,  # service specific, standard texts, no special features
            purposes + "0" * 24 + "0" + _letters("DE"),
            _vendors(agreed) + _vendors(False) + _bits(0, 12),  # consent, interest, restrictions
        ]
    )
    disclosed = _bits(1, 3) + _vendors(True)  # a segment of its own since TCF 2.3
    return f"{_encode(core)}.{_encode(disclosed)}"


def _vendors(every: bool) -> str:
    """Write all vendors as one range, or none as an empty bit field."""
    if not every:
        return _bits(0, 16) + "0"
    return (
        _bits(_LAST_VENDOR, 16) + "1" + _bits(1, 12) + "1" + _bits(1, 16) + _bits(_LAST_VENDOR, 16)
    )


def _bits(value: int, width: int) -> str:
    return format(value, f"0{width}b")


def _letters(two: str) -> str:
    return "".join(_bits(ord(letter) - ord("A"), 6) for letter in two)


def _encode(bits: str) -> str:
    padded = bits + "0" * (-len(bits) % 8)
    data = int(padded, 2).to_bytes(len(padded) // 8, "big")
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
