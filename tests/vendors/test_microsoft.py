"""msads, Microsoft's REST client, drives the stand-in of its services, and reads our files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("bingads")

from bingads import service_client
from bingads.authorization import (
    AuthorizationData,
    OAuthDesktopMobileAuthCodeGrant,
    OAuthTokens,
)
from bingads.v13.bulk.bulk_service_manager import BulkServiceManager
from bingads.v13.bulk.entities import BulkCustomerList, BulkCustomerListItem
from bingads.v13.bulk.enums import ResultFileType
from bingads.v13.bulk.file_reader import BulkFileReader
from bingads.v13.bulk.file_writer import BulkFileWriter
from bingads.v13.bulk.upload_parameters import FileUploadParameters
from openapi_client.models.campaign import (
    AddAudiencesRequest,
    ApplyCustomerListUserDataRequest,
    CustomerList,
    CustomerListUserData,
)

ACTIONS = {"add": "Add", "remove": "Remove", "replace": "Replace"}


def who() -> AuthorizationData:
    grant = OAuthDesktopMobileAuthCodeGrant(client_id="sandbox")
    grant._oauth_tokens = OAuthTokens(access_token="sandbox", access_token_expires_in_seconds=3600)
    return AuthorizationData("42", "7", "sandbox", grant)


@pytest.fixture
def service(url: str) -> service_client.ServiceClient:
    return service_client.ServiceClient(
        "CampaignManagementService", 13, who(), location=f"{url}/microsoft"
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


def written(path: Path, audience: str, action: str, texts: list[str]) -> None:
    """Write a file as their client writes it: with every column that it knows."""
    asked = BulkCustomerList(customer_list=CustomerList(id=audience), action_type=action)
    with BulkFileWriter(str(path)) as file:
        file.write_entity(asked)
        for number, text in enumerate(texts):
            item = BulkCustomerListItem(parent_id=audience, sub_type="Email", text=text)
            item.client_id = str(number)
            file.write_entity(item)


def uploaded(url: str, folder: Path, path: Path) -> list[Any]:
    """Upload a file and return what their reader makes of its file of errors."""
    manager = BulkServiceManager(
        who(),
        working_directory=str(folder),
        location=f"{url}/microsoft",
        poll_interval_in_milliseconds=10,
    )
    asked = FileUploadParameters(
        str(path), str(folder), f"{path.stem}-result.csv", response_mode="ErrorsAndResults"
    )
    came = manager.upload_file(asked)
    with BulkFileReader(came, result_file_type=ResultFileType.upload) as reader:
        return list(reader)


def test_a_file_of_theirs_adds_removes_and_replaces(
    service, members, digests, url: str, tmp_path: Path
) -> None:
    new = CustomerList(name="vips", membership_duration=30)
    made = service.add_audiences(AddAudiencesRequest(audiences=[new])).AudienceIds[0]
    apply(service, made, "Add", digests[:1])  # which accepts the terms: no file of theirs can
    for action, texts, wanted in (
        ("Add", digests, digests),
        ("Remove", digests[:1], digests[1:]),
        ("Replace", digests[:2], digests[:2]),
    ):
        path = tmp_path / f"{action}.csv"
        written(path, made, action, texts)
        assert not any(one.has_errors for one in uploaded(url, tmp_path, path))
        assert members("microsoft", made) == wanted
    written(tmp_path / "bad.csv", made, "Add", [digests[2], "ann@example.com"])
    _, _, wrong = uploaded(url, tmp_path, tmp_path / "bad.csv")
    assert isinstance(wrong, BulkCustomerListItem)
    assert (wrong.client_id, wrong.errors[0].error) == ("1", "CustomerListItemInvalid")
    assert members("microsoft", made) == digests


@pytest.mark.parametrize("op", ACTIONS)
def test_a_file_of_ours_is_one_of_theirs(
    ours: dict[str, dict[str, str]], op: str, tmp_path: Path
) -> None:
    """Their reader knows each row, and nothing of ours is lost on it."""
    whole = ours["microsoft_bulk"][op].replace("{audience_id}", "7090000001")
    found = re.search(r"\r\n\r\n(\ufeff.*)\r\n--[0-9a-f]{32}--\r\n$", whole, re.DOTALL)
    assert found
    path = tmp_path / "ours.csv"
    path.write_text(found[1], encoding="utf-8")
    with BulkFileReader(str(path), result_file_type=ResultFileType.upload) as reader:
        head, *items = list(reader)
    assert isinstance(head, BulkCustomerList)
    assert (str(head.audience.Id), head.action_type) == ("7090000001", ACTIONS[op])
    assert all(isinstance(item, BulkCustomerListItem) for item in items)
    read = [(item.client_id, item.parent_id, item.sub_type, item.text) for item in items]
    texts = re.findall(r",Email,([0-9a-f]{64})\n", whole)
    assert len(texts) == 2
    assert read == [(str(n), 7090000001, "Email", text) for n, text in enumerate(texts)]
    head.audience.SupportedCampaignTypes = None  # their own reader leaves what they cannot write
    again = tmp_path / "again.csv"
    with BulkFileWriter(str(again)) as file:
        for entity in (head, *items):
            file.write_entity(entity)
    with BulkFileReader(str(again), result_file_type=ResultFileType.upload) as reader:
        assert [getattr(one, "text", None) for one in reader] == [None, *texts]
