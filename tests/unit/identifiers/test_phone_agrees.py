"""The fast ways through a number end where libphonenumber ends, for every region.

The slow test does the same with a million numbers (or PHONE_AGREEMENT_NUMBERS): `make proof`.
"""

from __future__ import annotations

import os
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

import phonenumbers
import pyarrow as pa
import pytest
from phonenumbers import (
    NumberParseException,
    PhoneMetadata,
    PhoneNumberFormat,
    PhoneNumberType,
    phonenumberutil,
)

from audiences.identifiers import phone, phone_columns
from audiences.identifiers.phone_columns import e164_column

NUMBERS = int(os.environ.get("PHONE_AGREEMENT_NUMBERS", "1000000"))
BLOCK = 1 << 16
PUNCTUATION = phonenumberutil._VALID_PUNCTUATION.replace("x", "")
STANDS_FOR_NOTHING = {"": "empty", "-": "placeholder", "--": "placeholder", ".": "placeholder"}
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
TYPES = [
    kind
    for kind in PhoneNumberType.values()
    if kind not in {PhoneNumberType.UNKNOWN, PhoneNumberType.FIXED_LINE_OR_MOBILE}
]
REASONS = {
    NumberParseException.NOT_A_NUMBER: "not_a_number",
    NumberParseException.INVALID_COUNTRY_CODE: "unknown_country_code",
}


