"""What a source's owner can mend: one line for each record and field, without the values."""

from __future__ import annotations

from audiences.consent.policy import FLAGS, Policy
from audiences.match.attributes import COLUMNS
from audiences.match.losses import OUTCOMES

HEADER = ("source", "external_id", "ingest", "row", "field", "reason", "matched")
# Nothing that an owner could do, or nothing that is wrong.
_NOT_THEIRS = (
    *("matched", "held_out", "consent_denied", "consent_missing", "same_as_another"),
    *("uid2_optout", "not_mapped", "uid2_due", "uid2_none"),
)


def handback_sql(policy: Policy) -> str:
    """Write the lines: refused fields, answers about consent, and records that lack a key.

    A record is named by its customer number, unless that is itself an address or a phone number,
    and always by the ingest and the row that it came in with; `value` is the cell as it came.
    """
    reference = (
        "CASE WHEN NOT regexp_matches(external_id, '@|^[+]') "
        "AND trim(external_id) NOT IN (FROM contacts) THEN external_id END"
    )
    return f"""
        WITH lines AS (
            SELECT record, member, field, reason FROM refused_fields
            UNION ALL {_consent_sql(policy)}
            UNION ALL
            SELECT record, member, '', outcome FROM records JOIN losses USING (member)
            ANTI JOIN refused_fields USING (member)
            WHERE outcome NOT IN {_NOT_THEIRS!r})
        SELECT source, {reference} AS external_id, came AS ingest, records.row, field, reason,
            outcome = 'matched' AS matched, {_value_sql()} AS value
        FROM lines JOIN records USING (record, member) JOIN losses USING (member)
        ORDER BY source, came, records.row, field, reason"""


def _consent_sql(policy: Policy) -> str:
    parts = [
        f"SELECT record, member, '{FLAGS[flag]}', outcome FROM records "
        "JOIN losses USING (member) WHERE "
        f"(outcome = 'consent_denied' AND {FLAGS[flag]} IS FALSE) OR "
        f"(outcome = 'consent_missing' AND contains(detail, '{FLAGS[flag]}') "
        f"AND {FLAGS[flag]} IS NULL)"
        for flag in policy.require
    ]
    none = "SELECT record, member, '', '' FROM records WHERE false"
    return " UNION ALL ".join(parts or [none])


def _value_sql() -> str:
    named = dict.fromkeys(("external_id", "email", "phone", *COLUMNS.values(), *FLAGS.values()))
    cases = " ".join(f"WHEN '{name}' THEN records.{name}::VARCHAR" for name in named)
    return f"CASE field {cases} END"


def fix_of(reason: str, otherwise: str) -> str:
    """Return what to do about a line."""
    return OUTCOMES[reason].fix if reason in OUTCOMES else otherwise
