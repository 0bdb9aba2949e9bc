"""Random small worlds whose values sit on bounds, and random rules over them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.unit.rules.naive import AS_OF, DEVICES, OWNERS, PEOPLE, PLAIN, STRONG

HOBBIES, SCORE = "descriptive.hobbies", "attributes.score"

NUMBERS = st.sampled_from([0, 1, 2, 3, 0.1, 0.3, 5, 100])
MONIES = st.sampled_from([None, *map(Decimal, ("0.1", "0.2", "0.3", "1.0005", "5", "100", "-20"))])
AGES = st.sampled_from([-3, 0, 1, 10, 29, 30, 31, 60, 90, 400])
MOMENTS = st.builds(
    lambda days, micro: AS_OF - timedelta(days=days, microseconds=micro),
    AGES,
    st.sampled_from([0, 0, 1, -1]),
)
COUNTRIES = st.sampled_from([None, "", "VN", "vn", "TH", "NO"])
ITEMS = st.sampled_from(
    [None, "", "golf", "tea|golf", "gold", "2026-10-02", "2026-10-02T01:00+02:00"]
)
SCORES = st.sampled_from([None, "", "5", "5.0", "3|0.3", "high", "-1"])
NOBODY = st.sampled_from([*PEOPLE, None])


def rows(least: int = 0, most: int = 8, **fields: st.SearchStrategy[Any]) -> Any:
    return st.lists(st.fixed_dictionaries(fields), min_size=least, max_size=most)


def attributes(**named: st.SearchStrategy[Any]) -> Any:
    return st.fixed_dictionaries({k.replace("__", "."): v for k, v in named.items()})


WORLDS = st.fixed_dictionaries(
    {
        "people_now": st.just([{"person": p, "type": "phone"} for p in PEOPLE])
        | rows(
            person=st.sampled_from(PEOPLE),
            type=st.sampled_from([*sorted(STRONG), "cookie"]),
            expires_at=st.sampled_from([None, AS_OF, AS_OF + timedelta(days=1)]),
        ),
        "profiles_now": rows(
            person=st.sampled_from(PEOPLE),
            country=COUNTRIES,
            city=st.sampled_from([None, "Huế", "Hue"]),
            birth_date=st.sampled_from([None, "1990-05-01", "1990-04-30", "unknown"]),
            consent_ads=st.sampled_from([None, True, False]),
            do_not_contact=st.sampled_from([None, True, False]),
            updated_at=st.sampled_from([None, AS_OF, AS_OF - timedelta(days=30)]),
            attributes=attributes(descriptive__hobbies=ITEMS, score=SCORES),
        ),
        "events_now": rows(
            most=14,
            person=NOBODY,
            name=st.sampled_from(["order", "order", "view"]),
            at=MOMENTS,
            value=MONIES,
            quantity=MONIES,
            currency=st.sampled_from([None, "VND", "vnd", "USD"]),
            category=st.sampled_from([None, "shoes", "hats"]),
            attributes=attributes(tag=st.sampled_from([None, "a", "a|b", "c"])),
        ),
        "sightings_now": st.lists(
            st.builds(
                lambda device, **rest: {"device": device, "person": OWNERS[device], **rest},
                st.sampled_from(DEVICES),
                id_type=st.sampled_from(["cookie", "gaid"]),
                traits=st.lists(st.sampled_from(["run", "swim"]), max_size=2, unique=True),
                seen_at=MOMENTS,
                expires_at=st.sampled_from([AS_OF, AS_OF + timedelta(days=2)]),
                party=st.sampled_from([1, 2, 3]),
                country=st.sampled_from([None, "VN", "vn"]),
            ),
            max_size=10,
        ),
        "members_now": rows(
            audience=st.sampled_from(["news", "do-not-contact"]),
            member=st.sampled_from([*PEOPLE, *DEVICES]),
        ),
    }
)


def some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(strategy, min_size=1, max_size=3)


def profile_test(field: str, word: str, value: st.SearchStrategy[Any]) -> Any:
    return value.map(lambda v: {"profile": {"field": field, word: v}})


CODES = st.sampled_from(["VN", "vn", "TH", "DE"])
HOBBY = st.sampled_from(["golf", "tea", "go"])
DATES = st.sampled_from([date(1990, 5, 1), date(2026, 10, 2), AS_OF - timedelta(days=30)])
BIRTHDAYS = st.sampled_from([date(1990, 5, 1), "1990-05-01"])
FLAGS = st.booleans()
PROFILES = st.one_of(
    *(profile_test("country", w, CODES) for w in ("is", "is_not", "contains", "starts_with")),
    *(profile_test("country", w, some(CODES)) for w in ("in", "not_in")),
    *(profile_test(f, "exists", FLAGS) for f in (*PLAIN, HOBBIES, SCORE)),
    *(profile_test("consent_ads", w, FLAGS) for w in ("is", "is_not")),
    *(profile_test(HOBBIES, w, HOBBY) for w in ("is", "is_not", "contains", "starts_with")),
    *(profile_test(SCORE, w, NUMBERS) for w in ("at_least", "at_most", "more_than", "less_than")),
    *(profile_test(SCORE, w, some(NUMBERS | HOBBY)) for w in ("in", "not_in")),
    *(
        profile_test(f, w, DATES)
        for f in ("birth_date", "updated_at", HOBBIES)
        for w in ("before", "after")
    ),
    *(profile_test("birth_date", w, BIRTHDAYS) for w in ("is", "is_not")),
)
COUNTS = st.integers(0, 3)
TIMES = st.one_of(
    *(COUNTS.map(lambda n, w=w: {w: n}) for w in ("at_least", "at_most", "exactly")),
    COUNTS.map(lambda n: {"at_least": n, "at_most": n + 1}),
)
WINDOWS = st.one_of(
    st.just({}),
    st.sampled_from([1, 30, 60]).map(lambda n: {"within_days": n}),
    st.sampled_from([1, 30, 60]).map(lambda n: {"before_days": n, "within_days": n + 31}),
    st.sampled_from([date(2026, 10, 2), date(2026, 8, 3)]).map(lambda d: {"since": d}),
    st.sampled_from([date(2026, 10, 2), date(2026, 8, 3)]).map(lambda d: {"until": d}),
)
WHERE = st.one_of(
    st.just({}),
    st.just({"where": {"category": "shoes"}}),
    st.just({"where": {"currency": ["vnd", "EUR"]}}),
    st.sampled_from(["a", ["b", "c"]]).map(lambda v: {"where": {"attributes.tag": v}}),
)
TOTALS = st.builds(
    lambda figure, field, word, bound: {figure: field, word: bound},
    st.sampled_from(["sum", "average", "minimum", "maximum"]),
    st.sampled_from(["value", "quantity"]),
    st.sampled_from(["at_least", "at_most", "more_than", "less_than"]),
    NUMBERS,
)
EVENTS = st.builds(
    lambda name, *parts: {"event": {"name": name} | {k: v for p in parts for k, v in p.items()}},
    st.sampled_from(["order", "view"]),
    st.one_of(TIMES.map(lambda t: {"times": t}), TOTALS, st.just({})),
    WINDOWS,
    WHERE,
)
SEEN = st.builds(
    lambda *parts: {"seen": {k: v for p in parts for k, v in p.items()}},
    st.sampled_from(
        [{"trait": "run"}, {"trait": ["run", "swim"]}, {"country": "VN"}, {"party": [1, 3]}]
    ),
    st.one_of(st.just({}), TIMES.map(lambda t: {"times": t})),
    st.sampled_from([{}, {"within_days": 30}, {"id_type": "cookie"}]),
)
# one_of would flatten into the parts of PROFILES, and almost never draw the other kinds.
LEAVES = st.sampled_from([PROFILES, EVENTS, SEEN, st.just({"member_of": "news"})]).flatmap(
    lambda kind: kind
)
RULES = st.recursive(
    LEAVES,
    lambda child: st.one_of(
        st.lists(child, min_size=1, max_size=3).map(lambda c: {"all": c}),
        st.lists(child, min_size=1, max_size=3).map(lambda c: {"any": c}),
        child.map(lambda c: {"not": c}),
    ),
    max_leaves=6,
)
