"""What only WhatsApp through Twilio has: user ids beside numbers, choices, places, forms, what it replies to."""

from typing import Any

import pytest

from channels_ingest.adapters.base import AccountSettings, Delivery
from channels_ingest.adapters.sending import HttpRequest, Outgoing, Template
from channels_ingest.adapters.whatsapp_twilio import ADAPTER
from tests.channels_ingest.conformance.providers.sms_twilio import form
from tests.channels_ingest.describing import RECEIVED_AT, described


def read(plain: dict[str, str] | None = None, **fields: str) -> list[dict[str, Any]]:
    whole = {"MessageSid": "SM1", "AccountSid": "AC1", "From": "whatsapp:+14135550123", "To": "whatsapp:+12025550111"}
    delivery = Delivery(body=form(list((whole | fields).items())), headers={})
    settings = AccountSettings(plain=plain or {})
    return [described(located) for located in ADAPTER.normalise(delivery, settings, RECEIVED_AT)]


def test_number_and_user_id_are_sighted_together_and_the_number_is_answered() -> None:
    [message] = read(
        Body="hi", WaId="14135550123", ExternalUserId="whatsapp:US.1", ParentExternalUserId="whatsapp:US.ENT.2"
    )
    assert message["sender"] == {
        "address": "+14135550123",
        "identifiers": [
            "phone:+14135550123 proved",
            "whatsapp_user@AC1:US.1 proved",
            "whatsapp_user@AC1/parent:US.ENT.2 proved",
        ],
    }


def test_user_who_hides_the_number_is_answered_by_user_id_in_the_portfolio() -> None:
    [message] = read({"portfolio_id": "777"}, From="whatsapp:US.1", Body="hi", ProfileUsername="mira")
    assert message["sender"] == {
        "address": "US.1",
        "identifiers": ["whatsapp_user@777:US.1 proved"],
        "traits": {"username": "mira"},
    }


def test_number_that_whatsapp_writes_otherwise_is_kept_beside_the_one_that_came() -> None:
    [message] = read(From="whatsapp:+5531988880000", WaId="553188880000", Body="oi")
    assert message["sender"]["identifiers"] == ["phone:+5531988880000 proved", "phone:+553188880000 proved"]


@pytest.mark.parametrize("address", ["whatsapp:", "whatsapp:\x00"])
def test_message_of_nobody_is_reported(address: str) -> None:
    [report] = read(From=address, Body="hi")
    assert report["reason"] == "nobody named as the customer"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("+14135550123", "sms on a line for whatsapp"),
        ("32665", "sms on a line for whatsapp"),
        ("", "sms on a line for whatsapp"),
        ("messenger:4", "messenger on a line for whatsapp"),
        ("rcs:whatsapp:+14135550123", "(no code word) on a line for whatsapp"),
        ("WhatsApp:+14135550123", "WhatsApp on a line for whatsapp"),
    ],
)
def test_sender_of_another_channel_never_gains_the_proof_of_this_one(address: str, reason: str) -> None:
    [report] = read(From=address, WaId="14135550123", ExternalUserId="whatsapp:US.1", Body="hi")
    assert (report["item"], report["reason"]) == ("NotUnderstood", reason)


def test_row_of_a_list_and_button_are_choices() -> None:
    [row] = read(Body="Tuesday", MessageType="interactive", ListId="tue", ListTitle="Tuesday")
    [button] = read(Body="Yes", MessageType="button", ButtonText="Yes", ButtonPayload="y-1")
    assert row["detail"] == {"type": "choice", "choice": {"kind": "list", "id": "tue", "title": "Tuesday"}}
    assert button["detail"] == {"type": "choice", "choice": {"kind": "button", "id": "y-1", "title": "Yes"}}


def test_answers_of_a_form_are_read_from_their_json() -> None:
    [form_reply] = read(Body="", MessageType="interactive", InteractiveData='{"size": "M", "n": 1e999}')
    [broken] = read(Body="", MessageType="interactive", InteractiveData="{size")
    assert form_reply["detail"]["form"] == {"size": "M", "n": None}
    assert broken["detail"]["form"] == "{size"


@pytest.mark.parametrize("latitude", ["", "north", "1e9", "nan", "181", "٣", "--1"])
def test_place_that_is_none_is_reported(latitude: str) -> None:
    message, report = read(MessageType="location", Latitude=latitude, Longitude="1.5")
    assert message["placeholder"] is True
    assert message["detail"]["type"] == "unsupported"
    assert report["reason"] == "message type location"


def test_unknown_type_with_a_text_is_a_text_and_without_one_a_placeholder() -> None:
    [known] = read(Body="hi", MessageType="hologram")
    placeholder, report = read(Body="", MessageType="hologram")
    assert known["detail"] == {"type": "text"}
    assert placeholder["placeholder"] is True
    assert report["reason"] == "message type hologram"


def test_opt_out_button_of_a_template_withdraws_marketing_only() -> None:
    message, consent = read(Body="Stop promotions", MessageType="button", ButtonText="Stop promotions")
    assert message["item"] == "Message"
    assert (consent["purpose"], consent["granted"], consent["source"]) == ("marketing", False, "template_button")
    assert len(read(Body="Stop promotions", MessageType="text")) == 1


def test_surroundings_are_told_as_for_the_cloud_api() -> None:
    [message] = read(
        Body="hi",
        OriginalRepliedMessageSid="SM9",
        Forwarded="true",
        FrequentlyForwarded="false",
        ReferralHeadline="Sale",
        ReferralSourceUrl="javascript:1",
        ReferralCtwaClid="c1",
    )
    assert message["detail"] == {
        "type": "text",
        "reply_to": {"provider_message_id": "SM9"},
        "forwarded": "once",
        "referral": {"headline": "Sale", "ctwa_clid": "c1"},
    }


def test_sticker_is_a_sticker() -> None:
    [message] = read(
        MessageType="sticker", NumMedia="1", MediaUrl0="https://api.twilio.com/m", MediaContentType0="image/webp"
    )
    assert message["detail"]["type"] == "sticker"
    assert message["detail"]["attachments"][0]["type"] == "sticker"


def test_template_goes_out_by_its_content_sid_with_numbered_variables() -> None:
    outgoing = Outgoing(
        reference="r",
        address="US.1",
        text="",
        status_url="https://hub.example.com/w/?reference=r",
        template=Template(name="HX123", language="en", parameters=("Mira", "1042")),
    )
    account = AccountSettings(
        plain={"account_sid": "AC1", "from": "whatsapp:+12025550111"}, secrets={"auth_token": ("t",)}
    )
    request = ADAPTER.render(outgoing, account, api_url=ADAPTER.api_url)  # type: ignore[attr-defined]
    assert isinstance(request, HttpRequest)
    assert request.url == "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"
    assert request.headers["authorization"] == "Basic QUMxOnQ="
    assert request.body == (
        b"To=whatsapp%3AUS.1&From=whatsapp%3A%2B12025550111&ContentSid=HX123"
        b"&ContentVariables=%7B%221%22%3A+%22Mira%22%2C+%222%22%3A+%221042%22%7D"
        b"&StatusCallback=https%3A%2F%2Fhub.example.com%2Fw%2F%3Freference%3Dr"
    )
