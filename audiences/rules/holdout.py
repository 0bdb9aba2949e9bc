"""The holdout: who is drawn depends on the secret, the salt and the member, and on nothing else."""

from __future__ import annotations

from sqlglot import exp

from audiences.rules.literals import SQL, text_sql
from audiences.rules.spec import Holdout

SECRET = "secret"  # noqa: S105 - the name of the bound parameter, not a secret
DIGITS = 8


def held_out_sql(holdout: Holdout, member: SQL) -> SQL:
    """Return whether a member is drawn: a keyed hash below the share, compared as hex digits.

    A higher percent keeps everybody who was drawn at a lower one.
    """
    name = exp.cast(member, "VARCHAR")
    parts: list[SQL] = [
        exp.Hex(this=exp.Placeholder(this=SECRET)),
        text_sql(f":holdout:{holdout.salt}:"),
        name,
    ]
    digest = exp.SHA2(
        this=exp.Concat(expressions=parts, safe=False), length=exp.Literal.number(256)
    )
    drawn = exp.Left(this=digest, expression=exp.Literal.number(DIGITS))
    return exp.LT(this=drawn, expression=text_sql(threshold(holdout.percent)))


def threshold(percent: float) -> str:
    """Return the first hex digits of a hash that is not drawn; 'g' is above every digit."""
    share = round(percent * 100) * 16**DIGITS // 10_000
    return "g" if share >= 16**DIGITS else f"{share:0{DIGITS}x}"
