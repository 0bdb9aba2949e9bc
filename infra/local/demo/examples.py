"""Audiences and destinations of the demo shop, also the commented examples of a new workspace."""

from __future__ import annotations

from collections.abc import Mapping

_LAPSED_VIPS = """\
# People who used to buy a lot, and have not for a while: worth winning back.
name: lapsed-vips
title: Lapsed VIP customers
of: people                          # people | devices
where:                              # all | any | not, or one leaf
  all:
    - event: {name: order, times: {at_least: 2}, within_days: 365}
    - event: {name: order, sum: value, at_least: 300, within_days: 365}
    - not: {event: {name: order, times: {at_least: 1}, within_days: 60}}
suppress: [do-not-contact]          # a record that says so, or the name of another audience
holdout: {percent: 10, salt: spring}  # never sent, so that the effect can be measured
sync:
  - {to: meta-main, mode: mirror, schedule: "cron(0 6 * * ? *)", timezone: Asia/Ho_Chi_Minh}
  - {to: google-main, mode: mirror}
"""

_RECENT_BUYERS = """\
# People who bought in the last 30 days: leave them out of campaigns that look for new buyers.
name: recent-buyers
title: Bought in the last 30 days
of: people
where:
  event: {name: order, times: {at_least: 1}, within_days: 30}
sync:
  - {to: google-main, mode: mirror}
  - {to: meta-main, mode: mirror}
"""

_CART_LEAVERS = """\
# People who filled a cart in the last four weeks and bought nothing.
name: cart-leavers
title: Left a cart
of: people
where:
  all:
    - event: {name: cart, times: {at_least: 1}, within_days: 28}
    - not: {event: {name: order, times: {at_least: 1}, within_days: 28}}
suppress: [do-not-contact, recent-buyers]
sync:
  - {to: meta-main, mode: mirror}
"""

_RUNNING_SHOES_SEEN = """\
# Cookies and devices, not people: whoever looked at running shoes, known or not.
# Every member is on a clock; `bridge report decay running-shoes-seen` shows when it runs out.
name: running-shoes-seen
title: Looked at running shoes
of: devices
where:
  seen: {trait: running-shoes, times: {at_least: 2}, within_days: 30}
sync:
  - {to: ttd-main, mode: mirror}
"""

_RUNNERS = """\
# Both worlds in one audience: who bought running shoes, and customers whose devices looked at them.
# `bridge report contrast runners` says how much of it cookies and devices alone would reach.
name: runners
title: Runners, by order or by device
of: people
where:
  any:
    - event: {name: order, where: {category: running-shoes}, within_days: 180}
    - seen: {trait: running-shoes, times: {at_least: 2}, within_days: 30}
suppress: [do-not-contact]
sync:
  - {to: google-main, mode: mirror}
"""

_NEWSLETTER_TH = """\
# Readers in Thailand: country and language come from the records, the opens from the mailing tool.
name: newsletter-th
title: Newsletter readers in Thailand
of: people
where:
  all:
    - any:
        - profile: {field: country, is: TH}
        - profile: {field: language, is: th}
    - event: {name: email_open, times: {at_least: 1}, within_days: 90}
suppress: [do-not-contact]
sync:
  - {to: meta-main, mode: add}
"""

_META = """\
# A Meta ad account. A platform is named once here; audiences say `to: meta-main`.
name: meta-main
platform: meta
account: act_1234567890
# audience_ids: {lapsed-vips: "2385"}   # left out: found or made by name, then remembered
credentials: sandbox                # env:META_TOKEN or secret://ads/meta-main for the real one
base_url: http://127.0.0.1:8900/meta  # leave it out for the real API
consent: {require: [ad_user_data, ad_personalization], in: EEA}  # else the row is not sent
# A run that changes more waits for approval; these suit a weekly run, a daily one wants 20 and 50.
guard: {max_removed_percent: 40, max_change_percent: 90}
"""

_GOOGLE = """\
# A Google Ads account, reached through the Data Manager API.
name: google-main
platform: google
account: "1234567890"
credentials: sandbox
base_url: http://127.0.0.1:8900/google
consent: {require: [ad_user_data, ad_personalization], in: EEA}
guard: {max_removed_percent: 40, max_change_percent: 90}
"""

_TTD = """\
# The Trade Desk takes device ids, and forgets each one when the clock of its sighting runs out.
name: ttd-main
platform: the_trade_desk
account: abc1234
credentials: sandbox
base_url: http://127.0.0.1:8900/the_trade_desk
# Customers known by e-mail or phone go as UID2s, for which a run asks this operator first.
uid2: {identity: uid2, credentials: sandbox, base_url: http://127.0.0.1:8900/uid2}
consent: {require: [ad_user_data, ad_personalization], in: EEA}
guard: {max_removed_percent: 40, max_change_percent: 90}  # devices come and go
"""

AUDIENCES: Mapping[str, str] = {
    "lapsed-vips": _LAPSED_VIPS,
    "recent-buyers": _RECENT_BUYERS,
    "cart-leavers": _CART_LEAVERS,
    "running-shoes-seen": _RUNNING_SHOES_SEEN,
    "runners": _RUNNERS,
    "newsletter-th": _NEWSLETTER_TH,
}
DESTINATIONS: Mapping[str, str] = {
    "meta-main": _META,
    "google-main": _GOOGLE,
    "ttd-main": _TTD,
}
