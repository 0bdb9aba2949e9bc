"""msads, Microsoft's REST client, drives the stand-in of Microsoft Advertising."""

from __future__ import annotations

import pytest

pytest.importorskip("bingads")

from bingads import service_client
from bingads.authorization import (
    AuthorizationData,
    OAuthDesktopMobileAuthCodeGrant,
    OAuthTokens,
)
from openapi_client.models.campaign import (
    AddAudiencesRequest,
    ApplyCustomerListUserDataRequest,
    CustomerList,
    CustomerListUserData,
)


@pytest.fixture
def service(url: str) -> service_client.ServiceClient:
    grant = OAuthDesktopMobileAuthCodeGrant(client_id="sandbox")
    grant._oauth_tokens = OAuthTokens(access_token="sandbox", access_token_expires_in_seconds=3600)
    who = AuthorizationData(42, 7, "sandbox", grant)
    return service_client.ServiceClient(
        "CampaignManagementService", 13, who, location=f"{url}/microsoft"
    )


def apply(service, audience: str, word: str, values: list[str]):
    data = CustomerListUserData(
        audience_id=audience,
        action_type=word,
        customer_list_item_sub_type="Email",
        customer_list_items=values,
        accept_customer_match_term=True,
    )
    wanted = ApplyCustomerListUserDataRequest(customer_list_user_data=data)
    return service.apply_customer_list_user_data(wanted)


def test_a_customer_list_is_made_filled_and_emptied(service, members, digests) -> None:
    new = CustomerList(name="vips", membership_duration=30)
    made = service.add_audiences(AddAudiencesRequest(audiences=[new])).AudienceIds[0]
    assert apply(service, made, "Add", digests).PartialErrors == []
    apply(service, made, "Remove", digests[:1])
    assert members("microsoft", made) == digests[1:]
    wrong = apply(service, made, "Add", [digests[0], "ann@example.com"]).PartialErrors
    assert [one.Index for one in wrong] == [1]
