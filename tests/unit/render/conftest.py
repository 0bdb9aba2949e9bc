"""A contrast and its decay, made by hand: one audience of each sort."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audiences.reports.contrast import AudienceContrast, Contrast, TypeReach
from audiences.reports.decay import AudienceDecay, Decay, Series

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)


def curve(name, durable, device, both, cookie, mobile, half=23):
    """Make a decay whose devices halve on a day and are gone on day 90."""

    def fall(start):
        early = [start - start * day // (2 * half) for day in range(half)]
        late = [start // 2 * (90 - day) // (90 - half) for day in range(half, 91)]
        return tuple(early + late)

    only = fall(device - both)
    return AudienceDecay(
        name,
        AS_OF.date(),
        {
            Series.DURABLE: (durable,) * 91,
            Series.DEVICE: fall(device),
            Series.COOKIE: fall(cookie),
            Series.MOBILE: fall(mobile),
            Series.CLOCK_ONLY: only,
            Series.REACHABLE: tuple(durable + left for left in only),
        },
    )


def audience(name, of, members, durable, device, both, known):
    """Make one audience's contrast, reached by e-mail and cookie."""
    types = (
        TypeReach(type="email", members=durable, days_left_median=None, days_left_max=None),
        TypeReach(type="cookie", members=device, days_left_median=21.4, days_left_max=89.9),
    )
    return AudienceContrast(
        audience=name,
        of=of,
        members=members,
        durable=durable,
        on_a_clock=device,
        both=both,
        known=known,
        by_type=types,
    )


@pytest.fixture(scope="session")
def contrast():
    return Contrast(
        AS_OF,
        (
            audience("lapsed-vips", "people", 12_480, 7_738, 8_120, 3_910, 7_738),
            audience("running-shoes-seen", "devices", 4_720, 0, 4_720, 0, 1_480),
            audience("nobody", "people", 0, 0, 0, 0, 0),
        ),
    )


@pytest.fixture(scope="session")
def decay():
    return Decay(
        AS_OF,
        90,
        (
            curve("lapsed-vips", 7_738, 8_120, 3_910, 6_800, 3_300),
            curve("running-shoes-seen", 0, 4_720, 0, 3_100, 1_620, half=60),
            curve("nobody", 0, 0, 0, 0, 0),
        ),
    )