def library(text: str, region: str | None) -> tuple[str | None, str]:
    """What the library alone says."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE and "+" not in text:
            return None, "no_country"
        return None, REASONS.get(error.error_type, "impossible_number")
    if phonenumbers.is_valid_number(number):
        return phonenumbers.format_number(number, PhoneNumberFormat.E164), ""
    possible = phonenumbers.is_possible_number(number)
    return None, "invalid_number" if possible else "impossible_number"


def expected(text: str, region: str | None) -> tuple[str | None, str]:
    """The library; after it `00` read as plus where it found no number; never a decimal.

    Behind a plus `00` is read as nothing: no country code begins with 0.
    """
    if text.strip() in STANDS_FOR_NOTHING:
        return None, STANDS_FOR_NOTHING[text.strip()]
    if re.fullmatch(r"[0-9]+\.0+", text):
        return None, "spreadsheet_number"
    ascii_text = "".join(str(unicodedata.decimal(sign, sign)) for sign in text)
    digits = re.sub(f"[{PUNCTUATION}]", "", ascii_text)
    if twice := re.match("[+\uff0b]+00([1-9].*)", digits):
        return library("+" + twice[1], None)
    first = library(text, region)
    if first[0] or not digits.startswith("00") or digits.startswith("000"):
        return first
    second = library("+" + digits[2:], None)
    return second if second[0] or region is None else first


def seeds() -> dict[str, list[str]]:
    """Valid national significant numbers of each region, of every type that has an example."""
    found: dict[str, list[str]] = {}
    for region in REGIONS:
        examples = (phonenumbers.example_number_for_type(region, kind) for kind in TYPES)
        found[region] = sorted(
            {phonenumbers.national_significant_number(number) for number in examples if number}
        )
    return found


def changed(number: str, rng: random.Random) -> str:
    """The number with some of its digits changed, one missing, or one more."""
    digits = list(number)
    for _ in range(rng.choice([0, 0, 1, 1, 2, 4])):
        digits[rng.randrange(len(digits))] = rng.choice("0123456789")
    if rng.random() < 0.12:
        digits.pop(rng.randrange(len(digits)))
    if rng.random() < 0.12:
        digits.insert(rng.randrange(len(digits)), rng.choice("0123456789"))
    return "".join(digits)


def heads(region: str) -> list[str]:
    """What people write before a national number."""
    code = str(phonenumbers.country_code_for_region(region))
    plan = PhoneMetadata.metadata_for_region(region)
    trunk, dialled = plan.national_prefix or "0", plan.preferred_international_prefix or "011"
    abroad = [f"+{code}", f"+{code}{trunk}", f"+ {code} ({trunk})", f"00{code}", f"00 {code} "]
    abroad += [f"(+{code}) ", f"011{code}", f"{dialled}{code}", code, code + trunk]
    return [*abroad, trunk, trunk, f"({trunk})", "", "", "0", "1"]


def written(number: str, region: str, rng: random.Random) -> str:
    """The number as somebody might write it: international or national, with punctuation."""
    text = rng.choice(heads(region)) + number
    for _ in range(rng.choice([0, 0, 1, 3])):
        at = rng.randrange(1, len(text) + 1)
        text = text[:at] + rng.choice([" ", "-", ".", "(", ") ", "--", " - "]) + text[at:]
    return mangled(text, rng) if rng.random() < 0.08 else text


def mangled(text: str, rng: random.Random) -> str:
    """The text with what phone books, forms and keyboards add to a number or make of it."""
    ways = [
        *(text + tail for tail in (" x12", " ext. 345", ";ext=7", "#9", " (home)", "/2", "\t")),
        *(head + text for head in ("tel:", "Tel. ", " ", "\u200e", "~", "++", "+00", "+ 00 ")),
        *(text.translate({48 + i: zero + i for i in range(10)})  # Arabic, Thai, full-width
          for zero in (0x0660, 0x06F0, 0x0E50, 0xFF10)),
        text.replace("+", "\uff0b"),
        text.replace("-", "\u2013").replace(" ", "\u00a0"),
        re.sub("[27]", lambda found: {"2": "A", "7": "p"}[found[0]], text),
        text + text,
        text[: len(text) // 2],
        re.sub("[0-9]", "", text),
    ]  # fmt: skip
    return rng.choice(ways)


def numbers_to_judge(count: int) -> Iterator[tuple[str, str | None]]:
    """Yield seeded texts, each with the country that its row may give, over all regions."""
    rng = random.Random(20261121)
    numbers = seeds()
    for i in range(count):
        region = REGIONS[i % len(REGIONS)]
        text = written(changed(rng.choice(numbers[region]), rng), region, rng)
        lands = [region, region, region, region.lower(), None, rng.choice(REGIONS)]
        yield text, rng.choice(lands)


def judged(rows: list[tuple[str, str | None]], told: Counter[str]) -> list[object]:
    """Return the rows that one by one, as a column and by the library are not judged alike."""
    texts, lands = zip(*rows, strict=True)
    column = e164_column(pa.array(texts, pa.string()), pa.array(lands, pa.string()), 1)
    differ: list[object] = []
    for text, land, *whole in zip(texts, lands, *(one.to_pylist() for one in column), strict=True):
        single = phone.e164(text, land)
        said = expected(text.strip(" \t\u200e\u00a0"), land.upper() if land else None)
        told[said[1] or "valid"] += 1
        if not (single.value, single.reason) == (whole[0], whole[1] or "") == said:
            differ.append((text, land, single, whole, said))
    return differ


def agreement(count: int) -> Counter[str]:
    """Judge so many numbers; return how many are valid, and how many have each reason."""
    told: Counter[str] = Counter()
    rows: list[tuple[str, str | None]] = []
    for row in numbers_to_judge(count):
        rows.append(row)
        if len(rows) == BLOCK:
            assert judged(rows, told) == []
            rows = []
    assert not rows or judged(rows, told) == []
    return told


def test_fast_ways_agree_with_the_library_in_every_region() -> None:
    """No seeded number, valid or spoilt, is judged otherwise than by the library itself."""
    told = agreement(30_000)
    assert 0.2 < told["valid"] / 30_000 < 0.9  # both outcomes are well represented
    assert min(told[r] for r in ("invalid_number", "impossible_number", "no_country")) > 300


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_fast_ways_agree_with_the_library_on_a_million_numbers() -> None:
    """The same, with numbers enough that a rare way through a plan is taken too."""
    told = agreement(NUMBERS)
    print(f"\n{NUMBERS:,} numbers over {len(REGIONS)} regions, no disagreement: {dict(told)}")


def test_most_numbers_take_the_fast_way() -> None:
    """The kernels judge what people usually write, so that a column seldom goes one by one."""
    rows = list(numbers_to_judge(30_000))
    texts, lands = (pa.array(part, pa.string()) for part in zip(*rows, strict=True))
    land, regions = phone_columns._regions(lands)
    fast = sum(len(part.at) for part in phone_columns._accepted(texts, land, regions, 1))
    valid = sum(value is not None for value in e164_column(texts, lands)[0].to_pylist())
    assert fast / valid > 0.7


def test_a_number_made_canonical_stays_as_it_is():
    """Every region's example numbers are fixed points."""
    for region, numbers in seeds().items():
        for number in numbers:
            first = phone.e164(number, region)
            if first.value is not None:
                assert phone.e164(first.value, None) == first
