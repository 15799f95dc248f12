"""Twilio's signature against Twilio's own library and vectors, and what only Twilio's texts have."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from channels_ingest.adapters.base import AccountSettings, Delivery
from channels_ingest.adapters.sms_twilio import ADAPTER
from tests.channels_ingest.conformance.providers.sms_twilio import Multi, form
from tests.channels_ingest.describing import PAYLOADS, RECEIVED_AT, described

VECTORS = json.loads((PAYLOADS / "signature-vectors.json").read_text())
FILES = VECTORS["twilio_files_here"]
LIBRARY = VECTORS["twilio_library_vectors"]
URL = "https://hub.example.com/webhooks/sms_twilio/k/"
BODY = form([("MessageSid", "SM1"), ("From", "+14135550123"), ("To", "+12025550111"), ("Body", "hi")])


def account(*tokens: str, **plain: str) -> AccountSettings:
    return AccountSettings(plain=plain, secrets={"auth_token": tokens or ("12345",)})


def verify(body: bytes, signature: str, *, url: str = URL, token: str = "12345", **headers: str) -> bool:
    delivery = Delivery(body=body, headers={"x-twilio-signature": signature, **headers}, url=url)
    return ADAPTER.verify(delivery, account(token))


def signed(fields: dict[str, list[str]], url: str = URL, token: str = "12345", algorithm: str = "HMAC_SHA1") -> str:
    return str(RequestValidator(token).compute_signature(url, Multi(fields), algorithm))


def read(fields: list[tuple[str, str]], query: str = "", **plain: str) -> list[dict[str, Any]]:
    delivery = Delivery(body=form(fields), headers={}, query=query)
    return [described(located) for located in ADAPTER.normalise(delivery, account(**plain), RECEIVED_AT)]


INBOUND = [("MessageSid", "SM1"), ("From", "+14135550123"), ("To", "+12025550111"), ("Body", "hi")]


# The signature


@pytest.mark.parametrize("name", [name for name in FILES if (PAYLOADS / name).exists()])
def test_signature_printed_beside_the_payload_is_good(name: str) -> None:
    vector = FILES[name]
    body, signature = (PAYLOADS / name).read_bytes(), vector["X-Twilio-Signature"]
    assert verify(body, signature, url=vector["url"], token=vector["auth_token"])
    assert not verify(body, signature, url=vector["url"] + "/", token=vector["auth_token"])
    assert not verify(body + b"&x=1", signature, url=vector["url"], token=vector["auth_token"])


def test_vectors_of_the_library_are_good() -> None:
    body = urlencode(LIBRARY["params"]).encode()
    for signature in (LIBRARY["signature"], LIBRARY["also_valid_with_port_443"]):
        assert verify(body, signature, url=LIBRARY["url"], token=LIBRARY["auth_token"])
    assert not verify(body, LIBRARY["json_body"]["signature"], url=LIBRARY["url"], token=LIBRARY["auth_token"])


def test_repeated_fields_count_once() -> None:
    twice = LIBRARY["duplicates"]
    assert verify(twice["query"].encode(), twice["signature"], url=LIBRARY["url"], token=LIBRARY["auth_token"])


@pytest.mark.parametrize(
    ("signed_for", "posted_to"),
    [
        ("https://hub.example.com/w/?a=1", "https://hub.example.com:443/w/?a=1"),
        ("https://hub.example.com:443/w/?a=1", "https://hub.example.com/w/?a=1"),
        ("http://hub.example.com:80/w/", "http://hub.example.com/w/"),
        ("https://hub.example.com/w/", "https://hub.example.com:8443/w/"),
        ("https://hub.example.com:8443/w/", "https://hub.example.com:8443/w/"),
        ("http://[::1]:8000/w/", "http://[::1]:8000/w/"),
    ],
)
def test_port_may_stand_in_the_address_or_not(signed_for: str, posted_to: str) -> None:
    signature = signed({"A": ["1"]}, signed_for)
    assert verify(b"A=1", signature, url=posted_to)
    if "[" not in posted_to:
        assert RequestValidator("12345").validate(posted_to, {"A": "1"}, signature)


@pytest.mark.parametrize(
    "posted_to",
    [
        "http://hub.example.com/w/?a=1",
        "https://hub.example.com/w/",
        "https://hub.example.com/w/?a=2",
        "https://hub.example.com/W/?a=1",
        "https://other.example.com/w/?a=1",
        "",
        "https://[/w/?a=1",
        "https://hub.example.com:port/w/?a=1",
    ],
)
def test_other_address_is_refused(posted_to: str) -> None:
    assert not verify(b"A=1", signed({"A": ["1"]}, "https://hub.example.com/w/?a=1"), url=posted_to)


def test_signature_of_a_get_request_says_nothing_of_a_body() -> None:
    """A GET delivery is signed by its address alone; replayed by POST it must not carry anything."""
    url = URL + "?MessageSid=SM1&From=%2B14135550123&Body=hi"
    signature = signed({}, url)
    for body in (b"", b"&&", b"Body=forged", b'{"Body": "forged"}'):
        assert not verify(body, signature, url=url)


def test_signature_of_a_json_body_is_refused() -> None:
    """Twilio signs the address alone there, with the digest of the body in it; messages never come so."""
    url = URL + "?bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    assert not verify(b'{"property": "value", "boolean": true}', signed({}, url), url=url)


def test_shared_key_signs_with_sha256_and_only_where_twilio_says_so() -> None:
    fields = {"A": ["1"], "B": ["ü"]}
    body = urlencode({"A": "1", "B": "ü"}).encode()
    header = {"x-twilio-webhooks-signature-settings": "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"}
    known = AccountSettings(secrets={"auth_token": ("12345",), "webhook_key": ("shared",)})

    def good(token: str, algorithm: str, headers: dict[str, str]) -> bool:
        headers = {"x-twilio-signature": signed(fields, URL, token, algorithm), **headers}
        return ADAPTER.verify(Delivery(body=body, headers=headers, url=URL), known)

    assert good("shared", "HMAC_SHA256", header)
    assert not good("shared", "HMAC_SHA256", {})
    assert not good("12345", "HMAC_SHA256", header)
    assert not good("12345", "HMAC_SHA1", header)
    assert good("12345", "HMAC_SHA1", {"x-twilio-webhooks-signature-settings": ""})
    assert not good("shared", "HMAC_SHA256", {"x-twilio-webhooks-signature-settings": "algorithm=HMAC_MD5"})


NAMES = st.sampled_from(["MessageSid", "From", "To", "Body", "A", "a", "Ü", "", " "])
FIELDS = st.lists(st.tuples(NAMES, st.text(st.characters(codec="utf-8"), max_size=6)), min_size=1, max_size=6)
URLS = st.sampled_from(
    [URL, URL + "?reference=1", "http://h.example/", "https://h.example:8443/w/", "https://h.example:443/w/"]
)


@settings(max_examples=400, deadline=None)
@given(fields=FIELDS, signed_fields=FIELDS, is_same=st.booleans(), url=URLS, signed_url=URLS)
def test_verdict_is_that_of_twilios_own_validator(
    fields: list[tuple[str, str]],
    signed_fields: list[tuple[str, str]],
    is_same: bool,
    url: str,
    signed_url: str,
) -> None:
    by_name: dict[str, list[str]] = {}
    for name, value in signed_fields if is_same else fields:
        by_name.setdefault(name, []).append(value)
    params = Multi(by_name)
    theirs: dict[str, list[str]] = {}
    for name, value in signed_fields:
        theirs.setdefault(name, []).append(value)
    signature = signed(theirs, signed_url)
    verdict = RequestValidator("12345").validate(url, params, signature)
    body = form([(name, value) for name, values in by_name.items() for value in values])
    assert verify(body, signature, url=url) is verdict


def test_order_of_the_fields_makes_no_other_delivery() -> None:
    keys = [
        ADAPTER.delivery_key(Delivery(body=body, headers={}, query=query))
        for body, query in [(b"a=1&b=2", ""), (b"b=2&a=1", ""), (b"a=1&b=3", ""), (b"a=1&b=2", "reference=7")]
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_body_with_absurdly_many_fields_is_refused_at_once() -> None:
    assert not verify(b"&".join([b"a=1"] * 100_000), signed({"a": ["1"]}))


# What it says


def test_short_code_and_name_join_nobody_and_are_not_answered() -> None:
    for address, refusal in [("32665", "short_code"), ("ACME Ltd", "sender_name"), ("A4526123456", "sender_name")]:
        [message] = read([("MessageSid", "SM1"), ("From", address), ("Body", "x")])
        assert message["sender"] == {"address": address, "reply_refusal": refusal}


def test_sender_of_another_channel_is_reported() -> None:
    [report] = read([("MessageSid", "SM1"), ("From", "whatsapp:+14135550123"), ("Body", "x")])
    assert (report["item"], report["reason"]) == ("NotUnderstood", "whatsapp on a line for sms")


def test_national_variants_stay_as_received() -> None:
    for number in ("+553188880000", "+5531988880000", "+5215555500000", "+5491155550000"):
        [message] = read([("MessageSid", "SM1"), ("From", number), ("Body", "x")])
        assert message["sender"] == {"address": number, "identifiers": [f"phone:{number} weak"]}


def test_parts_of_a_long_text_are_told() -> None:
    [message] = read([*INBOUND, ("NumSegments", "3")])
    assert message["detail"] == {"type": "text", "segments": 3}


@pytest.mark.parametrize("count", ["", "x", "-1", "9999999", "٣", "1e9"])
def test_odd_number_of_media_is_none(count: str) -> None:
    [message] = read([*INBOUND, ("NumMedia", count)])
    assert message["detail"] == {"type": "text"}


def test_link_that_is_no_web_address_is_left_out() -> None:
    fields = [("NumMedia", "2"), ("MediaUrl0", "javascript:alert(1)"), ("MediaUrl1", "https://api.twilio.com/1")]
    [message] = read([*INBOUND, *fields, ("MediaContentType1", "text/vcard")])
    assert message["detail"]["attachments"] == [
        {"type": "document", "mime_type": "text/vcard", "link": "https://api.twilio.com/1", "name": ""}
    ]


def test_number_of_ours_routes_where_the_account_is_one_number() -> None:
    assert read(INBOUND, **{"from": "+12025550111"})[0]["route"] == "+12025550111"
    assert read(INBOUND, **{"from": "MG0"})[0]["route"] == ""
    assert read(INBOUND)[0]["route"] == ""
    assert read([*INBOUND[:2], ("To", "+12025550999")], **{"from": "+12025550111"})[0]["route"] == "+12025550999"
    assert read(INBOUND[:2], **{"from": "+12025550111"})[0]["route"] == ""
    status = [("MessageSid", "SM1"), ("MessageStatus", "sent"), ("From", "+12025550111"), ("To", "+14135550123")]
    assert read(status, **{"from": "+12025550111"})[0]["route"] == "+12025550111"


def test_status_hands_our_reference_back_from_the_signed_query() -> None:
    status = [("MessageSid", "SM1"), ("MessageStatus", "delivered"), ("To", "+14135550123")]
    reference = "0b0f7a3e-9f0a-4f5e-8a52-2f1f6a3f7b11"
    [amendment] = read(status, query=f"reference={reference}")
    assert amendment["detail"] == {"status": "delivered", "delivery": "delivered", "reference": reference}


@pytest.mark.parametrize(
    ("word", "delivery"),
    [
        ("accepted", "queued"),
        ("scheduled", "queued"),
        ("queued", "queued"),
        ("sending", "queued"),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("read", "read"),
        ("undelivered", "failed"),
        ("failed", "failed"),
        ("canceled", "failed"),
    ],
)
def test_every_status_of_twilio_has_its_meaning(word: str, delivery: str) -> None:
    [amendment] = read([("MessageSid", "SM1"), ("MessageStatus", word)])
    assert amendment["detail"] == {"status": word, "delivery": delivery}


def test_status_never_heard_of_is_kept_and_reported() -> None:
    amendment, report = read([("MessageSid", "SM1"), ("MessageStatus", "teleported")])
    assert amendment["detail"] == {"status": "teleported", "delivery": "unknown"}
    assert report["reason"] == "status teleported"


def test_error_without_words_of_ours_has_twilios_without_numbers() -> None:
    status = [("MessageSid", "SM1"), ("MessageStatus", "failed"), ("ErrorCode", "39999")]
    [amendment] = read([*status, ("ErrorMessage", "The number +1 413 555 0123 is busy")])
    assert amendment["detail"]["errors"] == [{"code": 39999, "message": "The number … is busy"}]


def test_help_keyword_that_twilio_answered_is_told_and_changes_no_consent() -> None:
    [message] = read([*INBOUND, ("OptOutType", "HELP")])
    assert message["detail"] == {"type": "text", "opt_out": "help"}
