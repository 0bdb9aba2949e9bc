"""The shop's customers: who they are, when they come, and the record the shop keeps of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import TypeVar

from infra.local.demo.countries import EEA, SHARES, Country, countries
from infra.local.demo.draw import weighted
from infra.local.demo.spelling import EMAILS, PHONES, EmailSpelling, PhoneSpelling
from infra.local.demo.tcf import tcf_string

CONTACT = ("external_id", "email", "phone", "first_name", "last_name")
ADDRESS = ("street", "city", "state", "zip", "country")
FACTS = ("birth_date", "gender", "language", "social.instagram")
CONSENT = ("consent_ads", "consent_personalization", "consent_string", "do_not_contact")
EXTRA = ("updated_at", "descriptive.occupation", "qualitative.motivation", "loyalty_tier")
HEADER = (*CONTACT, *ADDRESS, *FACTS, *CONSENT, *EXTRA)
_T = TypeVar("_T")
AT = {name: place for place, name in enumerate(HEADER)}
DOMAINS = weighted(
    [("gmail.com", 9), ("yahoo.com", 3), ("outlook.com", 3), ("icloud.com", 2), ("example.vn", 1)]
)
_MAILS = weighted([(spelling, spelling.share) for spelling in EMAILS])
_PHONES = weighted([(spelling, spelling.share) for spelling in PHONES])
_YES = weighted([("true", 7), ("yes", 1), ("1", 1), ("TRUE", 1)])
_NO = weighted([("false", 4), ("no", 1)])
_JOBS = ("teacher", "nurse", "engineer", "student", "designer", "driver", "", "", "")
_MOTIVES = ("price", "quality", "gift", "first marathon", "", "", "", "")
_TIERS = weighted([("", 5), ("bronze", 6), ("silver", 3), ("gold", 1)])
_CHANGES = weighted(
    [("", 920), ("moved", 35), ("new e-mail", 15), ("consent withdrawn", 20), ("stop", 10)]
)
_WEIGHTS = (1, 1, 1, 2, 3, 6, 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The seconds between which someone is active, as Unix time."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer as the generator knows them; `row` is what the shop's file says."""

    number: int
    country: Country
    roman: tuple[str, str]  # first and last name in Latin letters
    national: str
    email: str  # lower case and trimmed; empty where none can be made of what was written
    active: Window
    weight: int  # how often they come, against others
    row: list[str]

    @property
    def dialled(self) -> str:
        """The telephone number as it is dialled from anywhere."""
        return f"+{self.country.calling}{self.national}"

    @property
    def login(self) -> tuple[str, str]:
        """What a login page would send with a cookie: the address hashed, or else our own id."""
        if self.email:
            return "email_sha256", sha256(self.email.encode()).hexdigest()
        return "external_id", self.row[0]


