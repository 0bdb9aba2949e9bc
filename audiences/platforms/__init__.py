"""The platforms by slug; importing one never imports another."""

from __future__ import annotations

from importlib import import_module

from audiences.platforms.base import Platform
from shared.errors import ConfigurationError

MODULES = {
    "amazon": "audiences.platforms.amazon:AMAZON",
    "braze": "audiences.platforms.braze:BRAZE",
    "criteo": "audiences.platforms.criteo:CRITEO",
    "file_drop": "audiences.platforms.file_drop:FILE_DROP",
    "google": "audiences.platforms.google:GOOGLE",
    "klaviyo": "audiences.platforms.klaviyo:KLAVIYO",
    "line": "audiences.platforms.line:LINE",
    "linkedin": "audiences.platforms.linkedin:LINKEDIN",
    "meta": "audiences.platforms.meta:META",
    "microsoft": "audiences.platforms.microsoft:MICROSOFT",
    "onesignal": "audiences.platforms.onesignal:ONESIGNAL",
    "pinterest": "audiences.platforms.pinterest:PINTEREST",
    "reddit": "audiences.platforms.reddit:REDDIT",
    "snapchat": "audiences.platforms.snapchat:SNAPCHAT",
    "the_trade_desk": "audiences.platforms.the_trade_desk:THE_TRADE_DESK",
    "tiktok": "audiences.platforms.tiktok:TIKTOK",
    "webhook": "audiences.platforms.webhook:WEBHOOK",
    "x": "audiences.platforms.x:X",
    "yahoo": "audiences.platforms.yahoo:YAHOO",
}

# What people call a platform, where that is not its slug.
ALIASES = {
    "aam": "file_drop",
    "bing": "microsoft",
    "dv360": "google",
    "facebook": "meta",
    "google_ads": "google",
    "instagram": "meta",
    "liveramp": "file_drop",
    "sftp": "file_drop",
    "snap": "snapchat",
    "ttd": "the_trade_desk",
    "twitter": "x",
}


def platform(slug: str) -> Platform:
    """Import one platform by slug, and only that one.

    Raises:
        ConfigurationError: when there is no such platform.

    """
    if slug not in MODULES:
        known = ", ".join(sorted(MODULES))
        raise ConfigurationError(f"there is no platform '{slug}' (write one of: {known})")
    module, name = MODULES[slug].split(":")
    found: Platform = getattr(import_module(module), name)
    return found
