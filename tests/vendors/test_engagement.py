"""onesignal-python-api, requests-oauthlib and cloudevents drive their stand-ins."""

from __future__ import annotations

import hashlib
import hmac
import time

import pytest

onesignal = pytest.importorskip("onesignal")
oauth = pytest.importorskip("requests_oauthlib")
pytest.importorskip("cloudevents")

import requests  # noqa: E402
from onesignal.api.default_api import DefaultApi  # noqa: E402
from onesignal.model.identity_object import IdentityObject  # noqa: E402
from onesignal.model.properties_object import PropertiesObject  # noqa: E402
from onesignal.model.update_user_request import UpdateUserRequest  # noqa: E402
from onesignal.model.user import User  # noqa: E402

WAIT = 20.0


def test_onesignal_tags_a_user_and_takes_the_tag_away(url: str, members) -> None:
    said = onesignal.Configuration(host=f"{url}/onesignal", rest_api_key="sandbox")
    with onesignal.ApiClient(said) as client:
        api = DefaultApi(client)
        tagged = PropertiesObject(tags={"vips": "1"})
        person = User(identity=IdentityObject(external_id="u1"), properties=tagged)
        api.create_user("app-1", person)
        assert members("onesignal", "vips") == ["u1"]
        untagged = UpdateUserRequest(properties=PropertiesObject(tags={"vips": ""}))
        api.update_user("app-1", "external_id", "u1", untagged)
        assert members("onesignal", "vips") == []


def test_x_knows_the_signatures_of_oauthlib(url: str, members, digests) -> None:
    with oauth.OAuth1Session("sandbox", "sandbox", "sandbox", "sandbox") as session:
        at = f"{url}/x/12/accounts/18ce/custom_audiences"
        made = session.post(at, params={"name": "Những khách hàng & bạn"}, timeout=WAIT).json()
        one = made["data"]["id"]
        users = [{"email": [digest]} for digest in digests]
        body = [{"operation_type": "Update", "params": {"users": users}}]
        came = session.post(f"{at}/{one}/users", json=body, timeout=WAIT).json()
        assert came["data"] == {"success_count": 3, "total_count": 3}
        assert members("x", one) == digests
    with oauth.OAuth1Session("sandbox", "wrong", "sandbox", "sandbox") as session:
        assert session.get(at, timeout=WAIT).status_code == 401


def test_the_webhook_takes_the_events_of_cloudevents(url: str, members) -> None:
    from cloudevents.core.bindings.http import to_binary_event, to_structured_event
    from cloudevents.core.v1.event import CloudEvent

    data = {"audience": {"id": "vips"}, "members": [{"op": "add", "keys": {"email": "a@b.co"}}]}
    facts = {"id": "1", "source": "/bridge", "type": "members", "specversion": "1.0"}
    event = CloudEvent({**facts, "datacontenttype": "application/json"}, data)
    for number, write in enumerate((to_structured_event, to_binary_event)):
        message = write(event)
        signature = hmac.new(b"sandbox", message.body, hashlib.sha256).hexdigest()
        headers = {
            **message.headers,
            "x-signature": f"sha256={signature}",
            "x-timestamp": str(int(time.time())),
            "idempotency-key": str(number),
        }
        came = requests.post(f"{url}/webhook/h", message.body, headers=headers, timeout=WAIT)
        assert came.json() == {"errors": []}, came.text
    assert members("webhook", "vips") == ["a@b.co"]
