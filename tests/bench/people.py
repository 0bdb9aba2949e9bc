"""A seeded file of people: each field as somebody wrote it, and beside it what was meant.

Nothing here asks the code that is measured: a number is valid because libphonenumber says so of
its block of ten thousand, and what was meant is known because the writing was made from it.
"""

from __future__ import annotations

import os
import random
import unicodedata
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import phonenumbers
import pyarrow as pa
import pyarrow.parquet as pq

FIELDS = ("email", "phone", "first_name", "last_name", "zip", "country")
BLOCK = 50_000
MESSY, UNUSABLE = 0.3, 0.01
_NAMES = {
    "VN": (("Anh", "Đức", "Hương", "Phượng", "Tuấn"), ("Nguyễn", "Trần", "Lê", "Đặng")),
    "TH": (("สมชาย", "มาลี", "ปรีชา", "Somchai"), ("ใจดี", "ทองดี", "Saetang")),
    "US": (("Mary", "James", "Zoë"), ("Smith", "Garcia", "Van Dyke")),
    "GB": (("Oliver", "Amelia", "Siân"), ("Jones", "Taylor", "Ap Rhys")),
    "DE": (("Jörg", "Käthe", "Ute"), ("Müller", "Schäfer", "Von Ahn")),
    "JP": (("太郎", "花子", "Yuki"), ("田中", "佐藤", "Sato")),
    "BR": (("João", "Conceição", "Ana"), ("Araújo", "Da Silva", "Gonçalves")),
    "IN": (("Priya", "Arjun", "अमित"), ("Sharma", "Patel", "Rao")),
}
LANDS = tuple(_NAMES)
_CODES = {land: str(phonenumbers.country_code_for_region(land)) for land in LANDS}
_DOMAINS = ("gmail.com", "gmail.com", "yahoo.com", "outlook.com", "web.de", "naver.com")
_SYLLABLES = "ba chi do ek fa gor hin ju kal lo mar nin ra sen tu wo".split()  # noqa: SIM905
_ZIP_DIGITS = {"US": 5, "DE": 5, "TH": 5, "JP": 7, "BR": 8, "VN": 6, "IN": 6}
_ZEROS = (0x0660, 0x0E50, 0xFF10)  # Arabic, Thai, full-width
_NOTHING = ("", "n/a", "unknown", "-", "null")
_Pair = tuple[str, str | None]  # as written, as meant


def number_blocks(land: str, rng: random.Random, count: int = 1000) -> list[str]:
    """Return the beginnings of valid mobile numbers: all but the last four digits."""
    kind = phonenumbers.PhoneNumberType.MOBILE
    example = phonenumbers.example_number_for_type(land, kind)
    number = phonenumbers.national_significant_number(example)
    found: set[str] = set()
    while len(found) < count:
        head = number[: rng.choice((1, 2, 3))]
        head += "".join(rng.choices("0123456789", k=len(number) - 4 - len(head)))
        tails = ("0000", "9999", *(f"{rng.randrange(10_000):04}" for _ in range(6)))
        whole = (phonenumbers.parse(f"+{_CODES[land]}{head}{tail}") for tail in tails)
        if all(map(phonenumbers.is_valid_number, whole)):
            found.add(head)
    return sorted(found)


def _phone(land: str, number: str, messy: bool, rng: random.Random) -> _Pair:
    code, trunk = _CODES[land], "" if land == "US" else "0"
    meant = f"+{code}{number}"
    if not messy:
        return rng.choice((meant, trunk + number)), meant
    if rng.random() < UNUSABLE / MESSY:
        return rng.choice((*_NOTHING, "123", "+999123456789", f"+{code}12")), None
    a, b, c = number[:3], number[3:6], number[6:]
    again = f"({trunk}) " if trunk else ""
    zero = rng.choice(_ZEROS)
    ways = (
        *(f"+{code} {a} {b} {c}", f"{trunk}{a}-{b}-{c}", f"({trunk}{a}) {b}.{c}"),
        *(f"+{code} {again}{a} {b} {c}", f" {trunk}{number} "),
        # Elsewhere 00 is not what one dials before a country code.
        f"00{code} {a} {b} {c}" if land in {"VN", "DE", "GB", "IN"} else meant,
        # Of a German number without plus nobody can tell where the country code ends.
        meant if land in {"DE", "GB", "BR", "JP"} else code + number,
        f"+{code} {a} {b} {c} ext. 12",
        (trunk + number).translate({48 + digit: zero + digit for digit in range(10)}),
    )
    return rng.choices(ways, (30, 25, 15, 10, 8, 5, 8, 2, 2))[0], meant


