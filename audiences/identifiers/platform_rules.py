"""The rules of every platform: which types it takes, in which form and encoding, by whom."""

from __future__ import annotations

from audiences.identifiers import choices
from audiences.identifiers.rules import (
    ACCEPT,
    DROP,
    EMAIL_SPACES,
    HASHED_INPUT,
    Choice,
    Encoding,
    Pack,
    Rule,
)

HEX, B64, RAW = Encoding.SHA256_HEX, Encoding.SHA256_BASE64, Encoding.RAW
NUMBER = Encoding.NUMBER
_MAIDS = "maid idfa gaid"
_EMAIL = ("email email_sha256", "plain", HEX)
_E164 = ("phone phone_sha256", "e164", HEX)
_Row = tuple[str, str, Encoding]  # types, form, encoding


def _pack(
    platform: str,
    dated: str,
    source: str,
    *rows: _Row,
    chosen: tuple[Choice, ...] = (),
    clear: bool = False,
    revision: str = "",
) -> Pack:
    rules = tuple(
        Rule(name, form, how, source, dated, instead="0" if name == "value" else "")
        for types, form, how in rows
        for name in types.split()
    )
    defaults = {one.name: one.default for one in chosen}
    return Pack(
        platform,
        f"{platform}-{dated}{revision}",
        rules,
        chosen,
        clear=clear,
        hashed_input=defaults.get(HASHED_INPUT) == ACCEPT,
        email_spaces=defaults.get(EMAIL_SPACES) == DROP,
    )


