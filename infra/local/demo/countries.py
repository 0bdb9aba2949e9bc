"""The shop's countries: names, cities, telephone ranges and currency of its customers."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

SHARES = {"VN": 42, "TH": 26, "US": 14, "GB": 10, "DE": 5, "FR": 3}
EEA = frozenset({"DE", "FR"})


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """One city as it stands in an address."""

    name: str
    state: str
    zip: str
    street: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """What a country's customers are called, where they live and how they write numbers."""

    code: str
    calling: str
    trunk: str  # stands before a national number; empty in North America
    mobile: tuple[str, ...]  # mobile prefixes that seven digits follow
    language: str
    currency: str
    cities: tuple[City, ...]
    firsts: tuple[tuple[str, str], ...]  # as written, and in Latin letters for an address
    lasts: tuple[tuple[str, str], ...]


_CITIES = {
    "VN": [
        ("Hà Nội", "HN", "100000", "12 Phố Huế"),
        ("TP. Hồ Chí Minh", "SG", "700000", "45 Lê Lợi"),
        ("Đà Nẵng", "DN", "550000", "8 Bạch Đằng"),
        ("Cần Thơ", "CT", "900000", "27 Nguyễn Trãi"),
    ],
    "TH": [
        ("กรุงเทพมหานคร", "กรุงเทพฯ", "10110", "99 ถนนสุขุมวิท"),
        ("เชียงใหม่", "เชียงใหม่", "50200", "14 ถนนนิมมานเหมินท์"),
        ("ภูเก็ต", "ภูเก็ต", "83000", "3 ถนนถลาง"),
    ],
    "US": [
        ("New York", "NY", "10001", "350 5th Ave"),
        ("San Francisco", "CA", "94103-1740", "1 Market St"),
        ("Seattle", "WA", "98101", "400 Pine St, Apt 5B"),
    ],
    "GB": [
        ("London", "", "SW1A 1AA", "10 The Mall"),
        ("Cardiff", "Wales", "CF10 1EP", "2 St Mary Street"),
        ("Manchester", "", "m1 1ae", "5 Deansgate"),
    ],
    "DE": [("München", "BY", "80331", "Kaufingerstraße 7"), ("Berlin", "", "10115", "Torstraße 1")],
    "FR": [("Paris", "", "75001", "6 rue de l'Échelle"), ("Lyon", "", "69002", "9 rue Mercière")],
}
_SPEECH = {
    "VN": ("84", "0", ("90", "93", "97", "35", "78"), "vi", "USD"),
    "TH": ("66", "0", ("81", "89", "92", "95"), "th", "USD"),
    "US": ("1", "", ("212", "415", "206"), "en", "USD"),
    "GB": ("44", "0", ("715", "723", "738"), "en", "GBP"),
    "DE": ("49", "0", ("1511", "1761"), "de", "EUR"),
    "FR": ("33", "0", ("61", "67"), "fr", "EUR"),
}


@cache
def countries() -> Mapping[str, Country]:
    """Return the countries by code; names come from `names.csv` beside this file."""
    text = files("infra.local.demo").joinpath("names.csv").read_text("utf-8")
    names = list(csv.DictReader(text.splitlines()))
    return {code: _country(code, names) for code in SHARES}


def _country(code: str, names: Sequence[Mapping[str, str]]) -> Country:
    calling, trunk, mobile, language, currency = _SPEECH[code]
    parts = {
        part: tuple(
            (row["text"], row["roman"])
            for row in names
            if row["country"] == code and row["part"] == part
        )
        for part in ("first", "last")
    }
    return Country(
        code=code,
        calling=calling,
        trunk=trunk,
        mobile=mobile,
        language=language,
        currency=currency,
        cities=tuple(City(name=n, state=s, zip=z, street=a) for n, s, z, a in _CITIES[code]),
        firsts=parts["first"],
        lasts=parts["last"],
    )
