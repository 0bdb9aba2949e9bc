"""Numbers, dates and findings in words, the same in a terminal and on a page."""

from __future__ import annotations

from datetime import date

from audiences.reports.contrast import AudienceContrast, Contrast
from audiences.reports.decay import AudienceDecay, Decay, Series

NAMES = {
    Series.DURABLE: "durable",
    Series.DEVICE: "any device",
    Series.COOKIE: "cookie",
    Series.MOBILE: "mobile id",
    Series.CLOCK_ONLY: "only on a clock",
    Series.REACHABLE: "reachable",
}
GAP = "\u202f"  # narrow and unbreakable, as before a percent sign


def count(number: int) -> str:
    """Write a number with its thousands apart: 4,210."""
    return f"{number:,}"


def compact(number: int, top: int) -> str:
    """Write a round number for a scale that ends at `top`: 800, 4,000, 120k, 1.5M."""
    if top < 10_000 or number == 0:
        return count(number)
    size, letter = (1_000_000, "M") if top >= 1_000_000 else (1_000, "k")
    return f"{number / size:.4g}{letter}"


def percent(part: int, whole: int) -> str:
    """Write a share in whole per cent, never nought for some nor a hundred for not all."""
    if whole == 0:
        return "–"
    share = round(100 * part / whole)
    if share == 0 and part:
        return f"<{GAP}1{GAP}%"
    if share == 100 and part < whole:
        return f">{GAP}99{GAP}%"
    return f"{share}{GAP}%"


def loss(value: float | None) -> str:
    """Write a loss in per cent; a dash where it is not known."""
    return "–" if value is None else f"{value:.1f}{GAP}%"


def agreed(consent: str) -> str:
    """Write recorded consents in as few words as say it: granted, or each purpose by itself."""
    return " or ".join(dict.fromkeys(_agreed(one) for one in consent.split(", ")))


def _agreed(consent: str) -> str:
    pairs = [part.partition("=")[::2] for part in consent.split(";")]
    answers = {answer for _, answer in pairs}
    return pairs[0][1] if len(answers) == 1 else ", ".join(f"{name} {said}" for name, said in pairs)


def days_left(value: float | None) -> str:
    """Write days left; a durable identifier has no clock."""
    return "no clock" if value is None else f"{value:,.1f}"


def on_day(day: date, today: date, *, short: bool = False) -> str:
    """Write a date as 14 December, with its year when it is not this one's."""
    month = f"{day:%b}" if short else f"{day:%B}"
    year = f" {day.year}" if day.year != today.year and not short else ""
    return f"{day.day} {month}{year}"


def headline(contrast: Contrast, decay: Decay) -> str:
    """Say the finding about the audience with the most to lose, of people where there is one."""
    curves = {curve.audience: curve for curve in decay.audiences}
    told = [audience for audience in contrast.audiences if audience.audience in curves]
    if not told:
        return "There is no audience to report on."
    people = [audience for audience in told if audience.of == "people" and audience.members]
    most = max(people or told, key=lambda now: (now.only_on_a_clock, now.on_a_clock))
    return finding(most, curves[most.audience])


def finding(now: AudienceContrast, curve: AudienceDecay) -> str:
    """Say in one sentence how much of an audience lasts, and when the rest is gone."""
    if now.members == 0:
        return f"{now.audience} has no members."
    if now.of == "devices":
        return _of_devices(now, curve)
    lasting = f"{percent(now.durable, now.members)} of {now.audience} is durable"
    clocked = now.only_on_a_clock
    if clocked > 1:
        only = f"of the {count(clocked)} reachable only by cookie or device"
        return f"{lasting}; {only}, {_half(curve, Series.CLOCK_ONLY)}."
    if clocked == 1:
        return f"{lasting}; one member is reached by a cookie or device alone."
    if now.on_a_clock == 0:
        return f"{lasting}; no cookie or device of its members is alive."
    alone = f"cookies and devices alone reach {percent(now.on_a_clock, now.members)} of it"
    return f"{lasting}; {alone}, and of those {_half(curve, Series.DEVICE)}."


def _of_devices(now: AudienceContrast, curve: AudienceDecay) -> str:
    if now.on_a_clock == 0:
        return f"Nothing in {now.audience} can be reached any more."
    known = percent(now.known, now.members)
    ids = f"{count(now.on_a_clock)} cookies and devices"
    return (
        f"All of {now.audience} is on a clock: of its {ids}, {_half(curve, Series.DEVICE)}; "
        f"{known} belong to a customer with a durable profile."
    )


def _half(curve: AudienceDecay, series: Series) -> str:
    half = curve.half_gone_on(series)
    if half is None:
        return f"more than half is still there after {len(curve.series[series]) - 1} days"
    return f"half is gone by {on_day(half, curve.first_day)}"