_ADS = (
    _pack(
        "meta",
        "2026-09",
        "https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences",
        ("external_id", "plain", RAW),
        _EMAIL,
        ("phone", "digits", HEX),
        (_MAIDS, "plain", RAW),
        ("first_name last_name", "lower_letters", HEX),
        ("first_initial", "initial", HEX),
        ("city", "a_z", HEX),
        ("state", "ansi_a_z", HEX),
        ("zip", "zip_short", HEX),
        ("country", "lower", HEX),
        ("birth_year birth_month birth_day gender", "plain", HEX),
        ("value", "plain", NUMBER),
        chosen=choices.META,
        revision=".1",
    ),
    _pack(
        "google",
        "2026-10",
        "https://developers.google.com/data-manager, user data formatting; datamanager-util 0.4.0",
        ("external_id", "plain", RAW),
        ("email", "gmail", HEX),
        ("email_sha256", "plain", HEX),
        _E164,
        (_MAIDS, "plain", RAW),
        ("first_name", "untitled", HEX),
        ("last_name", "unsuffixed", HEX),
        ("zip country", "plain", RAW),
        chosen=choices.GOOGLE,
        revision=".1",
    ),
    _pack(
        "tiktok",
        "2026-11",
        "https://ads.tiktok.com/help, customer file formats (2024-02 to 2025-09); API v1.3",
        _EMAIL,
        _E164,
        (_MAIDS, "plain", HEX),
        chosen=choices.TIKTOK,
    ),
    _pack(
        "linkedin",
        "2026-08",
        "https://learn.microsoft.com/linkedin/marketing/matched-audiences, DMP segments 202608",
        _EMAIL,
        ("gaid", "plain", RAW),
        chosen=choices.LINKEDIN,
    ),
    _pack(
        "snapchat",
        "2026-08",
        "https://developers.snap.com/api/marketing-api, customer lists and identifier hygiene",
        _EMAIL,
        ("phone", "digits", HEX),
        (_MAIDS, "plain", HEX),
        chosen=choices.SNAPCHAT,
    ),
    _pack(
        "pinterest",
        "2025-12",
        "https://github.com/pinterest/api-description, v5 5.23.0, customer lists",
        _EMAIL,
        (_MAIDS, "plain", HEX),
        chosen=choices.PINTEREST,
    ),
    _pack(
        "amazon",
        "2025-10",
        "aws-solutions/amazon-marketing-cloud-uploader-from-aws 3.0.15; Amazon Ads API docs",
        ("external_id", "token", RAW),
        ("email", "ascii_word", HEX),
        ("email_sha256", "plain", HEX),
        ("phone", "digits", HEX),
        ("first_name last_name", "a_z_0_9", HEX),
        ("street", "street_line", HEX),
        ("city", "a_z_0_9", HEX),
        ("state", "two_letters", HEX),
        ("zip", "zip_by_country", HEX),
        ("country", "lower", RAW),
        (_MAIDS, "plain", RAW),
        chosen=choices.AMAZON,
    ),
    _pack(
        "the_trade_desk",
        "2026-09",
        "PyPI ttd-data 0.3.2, OpenAPI description of the Data API",
        (_MAIDS, "plain", RAW),
        ("cookie partner uid2 euid", "plain", RAW),
        chosen=choices.THE_TRADE_DESK,
        revision=".1",
    ),
    _pack(
        "uid2",
        "2026-08",
        "https://unifiedid.com/docs/getting-started/gs-normalization-encoding",
        ("email", "gmail_com", B64),
        ("email_sha256", "plain", B64),
        ("phone phone_sha256", "e164", B64),
    ),
    _pack(
        "microsoft",
        "2026-08",
        "https://learn.microsoft.com/advertising, CustomerListUserData, v13",
        _EMAIL,
    ),
    _pack(
        "x",
        "2026-08",
        "https://developer.x.com/en/docs/x-ads-api/audiences/overview/user-data",
        _EMAIL,
        _E164,
        (_MAIDS, "plain", HEX),
        ("external_id partner", "plain", RAW),
        chosen=choices.X,
    ),
    _pack(
        "reddit",
        "2026-08",
        "segmentio/action-destinations 970a17e reddit-audiences, kept by Reddit; Ads API v3",
        ("email", "no_dots_no_tag", HEX),
        ("email_sha256", "plain", HEX),
        ("idfa", "upper", HEX),
        ("gaid maid", "plain", HEX),
        chosen=choices.REDDIT,
    ),
    _pack(
        "criteo",
        "2026-07",
        "https://developers.criteo.com/marketing-solutions, contact lists 2026-07",
        _EMAIL,
        _E164,
        (_MAIDS, "plain", RAW),
        chosen=choices.CRITEO,
    ),
    _pack(
        "line",
        "2026-07",
        "https://github.com/line/line-openapi, manage-audience.yml; LINE Ads API v3 3.11.1",
        ("line_user_id", "plain", RAW),
        (_MAIDS, "plain", RAW),
        _EMAIL,
        _E164,
        chosen=choices.LINE,
    ),
    _pack(
        "yahoo",
        "2026-08",
        "segmentio/action-destinations 970a17e yahoo-audiences, kept by Yahoo; DataX API v1",
        _EMAIL,
        _E164,
        ("idfa", "upper", RAW),
        ("gaid maid", "plain", RAW),
        chosen=choices.YAHOO,
    ),
)
_CONTACTS: tuple[_Row, ...] = (
    ("external_id", "plain", RAW),
    ("email", "plain", RAW),
    ("phone", "e164", RAW),
)
_ENGAGEMENT = (
    _pack(
        "braze",
        "2026-08",
        "https://www.braze.com/docs/api/endpoints/user_data, users/track",
        *_CONTACTS,
        clear=True,
    ),
    _pack(
        "klaviyo",
        "2026-07",
        "https://developers.klaviyo.com, revision 2026-07-15, profile bulk import jobs",
        *_CONTACTS,
        clear=True,
    ),
    _pack(
        "onesignal",
        "2026-08",
        "https://documentation.onesignal.com, user model, identity by external_id",
        *_CONTACTS,
        clear=True,
    ),
    _pack(
        "webhook", "2026-11", "docs/platforms.md, the webhook's contract", *_CONTACTS, clear=True
    ),
    _pack(
        "file_drop",
        "2026-11",
        "docs/platforms.md, files for LiveRamp and Adobe Audience Manager: hashed where they ask",
        ("external_id", "plain", RAW),
        _EMAIL,
        _E164,
        (_MAIDS, "plain", RAW),
        ("cookie partner ctv uid2 euid line_user_id", "plain", RAW),
    ),
)
PACKS: dict[str, Pack] = {pack.platform: pack for pack in (*_ADS, *_ENGAGEMENT)}
