"""A seeded, hostile corpus: what people, forms, spreadsheets and exporters make of identifiers."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator

import phonenumbers

_LANDS = ("VN", "TH", "US", "GB", "DE", "JP", "BR", "IN", "FR", "IT", "SE", "AU", "MX", "KR", "SA")
_NOTHING = (
    "",
    " ",
    "-",
    "n/a",
    "N/A",
    "null",
    "None",
    "nan",
    "unknown",
    "undefined",
    "test@test.com",
)
_HASH = "b4c9a289323b21a01c3e940f150eb9b8c542587f1abfd8f0e1cc1ffc5e475514"
_EMAILS = (
    "ana.lima@example.com",
    "Ana.Lima+news@gmail.com",
    "a.b.c@googlemail.com",
    "JO@EXAMPLE.ORG",
    "o'neill@example.ie",
    "x_y-z@sub.example.co.uk",
    "josé@example.es",
    "ana@münchen.de",
    "ana@xn--mnchen-3ya.de",
    "ünal@gmail.com",
    "ana..lima@docomo.ne.jp",
    "+tag@gmail.com",
    "...@gmail.com",
    "ana@localhost",
    "ana@1.2.3.4",
    "ana@[1.2.3.4]",
    '"ana lima"@example.com',
    "ana(home)@example.com",
    "Ana <ana@example.com>",
    "ana@example.com, bo@example.com",
    "ana",
    "ana@",
    "@example.com",
    "ana@@example.com",
    "a@b@example.com",
    "ana@example.com.",
    "ana@-x.com",
    "ana@ex_ample.com",
    "ana@example",
    ".ana@example.com",
    "ana lima@example.com",
    "ana@exam ple.com",
    "ａｎａ＠ｅｘａｍｐｌｅ．ｃｏｍ",
    f"{'a' * 70}@example.com",
    "ana@gmail.com.br",
    "😀@example.com",
    _HASH,
    _HASH.upper(),
    "İpek@example.com",
    "straße@example.de",
    "ana@😀.com",
    "mailto:ana@example.com",
)
_GIVEN = (
    "Ana",
    "ANA MARIA",
    "Jean-Luc",
    "O'Neil",
    "José",
    "Zoë",
    "Đức",
    "Nguyễn Văn",
    "สมชาย",
    "太郎",
    "محمد",
    "Mr. John",
    "Dr. Ada",
    "J.",
    "Anne  Marie",
    "李",
    "Bob1",
    "123",
    "!!!",
    _HASH,
    "ana@example.com",
)
_FAMILY = (
    "Smith",
    "VAN DER BERG",
    "O'Neill",
    "Müller-Lüdenscheidt",
    "Ng",
    "Trần",
    "ใจดี",
    "田中",
    "العربي",
    "Smith Jr.",
    "Smith, PhD",
    "Davis III",
    "D'Arcy",
    "St. John",
    "de la Cruz",
    "李",
    "Null",
    "42",
)
_CITIES = (
    "São Paulo",
    "New York",
    "St. John's",
    "Ho Chi Minh City",
    "東京",
    "Köln",
    "Zürich 8001",
    "กรุงเทพ",
    "Winston-Salem",
    "L'Aquila",
    "London W1",
    "Frankfurt (Main)",
    "Łódź",
    "12",
    "Washington, D.C.",
)
_ZIPS = (
    "94107",
    "94107-1234",
    "941071234",
    "SW1A 1AA",
    "sw1a1aa",
    "100-0001",
    "〒100-0001",
    "01310-100",
    "700000",
    "K1A 0B1",
    "1234 AB",
    "D-10115",
    "2000",
    "9410",
    "０１２３４",
    "L-1234",
    "",
    "00000",
)
_COUNTRIES = (
    "US",
    "us",
    " vn ",
    "USA",
    "Viet Nam",
    "United States",
    "UK",
    "GB",
    "U.S.",
    "XX",
    "U1",
    "Deutschland",
    "Germany",
    "T.H.",
    "",
    "u",
    "12",
    "EU",
    "Côte d'Ivoire",
)
_POOLS = {
    "email": _EMAILS,
    "first_name": _GIVEN,
    "last_name": _FAMILY,
    "city": _CITIES,
    "zip": _ZIPS,
    "country": _COUNTRIES,
}
_WAYS: tuple[Callable[[str], str], ...] = (
    *(str, str, str, str.upper, str.lower, str.title, "  {} ".format, "\t{}\r".format),
    *(
        "\xa0{}".format,
        "{}\u200b".format,
        "\ufeff{}".format,
        "{}\x00".format,
        "\u202a{}\u202c".format,
    ),
    *(
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: text[:1] + "\u200b" + text[1:],
        lambda text: text.translate({33 + n: 0xFF01 + n for n in range(94)}),
    ),
)
_ZEROS = (0x0660, 0x0E50, 0xFF10)


def _phones(rng: random.Random) -> Iterator[str]:
    """Yield one number of one country in the ways that people write it."""
    land = rng.choice(_LANDS)
    code = str(phonenumbers.country_code_for_region(land))
    example = phonenumbers.example_number_for_type(land, phonenumbers.PhoneNumberType.MOBILE)
    number = phonenumbers.national_significant_number(example)
    number = number[:-3] + f"{rng.randrange(1000):03}"
    zero = rng.choice(_ZEROS)
    local = f"0{number}"
    yield from (f"+{code}{number}", f"+{code} (0){number}", f"00{code}{number}", f"{code}{number}")
    yield from (f"+{code} {number[:3]}-{number[3:6]}.{number[6:]}", f"({number[:3]}) {number[3:]}")
    yield from (number, local, f"+{code}{number} ext. 12", f"tel:+{code}{number}", f"{number}.0")
    yield from (local.translate({48 + n: zero + n for n in range(10)}), f"+{code}{number[:4]}")
    yield from (
        f"+{code}{number}99",
        f"+999{number}",
        "+1 800 FLOWERS",
        f"{local} / {local}",
        _HASH,
    )


def _values(kind: str, count: int, rng: random.Random) -> Iterator[str]:
    if kind == "phone":
        while count > 0:
            batch = [*_phones(rng), rng.choice(_NOTHING)]
            yield from batch[:count]
            count -= len(batch)
        return
    for _ in range(count):
        if rng.random() < 0.05:
            yield rng.choice(_NOTHING)
        else:
            yield rng.choice(_WAYS)(rng.choice(_POOLS[kind]))


def cases(kind: str, count: int, seed: int) -> list[tuple[str, str | None]]:
    """Return so many values of a type, each with the country that its row gives, if any."""
    rng = random.Random(f"{seed} {kind}")
    lands = (*_LANDS, None)
    return [(value, rng.choice(lands)) for value in _values(kind, count, rng)]
