"""What the shop's customers did: views, carts, orders, returns and opened e-mails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from infra.local.demo.customers import Customer, Window
from infra.local.demo.draw import Column, Draw, only, weighted

_NAMES = weighted(
    [
        ("view", 50),
        ("cart", 16),
        ("order", 15),
        ("email_open", 12),
        ("search", 3),
        ("return", 2),
        ("email_click", 1),
        ("support", 1),
    ]
)
_PRICED = ("cart", "order", "return")
_BROWSED = (*_PRICED, "view", "search")
_IDENTIFIED_BY = weighted([("external_id", 52), ("email", 20), ("cookie", 22), ("phone", 6)])
_ANONYMOUS = ("view", "cart", "search")  # what people do without saying who they are
_TEXT = pa.string()
_RANGE = 240  # products
_COUNTS = ("1", "2", "3")  # pieces in an order
_CATEGORIES = ("running-shoes", "trail", "apparel", "accessories", "nutrition", "kids")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shoppers:
    """Customers as columns, and a pool of their places in which a regular stands often."""

    external_id: Column
    email: Column
    phone: Column
    cookie: Column
    strangers: Column  # cookies of nobody we know
    currency: Column
    start: Column
    end: Column
    pool: Column


def shoppers(
    people: Sequence[Customer], cookies: Mapping[int, list[str]], week: Window
) -> Shoppers:
    """Turn customers into columns; `cookies` are theirs by place, and at -1 those of strangers."""
    starts = [max(one.active.start, week.start) for one in people]
    ends = [min(one.active.end, week.end) for one in people]
    places = [
        place
        for place, one in enumerate(people)
        if starts[place] < ends[place]
        for _ in range(one.weight)
    ]
    strangers: list[str | None] = [*cookies.get(-1, ())]
    return Shoppers(
        external_id=pa.array([one.row[0] for one in people]),
        email=pa.array([one.row[1] or None for one in people], _TEXT),
        # A till stores what it dials: its numbers are international, unlike those people type.
        phone=pa.array([one.dialled for one in people]),
        cookie=pa.array([next(iter(cookies.get(i, ())), None) for i in range(len(people))], _TEXT),
        strangers=pa.array(strangers or [None], _TEXT),
        currency=pa.array([one.country.currency for one in people]),
        start=pa.array(starts, pa.uint64()),
        end=pa.array(ends, pa.uint64()),
        pool=pa.array(places, pa.uint32()),
    )


def orders(draw: Draw, who: Shoppers, numbering: tuple[str, int]) -> pa.Table | None:
    """Draw events, each naming its person by one identifier; None when nobody comes.

    `numbering` is the prefix and the first number of the event ids.
    """
    if not len(who.pool) or not draw.rows:
        return None
    owner = draw.pick(who.pool)
    name = draw.pick(_NAMES)
    at = draw.instants(who.start.take(owner), who.end.take(owner))
    columns = {
        "event_id": _numbered(*numbering, draw.rows),
        "name": name,
        "at": pc.strftime(at, format="%Y-%m-%dT%H:%M:%SZ"),
        **_identifiers(draw, who, owner, name),
        **_wares(draw, name, who.currency.take(owner)),
        "channel": draw.pick(("web", "web", "app", "store")),
    }
    return pa.table(columns)


def _wares(draw: Draw, name: Column, currency: Column) -> dict[str, Column]:
    priced, browsed = (pc.is_in(name, pa.array(names)) for names in (_PRICED, _BROWSED))
    line, quantity = draw.below(_RANGE), draw.below(3)
    product = {column: values.take(line) for column, values in _products().items()}
    prices = (product[count] for count in _COUNTS)
    return {
        "value": only(priced, pc.choose(quantity.cast(pa.int64()), *prices)),
        "currency": only(priced, currency),
        "quantity": only(priced, pa.array(_COUNTS).take(quantity)),
        "product_id": only(browsed, product["product_id"]),
        "category": only(browsed, product["category"]),
    }


def _identifiers(draw: Draw, who: Shoppers, owner: Column, name: Column) -> dict[str, Column]:
    by = draw.pick(_IDENTIFIED_BY)
    unnamed = pc.is_in(name, pa.array(_ANONYMOUS))
    cookie = pc.if_else(draw.chance(600), draw.pick(who.strangers), who.cookie.take(owner))
    others = {
        "email": only(pc.equal(by, "email"), who.email.take(owner)),
        "phone": only(pc.equal(by, "phone"), who.phone.take(owner)),
        "cookie": only(pc.and_(pc.equal(by, "cookie"), unnamed), cookie),
    }
    nothing = pc.is_null(pc.coalesce(*others.values()))
    return {"external_id": only(nothing, who.external_id.take(owner)), **others}


@cache
def _products() -> dict[str, Column]:
    """Return the catalogue: products, and what one, two and three of each cost."""
    cents = [490 + (number * number * 7919) % 15_000 for number in range(_RANGE)]
    return {
        "product_id": pa.array([f"P{number:04d}" for number in range(_RANGE)]),
        "category": pa.array([_CATEGORIES[number % len(_CATEGORIES)] for number in range(_RANGE)]),
        **{
            count: pa.array([f"{int(count) * price / 100:.2f}" for price in cents])
            for count in _COUNTS
        },
    }


def _numbered(prefix: str, first: int, rows: int) -> Column:
    digits = pa.arange(first, first + rows).cast(pa.string())
    return pc.binary_join_element_wise(prefix, digits, "-")
