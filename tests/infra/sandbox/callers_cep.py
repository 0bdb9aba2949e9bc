"""The callers of the engagement platforms' stand-ins, which take people by their clear keys."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

from tests.infra.sandbox.callers import Caller, Sent, Words, sent


def braze_users(there: bool):
    def call(audience: str, values: list[str]) -> Sent:
        users = [{"external_id": value, audience: there} for value in values]
        return sent("POST", "/users/track/bulk", {"attributes": users})

    return call


BRAZE = Caller(
    slug="braze",
    add=braze_users(True),
    remove=braze_users(False),
    rows=1_000,
    words=Words(
        auth=(401, "Invalid API key"),
        shape=(400, '{"message":"'),
        long=(400, "Maximum number"),
        broken=(500, "Internal Server Error"),
        expired=(401, "Invalid API key"),
        rate=(429, "Rate limit exceeded"),
        rate_header="x-ratelimit-reset",
        partial=(201, '"index":0'),
    ),
)


def klaviyo_import(audience: str, values: list[str]) -> Sent:
    profiles = [{"type": "profile", "attributes": {"external_id": value}} for value in values]
    data = {
        "type": "profile-bulk-import-job",
        "attributes": {"profiles": {"data": profiles}},
        "relationships": {"lists": {"data": [{"type": "list", "id": audience}]}},
    }
    return sent("POST", "/api/profile-bulk-import-jobs", {"data": data}, revision="2026-07-15")


KLAVIYO = Caller(
    slug="klaviyo",
    create=sent(
        "POST",
        "/api/lists",
        {"data": {"type": "list", "attributes": {"name": "NAME"}}},
        revision="2026-07-15",
    ),
    made=lambda came: came.json()["data"]["id"],
    add=klaviyo_import,
    auth=lambda _url, _sent, secret: {"authorization": f"Klaviyo-API-Key pk_{secret}"},
    rows=10_000,
    needs={"revision": (400, "/revision")},
    words=Words(
        auth=(401, "not_authenticated"),
        shape=(400, '"pointer":"/data"'),
        long=(400, "1 to 10000"),
        unknown=(404, "not_found"),
        broken=(500, '"code":"error"'),
        expired=(401, "not_authenticated"),
        rate=(429, "throttled"),
        rate_header="retry-after",
        partial=(202, "processing"),
    ),
)


def onesignal_add(audience: str, values: list[str]) -> Sent:
    body = {"identity": {"external_id": values[0]}, "properties": {"tags": {audience: "1"}}}
    return sent("POST", "/apps/app-1/users", body)


def onesignal_remove(audience: str, values: list[str]) -> Sent:
    body = {"properties": {"tags": {audience: ""}}}
    return sent("PATCH", f"/apps/app-1/users/by/external_id/{values[0]}", body)


ONESIGNAL = Caller(
    slug="onesignal",
    add=onesignal_add,
    remove=onesignal_remove,
    auth=lambda _url, _sent, secret: {"authorization": f"Key {secret}"},
    words=Words(
        auth=(403, "Access denied"),
        shape=(400, '"errors":[{"title"'),
        broken=(500, "Internal server error"),
        expired=(403, "Access denied"),
        rate=(429, "rate limit"),
        rate_header="retry-after",
    ),
)


def signed(_address: str, call: Sent, secret: str) -> dict[str, str]:
    digest = hmac.new(secret.encode(), call.body, hashlib.sha256).hexdigest()
    return {"x-signature": f"sha256={digest}", "x-timestamp": str(int(time.time()))}


def webhook_event(op: str):
    def call(audience: str, values: list[str]) -> Sent:
        members = [{"op": op, "keys": {"external_id": value}} for value in values]
        data = {"audience": {"id": audience, "name": "VIPs"}, "run_id": "r", "members": members}
        event = {
            "specversion": "1.0",
            "id": "1",
            "source": "/bridge",
            "type": "members",
            "data": data,
        }
        key = hashlib.sha256(json.dumps(event).encode()).hexdigest()
        kind = {"content_type": "application/cloudevents+json", "idempotency_key": key}
        return sent("POST", "/hook", event, **kind)

    return call


WEBHOOK = Caller(
    slug="webhook",
    add=webhook_event("add"),
    remove=webhook_event("remove"),
    auth=signed,
    rows=1_000,
    needs={
        "content-type": (415, "media_type"),
        "idempotency-key": (400, "Idempotency-Key"),
    },
    words=Words(
        auth=(401, "bad_signature"),
        shape=(400, "error"),
        long=(400, "1 to 1000"),
        broken=(500, "broken"),
        expired=(401, "stale"),
        rate=(429, "too_many"),
        rate_header="retry-after",
        partial=(200, '"retryable":true'),
    ),
)


def file_of(word: str):
    def call(audience: str, values: list[str]) -> Sent:
        lines = ["action,email_sha256", *(f"{word},{value}" for value in values)]
        path = f"/in/{audience}_{word}_20260701T060000Z_00001.csv"
        return Sent("PUT", path, "\n".join(lines).encode(), {"content-type": "text/csv"})

    return call


FILE_DROP = Caller(
    slug="file_drop",
    add=file_of("add"),
    remove=file_of("remove"),
    words=Words(
        auth=(401, "unauthorized"),
        shape=(400, ""),
        raw=(201, ""),  # rows that cannot be used are passed over in silence
        broken=(500, "internal error"),
        expired=(401, "unauthorized"),
        rate=(429, "slow down"),
        rate_header="retry-after",
    ),
)
