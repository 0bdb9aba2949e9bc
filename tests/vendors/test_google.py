"""google-ads-datamanager drives the stand-in of Google over REST."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("google.ads.datamanager_v1")

from google.ads import datamanager_v1 as dm
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials


class Bearer(AnonymousCredentials):
    """Credentials that carry the sandbox's token."""

    def apply(self, headers, token=None) -> None:
        headers["authorization"] = "Bearer sandbox"

    def before_request(self, request, method, url, headers) -> None:
        self.apply(headers)


def connected(url: str, service: str):
    client = getattr(dm, f"{service}Client")
    transport = client.get_transport_class("rest")
    host = url.removeprefix("http://") + "/google"
    made = transport(host=host, url_scheme="http", credentials=Bearer())
    return client(transport=made)


@pytest.fixture
def user_list(url: str) -> dm.UserList:
    wanted = dm.UserList(
        display_name="vips",
        ingested_user_list_info=dm.IngestedUserListInfo(
            upload_key_types=[dm.IngestedUserListInfo.UploadKeyType.CONTACT_ID],
            contact_id_info=dm.ContactIdInfo(
                data_source_type=dm.DataSourceType.DATA_SOURCE_TYPE_FIRST_PARTY
            ),
        ),
    )
    lists = connected(url, "UserListService")
    return lists.create_user_list(parent="accountTypes/GOOGLE_ADS/accounts/42", user_list=wanted)


def destination(user_list: dm.UserList, account: str = "42") -> dm.Destination:
    ads = dm.ProductAccount.AccountType.GOOGLE_ADS
    owner = dm.ProductAccount(account_type=ads, account_id=account)
    return dm.Destination(operating_account=owner, product_destination_id=str(user_list.id))


def people(digests: list[str]) -> list[dm.AudienceMember]:
    ids = [[dm.UserIdentifier(email_address=digest)] for digest in digests]
    return [dm.AudienceMember(user_data=dm.UserData(user_identifiers=one)) for one in ids]


def ingested(service, user_list: dm.UserList, digests: list[str]):
    terms = dm.TermsOfService(
        customer_match_terms_of_service_status=dm.TermsOfServiceStatus.ACCEPTED
    )
    return service.ingest_audience_members(
        dm.IngestAudienceMembersRequest(
            destinations=[destination(user_list)],
            audience_members=people(digests),
            encoding=dm.Encoding.HEX,
            terms_of_service=terms,
        )
    )


def test_who_was_added_before_an_instant_is_taken_out(url: str, user_list, members, digests):
    service = connected(url, "IngestionService")
    ingested(service, user_list, digests)
    between = datetime.now(UTC)
    ingested(service, user_list, digests[:1])
    ask = {"destinations": [destination(user_list)], "remove_as_of_time": between}
    taken = service.remove_all_audience_members(dm.RemoveAllAudienceMembersRequest(**ask))
    assert taken.request_id
    assert members("google", str(user_list.id)) == digests[:1]
    ask["remove_as_of_time"] = between + timedelta(days=1)
    with pytest.raises(exceptions.BadRequest) as caught:
        service.remove_all_audience_members(dm.RemoveAllAudienceMembersRequest(**ask))
    assert caught.value.reason == "INVALID_REMOVE_AS_OF_TIME"


def test_members_are_taken_in_and_out(url: str, user_list, members, digests) -> None:
    service = connected(url, "IngestionService")
    taken = ingested(service, user_list, digests)
    assert members("google", str(user_list.id)) == digests
    ask = dm.RetrieveRequestStatusRequest(request_id=taken.request_id)
    status = [service.retrieve_request_status(ask) for _ in range(2)][-1]
    only = status.request_status_per_destination[0]
    assert only.request_status == dm.RequestStatusPerDestination.RequestStatus.SUCCESS
    service.remove_audience_members(
        dm.RemoveAudienceMembersRequest(
            destinations=[destination(user_list)],
            audience_members=people(digests[:1]),
            encoding=dm.Encoding.HEX,
        )
    )
    assert members("google", str(user_list.id)) == digests[1:]


def addressed(digest: str, **how: str) -> dm.AudienceMember:
    parts = {"given_name": digest, "family_name": digest, "region_code": "GB", **how}
    address = dm.AddressInfo(**({"postal_code": "SW1A 1AA"} | parts))
    ids = [dm.UserIdentifier(email_address=digest), dm.UserIdentifier(address=address)]
    return dm.AudienceMember(user_data=dm.UserData(user_identifiers=ids))


def sent(service, user_list, *of: dm.AudienceMember):
    terms = dm.TermsOfService(
        customer_match_terms_of_service_status=dm.TermsOfServiceStatus.ACCEPTED
    )
    return service.ingest_audience_members(
        dm.IngestAudienceMembersRequest(
            destinations=[destination(user_list)],
            audience_members=of,
            encoding=dm.Encoding.HEX,
            terms_of_service=terms,
        )
    )


def test_an_address_is_taken_with_all_four_parts(url: str, user_list, members, digests) -> None:
    service = connected(url, "IngestionService")
    sent(service, user_list, addressed(digests[0]))
    one = digests[0]
    assert members("google", str(user_list.id)) == [f"{one},{one},{one},GB,SW1A 1AA"]
    for wrong in ({"postal_code": ""}, {"region_code": "gb"}, {"given_name": "ann"}):
        with pytest.raises(exceptions.BadRequest):
            sent(service, user_list, addressed(digests[1], **wrong))


def test_an_error_is_one_that_the_client_understands(url: str, user_list, digests) -> None:
    service = connected(url, "IngestionService")
    with pytest.raises(exceptions.BadRequest) as caught:
        service.remove_audience_members(
            dm.RemoveAudienceMembersRequest(
                destinations=[destination(user_list, "43")],
                audience_members=people(digests),
                encoding=dm.Encoding.HEX,
            )
        )
    assert caught.value.reason == "INVALID_USER_LIST_ID"
