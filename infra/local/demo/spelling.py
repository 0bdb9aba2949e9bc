"""How people and systems really write e-mail addresses and telephone numbers, well and badly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.local.demo.countries import Country

_THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")


@dataclass(frozen=True, slots=True)
class EmailSpelling:
    """One way to write an address; `share` of a thousand customers write theirs so."""

    name: str
    share: int
    usable: bool  # whether a careful reader still finds the address in it
    write: Callable[[str, str], str]  # (local part, domain)


@dataclass(frozen=True, slots=True)
class PhoneSpelling:
    """One way to write a number; `share` of a thousand customers write theirs so."""

    name: str
    share: int
    usable: bool  # as for an address; a national number also needs the row's country
    write: Callable[[Country, str], str]  # (country, national number without trunk prefix)


def _dotted(local: str) -> str:
    return local[:2] + "." + local[2:]


def _grouped(digits: str, mark: str) -> str:
    return mark.join((digits[:3], digits[3:6], digits[6:]))


def _bracketed(country: Country, national: str) -> str:
    trunk = f"({country.trunk})" if country.trunk else ""
    return f"+{country.calling} {trunk}{national}"


def _own_digits(country: Country, national: str) -> str:
    number = country.trunk + national
    return number.translate(_THAI_DIGITS) if country.code == "TH" else number


EMAILS = (
    EmailSpelling("plain", 570, True, lambda local, domain: f"{local}@{domain}"),
    EmailSpelling("upper case", 70, True, lambda local, domain: f"{local}@{domain}".upper()),
    EmailSpelling("title case", 60, True, lambda local, domain: f"{local.title()}@{domain}"),
    EmailSpelling("spaces around", 50, True, lambda local, domain: f"  {local}@{domain} "),
    EmailSpelling("gmail dots", 60, True, lambda local, _: f"{_dotted(local)}@gmail.com"),
    EmailSpelling("gmail plus", 50, True, lambda local, _: f"{local}+shop@gmail.com"),
    EmailSpelling("missing @", 20, False, lambda local, domain: f"{local}.{domain}"),
    EmailSpelling("n/a", 15, False, lambda _local, _domain: "n/a"),
    EmailSpelling("double @", 12, False, lambda local, domain: f"{local}@@{domain}"),
    EmailSpelling("no domain", 8, False, lambda local, _: f"{local}@"),
    EmailSpelling("empty", 85, False, lambda _local, _domain: ""),
)
PHONES = (
    PhoneSpelling("national", 250, True, lambda c, n: c.trunk + n),
    PhoneSpelling("national spaced", 150, True, lambda c, n: _grouped(c.trunk + n, " ")),
    PhoneSpelling("national dashed", 80, True, lambda c, n: _grouped(c.trunk + n, "-")),
    PhoneSpelling("international", 150, True, lambda c, n: f"+{c.calling}{n}"),
    PhoneSpelling("spaced", 90, True, lambda c, n: f"+{c.calling} {_grouped(n, ' ')}"),
    PhoneSpelling("trunk in brackets", 30, True, _bracketed),
    PhoneSpelling("00 prefix", 70, True, lambda c, n: f"00{c.calling}{n}"),
    PhoneSpelling("own digits", 40, True, _own_digits),
    PhoneSpelling("too short", 20, False, lambda c, n: (c.trunk + n)[:-4]),
    PhoneSpelling("too long", 10, False, lambda c, n: c.trunk + n + n[:5]),
    PhoneSpelling("empty", 110, False, lambda _c, _n: ""),
)
