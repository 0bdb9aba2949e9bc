"""Rows that nobody can use, of the kinds that real exports hold; the bridge must step over them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa

from infra.local.demo.customers import HEADER, iso_second
from infra.local.demo.drop import EVENTS, SIGHTINGS

_BLANK = b"," * (len(HEADER) - 1)


def broken_profiles() -> dict[str, bytes]:
    """Return lines of a profiles file by what is wrong with them."""
    rest = b"," * (len(HEADER) - 5)
    return {
        "no identifier": b",,,Nobody,Known" + rest,
        "empty row": _BLANK,
        "too few fields": b"C-SHORT,short@example.vn,0901234567",
        "too many fields": b"C-LONG,long@example.vn" + _BLANK + b",,,",
        "not UTF-8": b"C-LATIN,latin@example.fr,,Ren\xe9e,Lef\xe8vre" + rest,
    }


def broken_events(now: datetime) -> dict[str, bytes]:
    """Return lines of an events file by what is wrong with them."""
    at = iso_second(now - timedelta(days=3)).encode()
    future = iso_second(now + timedelta(days=3000)).encode()
    tail = b"," * (len(EVENTS) - 4)
    return {
        "unreadable time": b"bad-1,order,yesterday,C0000001" + tail,
        "in the future": b"bad-2,order," + future + b",C0000001" + tail,
        "no identifier": b"bad-3,view," + at + b"," + tail,
        "no name": b"bad-4,," + at + b",C0000001" + tail,
        "value in words": b"bad-5,order," + at + b",C0000001,,,,a lot,USD,1,P0001,trail,web",
        "too few fields": b"bad-6,order," + at,
    }


def broken_sightings(now: datetime) -> tuple[list[str], pa.Table]:
    """Return what is wrong with each row, and the rows."""
    zeros = "00000000-0000-0000-0000-000000000000"
    rows: dict[str, dict[str, str | int]] = {
        "unknown type": {"id_type": "fingerprint", "id": "f3a9"},
        "no id": {"id_type": "cookie", "id": ""},
        "opted-out device": {"id_type": "idfa", "id": zeros},
        "in the future": {"id_type": "cookie", "id": "ab" * 16},
        "unknown party": {"id_type": "cookie", "id": "cd" * 16, "party": 7},
        "broken link": {"id_type": "cookie", "id": "ef" * 16, "link_type": "email_sha256"},
    }
    made = [
        {
            "party": 1,
            "source": "site",
            "seen_at": now + timedelta(days=3000 if what == "in the future" else -1),
            "link_value": "not-a-hash" if "link_type" in row else None,
            **row,
        }
        for what, row in rows.items()
    ]
    return list(rows), pa.Table.from_pylist(made, schema=SIGHTINGS)
