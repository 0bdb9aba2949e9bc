"""The questions on which sources contradict each other, each with our answer and its reason."""

from __future__ import annotations

from audiences.identifiers.rules import (
    ACCEPT,
    DROP,
    EMAIL_SPACES,
    HASHED_INPUT,
    REFUSE,
    UNREADABLE_VALUE,
    Choice,
)


def hashed_input(default: str, reason: str, source: str) -> Choice:
    """Return whether a digest passes where an address or number should stand."""
    return Choice(
        name=HASHED_INPUT,
        default=default,
        reason=reason,
        source=source,
        forms={ACCEPT: {}, REFUSE: {}},
    )


def email_spaces(reason: str, source: str) -> Choice:
    """Return that spaces inside an address are dropped, as a platform's page asks."""
    return Choice(
        name=EMAIL_SPACES,
        default=DROP,
        reason=reason,
        source=source,
        forms={DROP: {}, REFUSE: {}},
    )


def phone_plus(default: str, reason: str, source: str) -> Choice:
    """Return whether a number is hashed with its plus."""
    return Choice(
        name="phone_plus",
        default=default,
        reason=reason,
        source=source,
        forms={"true": {"phone": "e164"}, "false": {"phone": "digits"}},
    )


def maid_case(default: str, reason: str, source: str) -> Choice:
    """Return in which case a mobile ad id goes; `native` is upper for IDFA, lower for GAID."""
    lower = dict.fromkeys(("idfa", "gaid", "maid"), "plain")
    return Choice(
        name="maid_case",
        default=default,
        reason=reason,
        source=source,
        forms={
            "lower": lower,
            "upper": dict.fromkeys(lower, "upper"),
            "native": lower | {"idfa": "upper"},
        },
    )


def _email(name: str, default: str, reason: str, source: str, **forms: str) -> Choice:
    return Choice(
        name=name,
        default=default,
        reason=reason,
        source=source,
        forms={value: {"email": form} for value, form in forms.items()},
    )


