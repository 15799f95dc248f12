"""Vonage's token and `sig`, both layouts of its Messages API, the old SMS API, and what it answers to a send."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from channels_ingest.adapters.base import AccountSettings, Delivery
from channels_ingest.adapters.sending import Accepted, Answer, CannotSendError, Outgoing, Refused, TryLater, Unclear
from channels_ingest.adapters.sms_vonage import ADAPTER, SmsVonage
from tests.channels_ingest.describing import PAYLOADS, RECEIVED_AT, described

SECRET = "a signature secret of at least 32 bytes"
BODY = b'{"message_uuid": "1"}'
VECTORS = json.loads((PAYLOADS / "signature-vectors.json").read_text())


def token(secret: str = SECRET, body: bytes = BODY, algorithm: str = "HS256", **claims: Any) -> str:
    known = {"iat": int(RECEIVED_AT.timestamp()), "payload_hash": hashlib.sha256(body).hexdigest()}
    return jwt.encode(known | claims, secret, algorithm=algorithm)


def verify(authorization: str, *, body: bytes = BODY, secret: str = SECRET, **plain: str) -> bool:
    account = AccountSettings(plain=plain, secrets={"signature_secret": (secret,)})
    delivery = Delivery(body=body, headers={"authorization": authorization}, received_at=RECEIVED_AT)
    return ADAPTER.verify(delivery, account)


def read(payload: dict[str, Any], **plain: str) -> list[dict[str, Any]]:
    delivery = Delivery(body=json.dumps(payload).encode(), headers={})
    return [described(located) for located in ADAPTER.normalise(delivery, AccountSettings(plain=plain), RECEIVED_AT)]


# The token


def test_token_over_the_digest_is_good() -> None:
    assert verify(f"Bearer {token()}")
    assert verify(f"Bearer {token(payload_hash=hashlib.sha256(BODY).hexdigest().upper())}")


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_secret_shorter_than_the_digest_is_vonages_choice() -> None:
    assert verify(f"Bearer {token('short')}", secret="short")


@pytest.mark.parametrize(
    "claims",
    [
        {"payload_hash": hashlib.sha256(b"other").hexdigest()},
        {"payload_hash": ""},
        {"payload_hash": None},
        {"payload_hash": ["x"]},
        {"iat": None},
        {"iat": "1"},
        {"iat": True},
        {"iat": 10**400},
        {"iat": float("inf")},
        {"iat": int((RECEIVED_AT - timedelta(days=30)).timestamp())},
        {"iat": int((RECEIVED_AT + timedelta(hours=1)).timestamp())},
    ],
)
def test_token_that_says_something_else_is_refused(claims: dict[str, Any]) -> None:
    assert not verify(f"Bearer {token(**claims)}")


def test_token_of_vonages_own_vector_has_no_digest_and_is_refused() -> None:
    vector = VECTORS["vonage_jwt"]
    assert jwt.decode(vector["token"], vector["secret"], algorithms=["HS256"], options={"verify_aud": False})
    assert not verify(f"Bearer {vector['token']}", secret=vector["secret"])


def test_other_algorithms_are_refused() -> None:
    long_secret = SECRET * 2
    for algorithm in ("HS384", "HS512"):
        assert not verify(f"Bearer {token(long_secret, algorithm=algorithm)}", secret=long_secret)
    head, claims, _ = token().split(".")
    none = jwt.utils.base64url_encode(b'{"alg":"none"}').decode()
    for forged in (f"{none}.{claims}.", f"{none}.{claims}.{'A' * 43}", f"{head}.{claims}.{'A' * 43}", token()[:-2]):
        assert not verify(f"Bearer {forged}")


@pytest.mark.parametrize("form", ["{}", "bearer {}", "Basic {}", "Bearer  {}", "Bearer {} ", "Bearer {},{}", "Bearer"])
def test_other_header_is_refused(form: str) -> None:
    assert not verify(form.replace("{}", token()))


def test_token_of_another_application_is_refused_where_the_account_names_its_own() -> None:
    header = f"Bearer {token(api_key='k', application_id='a')}"
    assert verify(header)
    assert verify(header, api_key="k", application_id="a")
    assert not verify(header, application_id="b")
    assert not verify(header, api_key="other")
    assert not verify(f"Bearer {token()}", application_id="a")


# The old SMS API's sig


def sig(fields: dict[str, str], method: str = "sha256", secret: str = SECRET) -> str:
    text = "".join(f"&{k}={fields[k].replace('&', '_').replace('=', '_')}" for k in sorted(fields))
    return hmac.new(secret.encode(), text.encode(), method).hexdigest().upper()


INBOUND = json.loads((PAYLOADS / "vonage-sms-inbound.json").read_text())


@pytest.mark.parametrize("method", ["sha512", "sha256", "sha1", "md5"])
@pytest.mark.parametrize("write", [urlencode, json.dumps])
def test_sig_is_good_where_the_account_names_its_method(method: str, write: Any) -> None:
    fields = INBOUND | {"text": "a&b=c ü"}
    body = write(fields | {"sig": sig(fields, method)}).encode()
    assert verify("", body=body, sms_signature=method)
    assert not verify("", body=body)
    assert not verify("", body=body, sms_signature="md5hash")
    assert not verify("", body=body, secret="another", sms_signature=method)
    assert not verify("", body=body.replace(b"447700900001", b"447700900002"), sms_signature=method)
    assert not verify("Bearer x", body=body, sms_signature=method)


@pytest.mark.parametrize("body", [b"", b"sig=", b'{"sig": ""}', b'{"sig": 7}', b"[]", b"{", b'{"a": "' + b"x" * 10])
def test_body_without_a_sig_is_refused(body: bytes) -> None:
    assert not verify("", body=body, sms_signature="sha256")


def test_two_spellings_that_sig_cannot_tell_apart_are_one_delivery() -> None:
    one, other = INBOUND | {"text": "a=b"}, INBOUND | {"text": "a_b"}
    assert sig(one) == sig(other)
    keys = {ADAPTER.delivery_key(Delivery(body=json.dumps(each).encode(), headers={})) for each in (one, other)}
    assert len(keys) == 1


# What it says


def test_messages_of_the_first_version_carry_files_as_links() -> None:
    said = {"message_uuid": "1", "channel": "mms", "from": "447700900001", "to": "447700900000"}
    [image] = read(said | {"message_type": "image", "image": {"url": "https://api.nexmo.com/1", "caption": "look"}})
    [mixed] = read(said | {"message_type": "content", "content": [{"type": "vcard", "url": "https://api.nexmo.com/2"}]})
    placeholder, report = read(said | {"message_type": "image", "image": {"url": "javascript:1"}})
    assert (image["text"], image["detail"]["type"]) == ("look", "image")
    assert image["detail"]["attachments"][0]["link"] == "https://api.nexmo.com/1"
    assert mixed["detail"]["attachments"][0]["type"] == "document"
    assert placeholder["placeholder"] is True
    assert report["reason"] == "message type image"


def test_short_code_and_name_join_nobody() -> None:
    for address, refusal in [("32665", "short_code"), ("ACME", "sender_name")]:
        [message] = read({"message_uuid": "1", "from": address, "message_type": "text", "text": "x"})
        assert message["sender"] == {"address": address, "reply_refusal": refusal}


def test_number_of_ours_routes_where_the_account_is_one_number() -> None:
    said = {"message_uuid": "1", "from": "447700900001", "to": "447700900000", "message_type": "text", "text": "x"}
    assert read(said, **{"from": "+447700900000"})[0]["route"] == "+447700900000"
    assert read(said, **{"from": "447700900009"})[0]["route"] == "447700900000"
    assert read(said, **{"from": "ACME"})[0]["route"] == ""


@pytest.mark.parametrize(
    ("word", "delivery"),
    [
        ("submitted", "sent"),
        ("delivered", "delivered"),
        ("read", "read"),
        ("rejected", "failed"),
        ("undeliverable", "failed"),
        ("accepted", "sent"),
        ("buffered", "sent"),
        ("expired", "failed"),
        ("failed", "failed"),
        ("unknown", "unknown"),
    ],
)
def test_every_status_has_its_meaning(word: str, delivery: str) -> None:
    [amendment] = read({"messageId": "1", "status": word, "msisdn": "447700900001", "err-code": "0"})
    assert amendment["detail"] == {"status": word, "delivery": delivery}


def test_receipt_code_is_told_in_words() -> None:
    [amendment] = read({"messageId": "1", "status": "failed", "msisdn": "447700900001", "err-code": "9"})
    assert amendment["detail"]["errors"] == [
        {"code": 9, "message": "this is no number that can be texted", "closes": "unreachable"}
    ]


@pytest.mark.parametrize("when", ["", "soon", "2020", None, 7, "9999-12-31T23:59:59Z", "1999-01-01T00:00:00Z"])
def test_absurd_time_is_replaced_by_that_of_receipt(when: Any) -> None:
    [message] = read(
        {"message_uuid": "1", "from": "447700900001", "timestamp": when, "message_type": "text", "text": ""}
    )
    assert message["occurred_at"] == "received"


# Sending


def answered(status: int, **said: Any) -> object:
    return SmsVonage().read_answer(Answer(status=status, body=json.dumps(said).encode(), headers={"retry-after": "2"}))


ERRORS = "https://developer.vonage.com/api-errors/messages#"


def test_answers_are_outcomes() -> None:
    assert answered(202, message_uuid="u") == Accepted(provider_message_id="u")
    assert isinstance(answered(202), Unclear)
    assert isinstance(answered(500, type=ERRORS + "1030"), Unclear)
    assert isinstance(answered(422, type=ERRORS + "1000"), TryLater)
    assert answered(401, title="Unauthorized") == Refused(
        code="401", reason="Vonage refuses the line's credentials: check api_key and api_secret"
    )
    assert answered(422, type=ERRORS + "1170", title="Invalid params") == Refused(
        code="1170", reason="this is no number that can be texted", closes="unreachable"
    )
    assert answered(422, type=ERRORS + "1090", detail="too long for +447700900001") == Refused(
        code="1090", reason="too long for …"
    )
    assert answered(402) == Refused(code="402", reason="Vonage did not say why")


def test_call_is_as_documented() -> None:
    account = AccountSettings(plain={"api_key": "k", "from": "+447700900000"}, secrets={"api_secret": ("s",)})
    outgoing = Outgoing(reference="r", address="447700900001", text="hi", status_url="https://h.example/?reference=r")
    request = SmsVonage().render(outgoing, account, api_url="https://api.nexmo.com")
    assert (request.url, request.headers["authorization"]) == ("https://api.nexmo.com/v1/messages", "Basic azpz")
    assert json.loads(request.body) == {
        "channel": "sms",
        "message_type": "text",
        "to": "447700900001",
        "from": "447700900000",
        "text": "hi",
        "client_ref": "r",
        "webhook_url": "https://h.example/?reference=r",
        "webhook_version": "v1",
    }
    with pytest.raises(CannotSendError, match="too long"):
        SmsVonage().render(Outgoing(reference="r", address="1", text="x" * 1_001, status_url=""), account, api_url="")