@dataclass(frozen=True, slots=True)
class Season:
    """When the shop's customers come: habits over the generated days."""

    first: datetime
    days: int

    def windows(self) -> list[Window]:
        """Return activity windows: most come all the time, some left, some are new.

        Who has not left goes on into the week after.
        """
        left = max(1, self.days // 3, self.days - 70)
        recent = max(0, self.days - 35)
        return weighted(
            [
                (self.window(0, self.days + 7), 11),
                (self.window(0, left), 6),
                (self.window(recent, self.days + 7), 3),
            ]
        )

    def window(self, start: int, end: int) -> Window:
        """Return the window between two days."""
        midnight = int(self.first.timestamp())
        return Window(start=midnight + start * 86_400, end=midnight + end * 86_400)

    @property
    def end(self) -> datetime:
        """The instant at which the generated days are over."""
        return self.first + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Makes customers; counts in `planted` how each contact was written."""

    rng: Random
    season: Season
    planted: Counter[str]

    def make(self, numbers: range) -> list[Customer]:
        """Make the customers of these numbers."""
        homes = self.rng.choices(list(countries().values()), list(SHARES.values()), k=len(numbers))
        windows = self.season.windows()
        return [
            self._customer(number, home, self.pick(windows))
            for number, home in zip(numbers, homes, strict=True)
        ]

    def pick(self, pool: Sequence[_T]) -> _T:
        """Draw one of a pool."""
        return pool[int(self.rng.random() * len(pool))]

    def chance(self, share: float) -> bool:
        """Draw a truth."""
        return self.rng.random() < share

    def again(self, customer: Customer) -> list[str]:
        """Return a second record of somebody: a guest order, another address, the same phone."""
        names = [part.title() for part in customer.roman]
        email = f"{customer.roman[0]}_{customer.number}@{self.pick(DOMAINS)}"
        row = list(customer.row)
        row[: len(CONTACT)] = [
            f"G{customer.number:07d}",
            email,
            self.phone(customer.country, customer.national),
            *names,
        ]
        return row

    def later(self, customer: Customer, now: datetime) -> list[str] | None:
        """Return the record of somebody whose data changed in the week before `now`, or None."""
        row = list(customer.row)
        kind = self.pick(_CHANGES)
        if not kind:
            return None
        self.planted[f"change: {kind}"] += 1
        match kind:
            case "moved":
                row[AT["street"] : AT["zip"] + 1] = self._address(customer.country)[:4]
            case "new e-mail":
                row[AT["email"]] = f"{customer.roman[1]}{customer.number}@{self.pick(DOMAINS)}"
            case "consent withdrawn":
                row[AT["consent_ads"] : AT["do_not_contact"]] = ["false", "false", ""]
            case _:
                row[AT["do_not_contact"]] = "true"
        minutes = int(self.rng.random() * 7 * 1440)
        row[AT["updated_at"]] = iso_second(now - timedelta(minutes=minutes))
        return row

    def phone(self, home: Country, national: str) -> str:
        """Write a number as somebody would."""
        spelling: PhoneSpelling = self.pick(_PHONES)
        self.planted[f"phone: {spelling.name}"] += 1
        return spelling.write(home, national)

    def _customer(self, number: int, home: Country, active: Window) -> Customer:
        first, last = self.pick(home.firsts), self.pick(home.lasts)
        spelling: EmailSpelling = self.pick(_MAILS)
        self.planted[f"email: {spelling.name}"] += 1
        email = spelling.write(f"{first[1]}.{last[1]}{number}", self.pick(DOMAINS))
        national = national_number(home, number)
        row = [f"C{number:07d}", email, self.phone(home, national), first[0], last[0]]
        row += [*self._address(home), *self._facts(home), *self._consent(home)]
        row += [self._updated(), self.pick(_JOBS), self.pick(_MOTIVES), self.pick(_TIERS)]
        return Customer(
            number=number,
            country=home,
            roman=(first[1], last[1]),
            national=national,
            email=email.strip().lower() if spelling.usable else "",
            active=active,
            weight=self.pick(_WEIGHTS),
            row=row,
        )

    def _address(self, home: Country) -> list[str]:
        city = self.pick(home.cities)
        code = "" if self.chance(0.06) else home.code
        return [city.street, city.name, city.state, city.zip, code]

    def _facts(self, home: Country) -> list[str]:
        born = date(1950, 1, 1) + timedelta(days=int(self.rng.random() * 20_000))
        birth_date = "" if self.chance(0.3) else born.isoformat()
        gender = self.pick(("f", "m", "f", "m", "F", "male", ""))
        handle = f"@shopper{int(self.rng.random() * 1e9)}" if self.chance(0.1) else ""
        return [birth_date, gender, home.language, handle]

    def _consent(self, home: Country) -> list[str]:
        """Write flags for most, a TCF string for some in the EEA, and nothing for a few."""
        agreed = self.chance(0.66 if home.code in EEA else 0.92)
        flag = self.pick(_YES if agreed else _NO)
        stop = self.pick(_YES) if self.chance(0.02) else self.pick(("", "", "", "false"))
        if self.chance(0.07):
            return ["", "", "", stop]
        if home.code in EEA and self.chance(0.4):
            return ["", "", tcf_string(self.season.first, agreed=agreed), stop]
        return [flag, flag if self.chance(0.9) else self.pick(_NO), "", stop]

    def _updated(self) -> str:
        ago = timedelta(minutes=int(self.rng.random() * 1_000_000))
        return iso_second(self.season.end - ago)


def national_number(home: Country, number: int) -> str:
    """Return a mobile number that no other customer of the country has, without trunk prefix."""
    prefix = home.mobile[number % len(home.mobile)]
    return f"{prefix}{2_000_000 + number * 7919 % 8_000_000}"


def iso_second(instant: datetime) -> str:
    """Write an instant as a shop's export would, to the second."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
