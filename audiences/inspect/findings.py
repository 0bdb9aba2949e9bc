"""Findings: from the counts of a column to what is wrong with it, worst first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from audiences.identifiers.packs import PACKS
from audiences.identifiers.reasons import fix_for
from audiences.inspect.cells import DIGESTS
from audiences.inspect.columns import Column, in_words
from audiences.inspect.faults import FAULTS, Fault, Severity
from audiences.inspect.pairs import RIGHT
from audiences.inspect.tally import Count, Sort, Tally
from audiences.platforms import MODULES, platform

_ORDER = list(Severity)
_BY_KIND = {
    "email": "raw_email",
    "phone": "raw_phone",
    "uuid": "raw_device_id",
    "placeholder": "placeholder",
    "cut": "wrong_length",
    "several": "several_ids",
    "other": "not_a_hash",
    "not_utf8": "not_utf8",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of one column, how often it is there and where first."""

    code: str
    severity: Severity
    rows: int
    lines: tuple[int, ...]
    says: str
    fix: str

    def as_json(self) -> dict[str, Any]:
        """Return the finding with the keys of docs/inspect.md."""
        return {name: getattr(self, name) for name in self.__slots__} | {"lines": [*self.lines]}


@dataclass(frozen=True, slots=True)
class Looked:
    """One column as it was found."""

    name: str
    kind: str  # the spelling of most of its cells, such as sha256_hex or email
    type: str  # email | phone | maid, or empty where nothing tells
    because: str
    takes: tuple[str, ...]  # the platforms that take this spelling of this type
    sends: tuple[str, ...]  # of them, those to which a destination sends it as it is
    lost: int  # rows that cannot match
    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the column with the keys of docs/inspect.md."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {
            "takes": [*self.takes],
            "sends": [*self.sends],
            "findings": [f.as_json() for f in self.findings],
        }


def finding(code: str, count: Count, **words: str) -> Finding:
    """Make a finding of a fault by its code; a reason of ours for raw values is a code as well."""
    fault = FAULTS.get(code) or Fault(
        Severity.LOSES, f"{code.replace('_', ' ')} (bridge ingest refuses it)", fix_for(code)
    )
    says = fault.says.format(**words) if words else fault.says
    return Finding(code, fault.severity, count.rows, count.lines, says, fault.fix)


def look(column: Column, tally: Tally, repeated: Count, twice: Count) -> Looked:
    """Say what is wrong with a column.

    `repeated` counts values that came before, `twice` hashes of digests of the list. A cell that
    has two faults stands in two findings, and once in `lost`.
    """
    tally = tally.settled()
    most = _most(column, tally)
    judge = _Judge(column, most, takers(column, most, _phone_form(column, tally)))
    counts = {"duplicates": repeated, "double_hash": twice}
    lost = twice
    for sort, count in tally.counts.items():
        codes = set(judge.codes(sort))
        for code in codes:
            counts[code] = counts.get(code, Count()) + count
        if any(finding(code, count).severity is Severity.LOSES for code in codes):
            lost += count
    found = [finding(code, count, **judge.words(code, tally)) for code, count in counts.items()]
    found.sort(key=lambda one: (_ORDER.index(one.severity), -one.rows, one.code))
    return Looked(
        name=column.name,
        kind=judge.most,
        type=column.type,
        because=column.because,
        takes=judge.takes,
        sends=senders(column, judge.takes),
        lost=min(lost.rows, sum(count.rows for count in tally.counts.values())),
        findings=tuple(one for one in found if one.rows),
    )


def takers(column: Column, kind: str, form: str = "") -> tuple[str, ...]:
    """Return the platforms whose rule packs take this spelling of this type.

    Where it is known in which `form` phone numbers were hashed, only those that want that form.
    """
    wanted = "raw" if kind == "uuid" else kind
    types = (column.type,) if column.type else ("email", "phone")
    return tuple(
        slug
        for slug, pack in sorted(PACKS.items())
        if any(
            rule.type in types and rule.encoding.value == wanted and form in ("", rule.form)
            for rule in pack.rules
        )
    )


def senders(column: Column, takes: Sequence[str]) -> tuple[str, ...]:
    """Return those of some platforms to which the bridge sends what a column holds as it is.

    A platform that normalises before hashing as nobody else does gets no hash of another's.
    """
    types = {column.type} if column.type else {"email", "phone"}
    wanted = {f"{one}_sha256" for one in types} if column.hashed else types
    if "maid" in types and not column.hashed:
        wanted |= {"idfa", "gaid"}
    return tuple(
        slug
        for slug in takes
        if slug in MODULES and any(wanted & {*key.types} for key in platform(slug).keys)
    )


def _phone_form(column: Column, tally: Tally) -> str:
    """Return the form in which most phone numbers were hashed, where raw ones beside tell."""
    if column.type != "phone":
        return ""
    rows = {"e164": 0, "digits": 0}
    for sort, count in tally.counts.items():
        if sort.reading in rows:
            rows[sort.reading] += count.rows
    most = max(rows, key=lambda form: rows[form])
    return most if rows[most] else ""


@dataclass(frozen=True, slots=True)
class _Judge:
    column: Column
    most: str
    takes: tuple[str, ...]

    def codes(self, sort: Sort) -> Iterator[str]:
        """Yield the faults of all cells of one sort."""
        if sort.kind == "empty":
            yield "empty"
            return
        if sort.spaces:
            yield "white_space"
        if sort.quotes:
            yield "quotes"
        yield from self._of_hash(sort) if self.column.hashed else self._of_raw(sort)

    def _of_hash(self, sort: Sort) -> Iterator[str]:
        if sort.kind not in DIGESTS:
            yield _BY_KIND[sort.kind]
            return
        if sort.known:
            yield sort.known
        if sort.kept_case:
            yield "capitals_kept"
        if sort.reading and sort.reading not in RIGHT:
            yield sort.reading
        if sort.capitals:
            yield "upper_case_hex"
        if sort.kind != self.most:
            same = sort.kind.partition("_")[0] == self.most.partition("_")[0]
            yield "mixed_spellings" if same else "mixed_algorithms"
        elif not self.takes:
            yield "no_platform"

    def _of_raw(self, sort: Sort) -> Iterator[str]:
        if sort.kind in ("several", "not_utf8"):
            yield _BY_KIND[sort.kind]
        elif sort.reason:
            yield sort.reason
        elif self.column.type in ("email", "phone"):
            yield "raw_column"

    def words(self, code: str, tally: Tally) -> dict[str, str]:
        """Return what a fault's sentence leaves open."""
        if code == "no_platform":
            return {"most": in_words(self.most)}
        if not code.startswith("mixed"):
            return {}
        others = (kind for kind, _ in tally.by_kind() if kind in DIGESTS and kind != self.most)
        alike = code == "mixed_spellings"
        base = self.most.partition("_")[0]
        named = [in_words(k) for k in others if (k.partition("_")[0] == base) is alike]
        return {"more": " and ".join(named), "most": in_words(self.most)}


def _most(column: Column, tally: Tally) -> str:
    if not column.hashed:
        return {"maid": "uuid"}.get(column.type, column.type)
    return next((kind for kind, _ in tally.by_kind() if kind in DIGESTS), "none")
