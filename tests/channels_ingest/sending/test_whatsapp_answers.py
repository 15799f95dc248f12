"""What Meta answers to a message, and what it means; and what is asked of Meta."""

import json
from typing import Any

import pytest

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.sending import (
    Accepted,
    Answer,
    CannotSendError,
    HttpRequest,
    Outgoing,
    Refused,
    Template,
    TryLater,
    Unclear,
)
from channels_ingest.adapters.whatsapp_cloud import ADAPTER

ACCOUNT = AccountSettings(plain={"phone_number_id": "106"}, secrets={"access_token": ("EAAnew", "EAAold")})


def outgoing(**more: Any) -> Outgoing:
    given = {"reference": "ref-1", "address": "15550100001", "text": "Olá", "status_url": "https://hub.example.com/"}
    return Outgoing(**{**given, **more})


def asked(**more: Any) -> tuple[HttpRequest, dict[str, Any]]:
    request = ADAPTER.render(outgoing(**more), ACCOUNT, api_url=ADAPTER.api_url)
    return request, json.loads(request.body)


def test_text_goes_to_the_number_with_our_reference_and_the_newest_token() -> None:
    request, body = asked()
    assert (request.method, request.url) == ("POST", "https://graph.facebook.com/v24.0/106/messages")
    assert request.headers["authorization"] == "Bearer EAAnew"
    assert "EAAnew" not in repr(request)
    assert body == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "15550100001",
        "type": "text",
        "text": {"body": "Olá", "preview_url": False},
        "biz_opaque_callback_data": "ref-1",
    }


def test_business_scoped_user_id_is_a_recipient_and_a_quote_is_a_context() -> None:
    _, body = asked(address="US.13491208655302741918", answers="wamid.7")
    assert body["recipient"] == "US.13491208655302741918"
    assert "to" not in body
    assert body["context"] == {"message_id": "wamid.7"}


def test_template_goes_with_its_language_and_parameters() -> None:
    _, body = asked(text="", template=Template(name="parcel", language="en_US", parameters=("1042", "Mira")))
    assert body["type"] == "template"
    assert body["template"] == {
        "name": "parcel",
        "language": {"code": "en_US"},
        "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "1042"}, {"type": "text", "text": "Mira"}]}
        ],
    }


@pytest.mark.parametrize("address", ["", "120363@g.us:15550100001"])
def test_who_is_no_person_cannot_be_written_to(address: str) -> None:
    with pytest.raises(CannotSendError):
        asked(address=address)


def test_number_id_cannot_lead_elsewhere() -> None:
    account = AccountSettings(plain={"phone_number_id": "../me?x="}, secrets={})
    request = ADAPTER.render(outgoing(), account, api_url=ADAPTER.api_url)
    assert request.url == "https://graph.facebook.com/v24.0/..%2Fme%3Fx%3D/messages"


def error(code: Any, status: int = 400, **more: Any) -> Answer:
    return Answer(status=status, body=json.dumps({"error": {"code": code, "message": "x", **more}}).encode())


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(status=200, body=b'{"messages":[{"id":"wamid.1"}]}'), Accepted(provider_message_id="wamid.1")),
        (Answer(status=200, body=b'{"messages":[]}'), Unclear),
        (Answer(status=200, body=b"<html>"), Unclear),
        (Answer(status=500, body=b"oops"), Unclear),
        (Answer(status=502, body=b""), Unclear),
        (error(131000, 500), Unclear),
        (error(131047), Refused),
        (error(190, 401), Refused),
        (Answer(status=401, body=b""), Refused),
        (Answer(status=404, body=b"{}"), Refused),
        (Answer(status=429, body=b"", headers={"retry-after": "30"}), TryLater),
        (error(130429, 400), TryLater),
        (error(131056, 400), TryLater),
        (error(80007, 400), TryLater),
        (error("131047"), Refused),
        (error(True), Refused),
        (Answer(status=200, body=b"[" * 100_000), Unclear),
    ],
)
def test_answer_means(answer: Answer, outcome: Any) -> None:
    told = ADAPTER.read_answer(answer)
    assert told == outcome if not isinstance(outcome, type) else isinstance(told, outcome), told


def test_refusals_say_what_they_mean_for_the_address() -> None:
    closes = {code: ADAPTER.read_answer(error(code)).closes for code in (131047, 131050, 131026, 131049)}  # type: ignore[union-attr]
    assert closes == {131047: "window", 131050: "opted_out", 131026: "unreachable", 131049: ""}


def test_limits_of_the_line_and_of_the_person_are_told_apart() -> None:
    line, person = ADAPTER.read_answer(error(130429)), ADAPTER.read_answer(error(131056))
    assert (line.whole_account, person.whole_account) == (True, False)  # type: ignore[union-attr]
    assert person.after_seconds == 6.0  # type: ignore[union-attr]
    waiting = ADAPTER.read_answer(Answer(status=429, body=b"", headers={"retry-after": "30"}))
    assert waiting.after_seconds == 30.0  # type: ignore[union-attr]