_PAGE = "https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences"
META = (
    Choice(
        name="name_spaces",
        default="keep",
        reason="The page asks for no punctuation in names and says nothing of spaces inside; "
        "RudderStack keeps them ('john smith1'), some connectors drop them.",
        source=_PAGE + "; rudder-transformer c98d160c (2026-08)",
        forms={
            "keep": dict.fromkeys(("first_name", "last_name"), "lower_letters"),
            "drop": dict.fromkeys(("first_name", "last_name"), "lower_joined"),
        },
    ),
    Choice(
        name="place_letters",
        default="a-z",
        reason="The page asks for a-z alone in cities, and RudderStack and Segment drop the rest; "
        "Meta's own SDK keeps accented letters ('sãopaulo').",
        source=_PAGE + "; facebook-business 26.0.3 (2026-06)",
        forms={
            "a-z": {"city": "a_z", "state": "ansi_a_z"},
            "all": {"city": "letters", "state": "ansi_letters"},
        },
    ),
    Choice(
        name="zip_extension",
        default="drop",
        reason="The page wants five digits in the US and Meta's SDK drops what follows a hyphen "
        "everywhere; for the UK the page wants 'area/district/sector', and gives 'm11ae' as its "
        "example of it, which is the whole code.",
        source=_PAGE + "; facebook-business 26.0.3 (2026-06)",
        forms={
            "drop": {"zip": "zip_short"},
            "keep": {"zip": "zip_whole"},
            "drop_uk_sector": {"zip": "zip_sector"},
        },
    ),
    Choice(
        name=UNREADABLE_VALUE,
        default="zero",
        reason="A value-based audience is refused whole when a row has no value, so 0 stands for "
        "a worth that can't be read or is below 0 (the page wants 0 or more); it is flagged.",
        source=_PAGE + "; rudder-transformer c98d160c (2026-08)",
        forms={"zero": {}, "refuse": {}},
    ),
    hashed_input(REFUSE, "The page asks for addresses and numbers to be normalised first.", _PAGE),
)
_GOOGLE_PAGE = "https://developers.google.com/data-manager/api/devguides/concepts/formatting"
GOOGLE = (
    Choice(
        name="name_titles",
        default="drop",
        reason="Google's page and its Java, Node and .NET utilities drop 'Mr.' and ', Jr.'; its "
        "Python utility 0.4.0 keeps them.",
        source=_GOOGLE_PAGE + "; data-manager-java 2026-06",
        forms={
            "drop": {"first_name": "untitled", "last_name": "unsuffixed"},
            "keep": {"first_name": "lower", "last_name": "lower"},
        },
    ),
    hashed_input(REFUSE, "Google's utilities refuse what is no address.", _GOOGLE_PAGE),
)
_TIKTOK_PAGE = "https://ads.tiktok.com/help, supported IDs and formats for a customer file"
TIKTOK = (
    _email(
        "email_noise",
        "keep",
        "The how-to of 2025-09 asks for lower case without spaces alone, as RudderStack does; the "
        "list of 2025-08 cuts the +tag, the one of 2024-07 drops dots as well, for every domain.",
        _TIKTOK_PAGE,
        keep="plain",
        no_tag="no_tag",
        no_dots_no_tag="no_dots_no_tag",
    ),
    phone_plus(
        "true",
        "E.164 with its plus on the pages of 2024-02, 2024-07 and 2025-09; the list of 2025-08 "
        "drops the plus. The latest page wins.",
        _TIKTOK_PAGE,
    ),
    maid_case("lower", "The page allows all lower or all upper case.", _TIKTOK_PAGE),
    email_spaces("The page says 'remove spaces'; most platforms refuse them.", _TIKTOK_PAGE),
    hashed_input(
        REFUSE, "RudderStack refuses digests where values are hashed, Segment lets them through.",
        "rudder-transformer c98d160c; segment 970a17ee (2026-08)",
    ),
)  # fmt: skip
_AMAZON_CODE = (
    "aws-solutions/amazon-marketing-cloud-uploader-from-aws 3.0.15 (2025-10); "
    "npm amazon-dsp-formatter 1.0.2"
)
AMAZON = (
    _email(
        "email_characters",
        "ascii_word",
        "Amazon's uploader keeps letters of any script and the underscore; Amazon's npm formatter "
        "and Segment keep a-z, 0-9 and . - alone. Only the underscore is kept of the difference.",
        _AMAZON_CODE,
        ascii_word="ascii_word",
        word="word",
        ascii="ascii",
    ),
    Choice(
        name="country_case",
        default="lower",
        reason="Amazon's npm formatter writes 'gb', the examples of its API 'GB'.",
        source=_AMAZON_CODE,
        forms={"lower": {"country": "lower"}, "upper": {"country": "plain"}},
    ),
    email_spaces("Amazon's uploader drops them; most platforms refuse them.", _AMAZON_CODE),
    hashed_input(ACCEPT, "Amazon's uploader lets 64 hexadecimal digits through.", _AMAZON_CODE),
)
_LINKEDIN_PAGE = "https://learn.microsoft.com/linkedin/marketing/matched-audiences, 202608"
LINKEDIN = (
    email_spaces(
        "The page says 'remove all whitespace'; most platforms refuse it.", _LINKEDIN_PAGE
    ),
)
SNAPCHAT = (
    hashed_input(
        ACCEPT,
        "Segment's connector, by Snap's partners, lets digests through; its tests pin it.",
        "segment 970a17ee snap-audiences (2026-08)",
    ),
)
YAHOO = (
    hashed_input(
        ACCEPT,
        "Segment's connector, kept by Yahoo, lets digests through; its tests pin it.",
        "segment 970a17ee yahoo-audiences (2026-08)",
    ),
)
REDDIT = (
    _email(
        "email_noise",
        "no_dots_no_tag",
        "Reddit keeps Segment's connector, whose tests drop dots and +tag for every domain; Adobe "
        "and Tealium only trim and lower the case.",
        "segment 970a17ee reddit-audiences (2026-08)",
        no_dots_no_tag="no_dots_no_tag",
        keep="plain",
    ),
    maid_case(
        "native",
        "Nothing is documented; Reddit's connector hashes the id as the device spells it, which "
        "is upper case for IDFA and lower case for GAID.",
        "segment 970a17ee reddit-audiences (2026-08)",
    ),
)
X = (
    phone_plus(
        "true",
        "The page has no rule for phone numbers; connectors hash E.164.",
        "https://docs.x.com/x-ads-api/audiences",
    ),
)
CRITEO = (
    phone_plus(
        "true",
        "Phone numbers are new in the API and no rule is documented; E.164 is what others take.",
        "criteo-api-marketingsolutions-sdk 2027.1 (2026-10)",
    ),
)
LINE = (
    phone_plus(
        "true",
        "LINE Ads documents a digest of the number and not its spelling.",
        "https://ads.line.me/public-docs/v3/3.11.1 (2025-08)",
    ),
)
THE_TRADE_DESK = (
    maid_case(
        "lower",
        "The case is not documented; we send lower case, as to every other platform.",
        "PyPI ttd-data 0.3.2 (2026-09)",
    ),
)
PINTEREST = (
    maid_case(
        "lower",
        "The case is not documented; lower case is what others hash.",
        "pinterest/api-description 5.23.0 (2025-12)",
    ),
)
