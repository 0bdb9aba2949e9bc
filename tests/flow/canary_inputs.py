"""Input files full of planted values: good rows, broken rows, and files refused whole."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from tests.flow import canaries as c

Row = Mapping[str, str]
_PERSON = {
    "first_name": c.FIRST,
    "last_name": c.LAST,
    "street": c.STREET,
    "zip": c.ZIP,
    "country": "VN",
    "tier": "gold",
    "remark": c.NOTE,
    "consent_string": c.CONSENT,
    "updated_at": "2026-11-20",
}
PROFILES: tuple[Row, ...] = (
    {"external_id": c.EXTERNAL, "email": c.EMAIL, "phone": c.PHONE} | _PERSON,
    {"external_id": f"{c.EXTERNAL}1", "email": f"{c.GMAIL}|{c.TWO_AT}|{c.NO_AT}"} | _PERSON,
    {"external_id": c.NUMBER_IS_MAIL, "email": c.NUMBER_IS_MAIL} | _PERSON,
    {"external_id": c.NUMBER_IS_PHONE, "phone": "+84 901 777 444"} | _PERSON,
    *({"external_id": f"{c.EXTERNAL}{n}", "email": f"{n}{c.EMAIL}"} | _PERSON for n in range(2, 9)),
    # In the wrong column, and what no one can read.
    {"external_id": "1", "country": c.EMAIL, "updated_at": c.E164, "consent_ads": c.FIRST},
    {"external_id": "2", "do_not_contact": c.EMAIL, "consent_personalization": c.PHONE},
    {"external_id": "3", "email": c.LAST, "phone": c.EMAIL},
    {"email": c.TWO_AT, "phone": c.LONG_PHONE, "first_name": c.FIRST},
    {"email": c.NO_AT, "phone": c.GAID, "external_id": "null"},
    {"first_name": c.FIRST, "remark": c.NOTE},
)
_ORDER = {"name": "order", "at": "2026-11-20T10:00:00Z", "note": c.NOTE, "value": "10"}
EVENTS: tuple[Row, ...] = (
    _ORDER | {"event_id": "1", "email": c.EMAIL, "phone": c.PHONE, "cookie": c.COOKIE},
    _ORDER | {"event_id": "2", "external_id": c.EXTERNAL, "gaid": c.GAID, "ip": c.IP},
    _ORDER | {"event_id": c.EMAIL, "external_id": c.EXTERNAL},
    _ORDER | {"event_id": "3", "email": c.TWO_AT, "phone": c.LONG_PHONE},
    _ORDER | {"event_id": "4", "email": c.EMAIL, "at": c.EMAIL},
    _ORDER | {"event_id": "5", "email": c.EMAIL, "value": c.PHONE, "quantity": c.FIRST},
    _ORDER | {"event_id": "6", "cookie": c.EMAIL, "gaid": f"{c.GAID[:8]}-is-none"},
    _ORDER | {"event_id": "7", "country": c.FIRST},
    {"email": c.EMAIL, "at": c.LAST},
)
_SEEN = {"seen_at": "2026-11-20T10:00:00Z", "party": "1", "traits": "shoes", "source": "site"}
SIGHTINGS: tuple[Row, ...] = (
    _SEEN
    | {"id_type": "cookie", "id": c.COOKIE, "link_type": "external_id"}
    | {"link_value": c.EXTERNAL, "consent_string": c.CONSENT},
    _SEEN | {"id_type": "gaid", "id": c.GAID, "link_type": "email", "link_value": c.EMAIL},
    _SEEN | {"id_type": "ctv", "id": c.CTV, "link_type": "phone", "link_value": c.E164},
    _SEEN | {"id_type": "ip", "id": c.IP, "seen_at": "2026-11-21T05:00:00Z"},
    _SEEN | {"id_type": "partner:the_trade_desk", "id": c.PARTNER},
    # In the wrong column, and what no one can read.
    _SEEN | {"id_type": "cookie", "id": c.EMAIL},
    _SEEN | {"id_type": "cookie", "id": c.E164},
    _SEEN | {"id_type": "cookie", "id": f"{c.COOKIE} {c.FIRST}"},
    _SEEN | {"id_type": "idfa", "id": f"{c.GAID[:8]}-is-none"},
    _SEEN | {"id_type": c.EMAIL, "id": c.COOKIE},
    _SEEN | {"id_type": c.COOKIE, "id": "cookie"},
    _SEEN | {"id_type": "ctv", "id": c.CTV, "link_type": c.EMAIL, "link_value": c.PHONE},
    _SEEN | {"id_type": "ctv", "id": c.CTV, "link_type": "email", "link_value": c.TWO_AT},
    _SEEN | {"id_type": "ctv", "id": c.CTV, "seen_at": c.EMAIL},
    _SEEN | {"id_type": "ctv", "id": c.CTV, "party": c.PHONE, "country": c.FIRST},
    _SEEN | {"id_type": "ctv", "id": c.CTV, "country": c.FIRST},
)
RECORDS = {"profiles": PROFILES, "events": EVENTS, "sightings": SIGHTINGS}


def columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def csv_of(rows: Sequence[Row]) -> bytes:
    """Write rows as CSV, then rows with too many and too few fields, and one that is no UTF-8."""
    names = columns(rows)
    lines = [",".join(f'"{row.get(name, "")}"' for name in names) for row in rows]
    aside = [",".join([c.EMAIL] * (len(names) + 1)), f"{c.FIRST},{c.PHONE}"]
    text = "\n".join([",".join(names), *lines, *aside, ""])
    latin = ",".join([c.EMAIL, c.FIRST] + [""] * (len(names) - 2)).encode() + b"\xff\n"
    return text.encode() + latin


def jsonl_of(rows: Sequence[Row]) -> bytes:
    """Write rows as JSON lines, then lines that are none."""
    lines = [json.dumps(row).encode() for row in rows]
    lines += [f'{{"email": "{c.EMAIL}", '.encode(), f'["{c.FIRST}"]'.encode()]
    lines += [f'{{"email": "{c.EMAIL}'.encode() + b'\xff"}', f'{{"": "{c.PHONE}"}}'.encode()]
    return b"\n".join(lines)


def parquet_of(rows: Sequence[Row]) -> bytes:
    """Write rows as Parquet, which packs repeated values."""
    out = io.BytesIO()
    pq.write_table(
        pa.Table.from_pylist([{n: row.get(n) for n in columns(rows)} for row in rows]), out
    )
    return out.getvalue()


def _parquet(**arrays: pa.Array) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(arrays), out)
    return out.getvalue()


_GOOD = csv_of(PROFILES[:3])
_LINE = f"{c.EXTERNAL},{c.EMAIL},{c.PHONE},{c.FIRST},{c.LAST}\n"
# Files of profiles that are refused whole, by name.
REFUSED: Mapping[str, bytes] = {
    "headerless.csv": (_LINE * 2).encode(),
    "names.csv": (f"{c.FIRST},{c.LAST},VN\n" * 3).encode(),
    "twice.csv": f"email,{c.EMAIL},{c.EMAIL}\n{_LINE}".encode(),
    "nameless.csv": f"email,,{c.FIRST}\n{_LINE}".encode(),
    "header.csv": f"email,{c.FIRST}".encode() + b"\xff\n" + _LINE.encode(),
    "quote.csv": f'email,first_name\n{c.EMAIL},"{c.FIRST}\n'.encode()
    + f"{c.EMAIL},x\n".encode() * 9,
    "open.csv": f'"{c.EMAIL},first_name\n{_LINE}'.encode(),
    "only.csv": f"email,{c.COOKIE}\n".encode(),
    "cut.csv.gz": gzip.compress(_GOOD * 50)[:-40],
    "none.csv.gz": c.EMAIL.encode() * 9,
    "none.csv.zst": c.EMAIL.encode() * 9,
    "cut.parquet": parquet_of(PROFILES)[:-20],
    "none.parquet": c.EMAIL.encode() * 99,
    "struct.parquet": _parquet(email=pa.array([c.EMAIL]), x=pa.array([{c.FIRST: c.LAST}])),
    "bytes.parquet": _parquet(email=pa.array([c.EMAIL.encode() + b"\xff"])),
    "keys.parquet": _parquet(**{c.EMAIL: pa.array([c.PHONE]), c.FIRST: pa.array([c.LAST])}),
    "list.jsonl": json.dumps([PROFILES[0]]).encode(),
    "keys.jsonl": json.dumps({c.EMAIL: c.PHONE, c.FIRST: c.LAST}).encode(),
    "x.xlsx": c.EMAIL.encode(),
    "empty.csv": b"",
}
