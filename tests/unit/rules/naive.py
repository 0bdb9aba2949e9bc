"""What the rules mean, said again without SQL: slow, plain, and read straight from the YAML."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
PEOPLE = [UUID(int=i) for i in range(1, 4)]
DEVICES = [UUID(int=i) for i in range(101, 105)]
OWNERS = dict(zip(DEVICES, [PEOPLE[0], PEOPLE[0], PEOPLE[1], None], strict=True))
STRONG = {"external_id", "email", "phone", "email_sha256", "phone_sha256"}
PLAIN = ("country", "city", "birth_date", "consent_ads", "do_not_contact", "updated_at")


def universe(world: dict[str, Any], of: str) -> set[UUID]:
    if of == "devices":
        alive = [
            s for s in world["sightings_now"] if s["seen_at"] <= AS_OF and s["expires_at"] > AS_OF
        ]
        return {s["device"] for s in alive}
    rows = [r for r in world["people_now"] if r["type"] in STRONG]
    return {r["person"] for r in rows if (r.get("expires_at") or AS_OF + timedelta(1)) > AS_OF}


def holds(rule: dict[str, Any], member: UUID, world: dict[str, Any], of: str) -> bool:
    (word, body), *_ = rule.items()
    match word:
        case "all" | "any":
            results = [holds(r, member, world, of) for r in body]
            return all(results) if word == "all" else any(results)
        case "not":
            return not holds(body, member, world, of)
        case "member_of":
            # A device counts by its own membership, and by that of the person who uses it.
            listed = {r["member"] for r in world["members_now"] if r["audience"] == body}
            return not listed.isdisjoint({member, OWNERS.get(member, member)})
        case "seen":
            who = "person" if of == "people" else "device"
            return seen_holds(body, [r for r in world["sightings_now"] if r[who] == member])
    person = member if of == "people" else OWNERS[member]
    if word == "event":
        return event_holds(body, rows_of(world["events_now"], person))
    return profile_holds(body, rows_of(world["profiles_now"], person))


def rows_of(rows: list[dict[str, Any]], person: UUID | None) -> list[dict[str, Any]]:
    return [row for row in rows if person is not None and row["person"] == person]


def profile_holds(body: dict[str, Any], records: list[dict[str, Any]]) -> bool:
    ((word, wanted),) = [(k, v) for k, v in body.items() if k != "field"]
    known = [v for record in records for v in items(record, body["field"])]
    if word == "exists":
        return bool(known) is wanted
    if word in ("is_not", "not_in"):
        return bool(known) and not any(one_of(body["field"], v, wanted) for v in known)
    return any(compares(body["field"], word, v, wanted) for v in known)


def items(record: dict[str, Any], field: str) -> list[Any]:
    if field in PLAIN:
        return [record[field]] if record[field] not in (None, "") else []
    text = record["attributes"].get(field.removeprefix("attributes."))
    return [item for item in text.split("|") if item] if text else []


def compares(field: str, word: str, value: Any, wanted: Any) -> bool:
    match word:
        case "is" | "in":
            return one_of(field, value, wanted)
        case "contains":
            return folded(field, wanted) in folded(field, value)
        case "starts_with":
            return bool(folded(field, value).startswith(folded(field, wanted)))
        case "before":
            at = moment(value)
            return at is not None and at < start(wanted)
        case "after":
            at = moment(value)
            later = timedelta(0) if isinstance(wanted, datetime) else timedelta(days=1)
            bound = start(wanted) + later
            return at is not None and (at >= bound if later else at > bound)
    number = as_number(value)
    return number is not None and bounded(number, {word: wanted})


def one_of(field: str, value: Any, wanted: Any) -> bool:
    return any(same(field, value, w) for w in (wanted if isinstance(wanted, list) else [wanted]))


def same(field: str, value: Any, wanted: Any) -> bool:
    if isinstance(wanted, bool):
        return value is wanted
    if isinstance(wanted, int | float):
        return as_number(value) == Decimal(str(wanted))
    if isinstance(wanted, date):
        wanted = wanted.isoformat()
    return bool(folded(field, value) == folded(field, wanted))


def folded(field: str, value: Any) -> Any:
    return value.upper() if field in ("country", "currency") else value


def as_number(value: str) -> Decimal | None:
    return Decimal(value) if value.lstrip("-").replace(".", "").isdigit() else None


def moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        return start(datetime.fromisoformat(value))
    except ValueError:
        return None


def start(value: date) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


def bounded(number: Any, tests: dict[str, Any]) -> bool:
    checks = {
        "at_least": lambda b: number >= b,
        "at_most": lambda b: number <= b,
        "more_than": lambda b: number > b,
        "less_than": lambda b: number < b,
        "exactly": lambda b: number == b,
    }
    return all(checks[word](Decimal(str(bound))) for word, bound in tests.items())


def event_holds(body: dict[str, Any], events: list[dict[str, Any]]) -> bool:
    mine = [e for e in events if e["name"] == body["name"] and in_window(body, e["at"])]
    for field, wanted in body.get("where", {}).items():
        mine = [e for e in mine if any(one_of(field, v, wanted) for v in event_items(e, field))]
    figure = next((w for w in ("sum", "average", "minimum", "maximum") if w in body), None)
    if not bounded(len(mine), body.get("times", {} if figure else {"at_least": 1})):
        return False
    if figure is None:
        return True
    number = figure_of(figure, [e[body[figure]] for e in mine])
    bounds = ("at_least", "at_most", "more_than", "less_than")
    return number is not None and bounded(number, {w: body[w] for w in bounds if w in body})


def event_items(event: dict[str, Any], field: str) -> list[Any]:
    if field.startswith("attributes."):
        return (event["attributes"].get(field.removeprefix("attributes.")) or "").split("|")
    return [event[field]] if event[field] is not None else []


def figure_of(figure: str, values: list[Decimal | None]) -> Decimal | None:
    known = [v for v in values if v is not None]
    if not known:
        return Decimal(0) if figure == "sum" and not values else None
    match figure:
        case "sum":
            return sum(known, Decimal(0))
        case "average":
            return sum(known, Decimal(0)) / len(known)
    return min(known) if figure == "minimum" else max(known)


def seen_holds(body: dict[str, Any], sightings: list[dict[str, Any]]) -> bool:
    mine = [s for s in sightings if s["expires_at"] > AS_OF and in_window(body, s["seen_at"])]
    for word, wanted in body.items():
        wishes = wanted if isinstance(wanted, list) else [wanted]
        if word == "trait":
            mine = [s for s in mine if set(wishes) & set(s["traits"])]
        elif word not in ("times", "within_days"):
            mine = [s for s in mine if any(seen_same(word, s[word], w) for w in wishes)]
    return bounded(len(mine), body.get("times", {"at_least": 1}))


def seen_same(word: str, value: Any, wanted: Any) -> bool:
    return value is not None and bool(folded(word, value) == folded(word, wanted))


def in_window(body: dict[str, Any], at: datetime) -> bool:
    until = body.get("until")
    return (
        at <= AS_OF
        and ("within_days" not in body or at > AS_OF - timedelta(days=body["within_days"]))
        and ("before_days" not in body or at <= AS_OF - timedelta(days=body["before_days"]))
        and ("since" not in body or at >= start(body["since"]))
        and (until is None or at < start(until) + timedelta(days=1))
    )