def _mail(number: int, messy: bool, rng: random.Random) -> _Pair:
    word = "".join(rng.choices(_SYLLABLES, k=2))
    address = f"{word}{number:x}@{rng.choice(_DOMAINS)}"
    if not messy:
        return address, address
    if rng.random() < UNUSABLE / MESSY:
        return rng.choice((*_NOTHING, f"{word}.example.com", f"{word}@")), None
    if rng.random() < 0.03:
        return f"{word}{number:x}@münchen.de", f"{word}{number:x}@xn--mnchen-3ya.de"
    ways = (
        address.upper(),
        address.title(),
        f"  {address}\t",
        f"{address}\xa0",
        f"\ufeff{address}",
    )
    return rng.choices(ways, (10, 10, 10, 2, 1))[0], address


def _name(names: tuple[str, ...], messy: bool, rng: random.Random) -> _Pair:
    made = "".join(rng.choices(_SYLLABLES, k=3)).capitalize()
    name = rng.choice(names) if rng.random() < 0.5 else made
    if not messy:
        return name, name.lower()
    ways = (name.upper(), f" {name} ", name.lower(), unicodedata.normalize("NFD", name))
    return rng.choice(ways), name.lower()


def _zip(land: str, messy: bool, rng: random.Random) -> _Pair:
    if land == "GB":
        area = f"{rng.choice('BLMNS')}{rng.randrange(1, 30)}"
        text = f"{area} {rng.randrange(10)}{rng.choice('ABDEFG')}{rng.choice('HJLNPQ')}"
        return (text.lower() if messy else text), text.replace(" ", "").lower()
    size = _ZIP_DIGITS[land]
    digits = f"{rng.randrange(10 ** (size - 1), 10**size)}"
    if not messy:
        return digits, digits
    return (f"{digits}-{rng.randrange(1000, 9999)}" if land == "US" else f" {digits} "), digits


def _person(number: int, heads: dict[str, list[str]], rng: random.Random) -> list[_Pair]:
    land = rng.choice(LANDS)
    messy = rng.random() < MESSY
    mobile = f"{rng.choice(heads[land])}{rng.randrange(10_000):04}"
    country = rng.choice((land.lower(), f" {land} ")) if messy else land
    return [
        _mail(number, messy, rng),
        _phone(land, mobile, messy, rng),
        *(_name(names, messy, rng) for names in _NAMES[land]),
        _zip(land, messy, rng),
        (country, land.lower()),
    ]


@cache
def _heads(seed: int) -> dict[str, list[str]]:
    rng = random.Random(seed)
    return {land: number_blocks(land, rng) for land in LANDS}


def block(at: int, rows: int, seed: int) -> pa.Table:
    """Return people from number `at` on: the fields, and `meant_` columns, null where unusable."""
    rng = random.Random(f"{seed} {at}")
    people = [_person(number, _heads(seed), rng) for number in range(at, at + rows)]
    columns: dict[str, list[str | None]] = {}
    for place, field in enumerate(FIELDS):
        columns[field] = [one[place][0] for one in people]
        columns[f"meant_{field}"] = [one[place][1] for one in people]
    return pa.table(columns, pa.schema([(name, pa.string()) for name in columns]))


def write_people(path: Path, count: int, seed: int) -> None:
    """Write a Parquet file of so many people; the same seed makes the same file."""
    starts = range(0, count, BLOCK)
    sizes = [min(BLOCK, count - at) for at in starts]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        parts = pool.map(block, starts, sizes, [seed] * len(sizes))
        first = next(parts)
        with pq.ParquetWriter(path, first.schema, compression="zstd") as writer:
            writer.write_table(first)
            for part in parts:
                writer.write_table(part)
