"""What Twilio answers to a send, as outcomes; what a line sends from."""

import json

import pytest

from channels_ingest.adapters._twilio_errors import TROUBLES
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.sending import (
    Accepted,
    Answer,
    CannotSendError,
    HttpRequest,
    Outgoing,
    OutgoingFile,
    Refused,
    Template,
    TryLater,
    Unclear,
)
from channels_ingest.adapters.sms_twilio import SmsTwilio

ADAPTER = SmsTwilio()


def answered(status: int, code: int | None = None, message: str = "", **headers: str) -> object:
    body = json.dumps({"code": code, "message": message, "status": status}).encode() if code is not None else b""
    return ADAPTER.read_answer(Answer(status=status, body=body, headers=headers))


def outgoing(text: str = "hi", **more: object) -> Outgoing:
    return Outgoing(reference="r", address="+14135550123", text=text, status_url="https://h.example/", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "code", "closes"),
    [
        (400, 21610, "opted_out"),
        (400, 63016, "window"),
        (400, 21211, "unreachable"),
        (400, 21612, "unreachable"),
        (400, 21614, "unreachable"),
        (400, 21635, "unreachable"),
        (400, 30003, "unreachable"),
        (400, 30005, "unreachable"),
        (400, 63024, "unreachable"),
        (400, 21608, ""),
        (401, 20003, ""),
        (400, 21617, ""),
    ],
)
def test_code_closes_the_address_in_its_way(status: int, code: int, closes: str) -> None:
    assert answered(status, code) == Refused(code=str(code), reason=TROUBLES[code].reason, closes=closes)


@pytest.mark.parametrize(("status", "code"), [(429, 20429), (429, None), (400, 21611), (400, 63018)])
def test_limits_are_tried_again(status: int, code: int | None) -> None:
    outcome = answered(status, code, **{"retry-after": "3"})
    assert isinstance(outcome, TryLater)
    assert outcome.after_seconds == (3.0 if status == 429 else 0.0)
    assert outcome.whole_account


def test_unknown_code_has_twilios_words_without_the_number() -> None:
    outcome = answered(400, 29999, "The 'To' number +14135550123 is odd")
    assert outcome == Refused(code="29999", reason="The 'To' number … is odd")


def test_refusal_without_a_code_is_still_in_words() -> None:
    assert answered(403) == Refused(code="20003", reason=TROUBLES[20003].reason)
    assert answered(418) == Refused(code="418", reason="Twilio did not say why")


def test_promise_without_a_sid_is_unclear() -> None:
    assert isinstance(ADAPTER.read_answer(Answer(status=201, body=b'{"sid": ""}')), Unclear)
    assert ADAPTER.read_answer(Answer(status=201, body=b'{"sid": "SM1"}')) == Accepted(provider_message_id="SM1")


def test_messaging_service_sends_instead_of_a_number() -> None:
    account = AccountSettings(plain={"from": "MG1", "account_sid": "AC/../1"})
    request = ADAPTER.render(outgoing(), account, api_url="https://api.twilio.com")
    assert isinstance(request, HttpRequest)
    assert b"MessagingServiceSid=MG1" in request.body
    assert b"From=" not in request.body
    assert request.url.endswith("/Accounts/AC%2F..%2F1/Messages.json")


def test_newest_token_is_the_password() -> None:
    account = AccountSettings(plain={"account_sid": "AC1"}, secrets={"auth_token": ("new", "old")})
    request = ADAPTER.render(outgoing(), account, api_url="")
    assert request.headers["authorization"] == "Basic QUMxOm5ldw=="
    assert "QUMx" not in repr(request)


@pytest.mark.parametrize(
    "message",
    [
        outgoing(""),
        outgoing("x" * 1_601),
        outgoing("x", template=Template(name="t", language="en")),
        outgoing("x", files=(OutgoingFile(name="a", mime_type="image/png", content=b""),)),
        outgoing("x", files=(OutgoingFile(name="a", mime_type="image/png", content=b"", link="https://h/1"),) * 11),
    ],
)
def test_what_twilio_cannot_send_is_refused_in_words(message: Outgoing) -> None:
    with pytest.raises(CannotSendError, match=r"\w"):
        ADAPTER.render(message, AccountSettings(), api_url="")


def test_files_go_along_as_links() -> None:
    files = (OutgoingFile(name="a", mime_type="image/png", content=b"", link="https://h.example/1"),)
    request = ADAPTER.render(outgoing("", files=files), AccountSettings(), api_url="")
    assert b"MediaUrl=https%3A%2F%2Fh.example%2F1" in request.body
    assert b"Body=" not in request.body
