"""The vendors' own libraries on the same people; runs in a venv that has them and not the bridge.

    python tests/bench/peers.py LANE <rows.jsonl >digests.jsonl

A row is a list of the six fields as written. The last line that comes out is an object with the
seconds and processor seconds of the work itself, reading and writing left out.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable

Row = list[str]
Lane = Callable[[Row], list[str | None]]


def _digest(text: str | None) -> str | None:
    return hashlib.sha256(text.encode()).hexdigest() if text else None


def facebook() -> Lane:
    """What a user of facebook-business gets: `Normalize.normalize_field`."""
    from facebook_business.adobjects.serverside.normalize import Normalize

    names = ("em", "ph", "fn", "ln", "zp", "country")

    def made(name: str, value: str) -> str | None:
        try:
            return Normalize.normalize_field(name, value)
        except (TypeError, ValueError):
            return None

    return lambda row: [made(name, value) for name, value in zip(names, row, strict=True)]


def google() -> Lane:
    """What a user of google-ads-datamanager-util gets: `Formatter.process_...`."""
    from google.ads.datamanager_util import Formatter
    from google.ads.datamanager_util.format import Encoding

    own = Formatter()
    hashed = (
        own.process_email_address,
        own.process_phone_number,
        own.process_given_name,
        own.process_family_name,
    )
    clear = (own.process_postal_code, own.process_region_code)

    def made(process: Callable[..., str], *words: object) -> str | None:
        try:
            return process(*words)
        except ValueError:
            return None

    return lambda row: [
        *(made(process, value, Encoding.HEX) for process, value in zip(hashed, row, strict=False)),
        *(made(process, value) for process, value in zip(clear, row[4:], strict=True)),
    ]


def plain() -> Lane:
    """What one writes oneself: strip and lower case, `phonenumbers` for the numbers, SHA-256."""
    import phonenumbers

    def digits(value: str, country: str) -> str | None:
        try:
            number = phonenumbers.parse(value, country.strip().upper())
        except phonenumbers.NumberParseException:
            return None
        if not phonenumbers.is_valid_number(number):
            return None
        text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return text.removeprefix("+")

    def lane(row: Row) -> list[str | None]:
        email, phone, first, last, code, country = row
        address = email.strip().lower()
        texts = (
            address if "@" in address else None,
            digits(phone, country),
            *(text.strip().lower() for text in (first, last)),
            "".join(code.lower().split()).partition("-")[0],
            country.strip().lower(),
        )
        return [_digest(text) for text in texts]

    return lane


LANES = {"facebook": facebook, "google": google, "plain": plain}


def main() -> None:
    """Read all rows, do the work on the clock, and write what came of it."""
    lane = LANES[sys.argv[1]]()
    rows = [json.loads(line) for line in sys.stdin]
    for row in rows[:100]:
        lane(row)  # what is loaded on first use is loaded now
    wall, cpu = time.perf_counter(), time.process_time()
    made = [lane(row) for row in rows]
    told = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    sys.stdout.writelines(json.dumps(line) + "\n" for line in [*made, told])


if __name__ == "__main__":
    main()
