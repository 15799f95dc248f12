"""No delivery is accepted that Meta did not sign; every one that it did sign is."""

import hashlib
import hmac
import json
import random
from collections.abc import Callable

import pytest

from channels_ingest.adapters.base import AccountSettings, Delivery
from channels_ingest.adapters.whatsapp_cloud import ADAPTER
from tests.channels_ingest.describing import PAYLOADS

VECTORS = json.loads((PAYLOADS / "signature-vectors.json").read_text())["meta_files_here"]
SECRET = VECTORS["app_secret"]
HEADER = "x-hub-signature-256"
SEED = 20261122


def account(*app_secrets: str) -> AccountSettings:
    return AccountSettings(secrets={"app_secret": app_secrets, "verify_token": ("meatyhamhock",)})


def signed(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("name", VECTORS["X-Hub-Signature-256"])
def test_genuine_delivery_is_accepted(name: str) -> None:
    body = (PAYLOADS / name).read_bytes()
    delivery = Delivery(body=body, headers={HEADER: VECTORS["X-Hub-Signature-256"][name]})
    assert ADAPTER.verify(delivery, account(SECRET))
    assert not ADAPTER.verify(delivery, account("another"))


@pytest.mark.parametrize("secrets", [("new", SECRET), (SECRET, "new"), ("", SECRET)])
def test_any_current_secret_is_accepted_while_it_is_rotated(secrets: tuple[str, ...]) -> None:
    assert ADAPTER.verify(Delivery(body=b"{}", headers={HEADER: signed(b"{}")}), account(*secrets))


@pytest.mark.parametrize("secrets", [(), ("",)])
def test_without_a_secret_nothing_is_accepted(secrets: tuple[str, ...]) -> None:
    assert not ADAPTER.verify(Delivery(body=b"{}", headers={HEADER: signed(b"{}", "")}), account(*secrets))


GENUINE = signed(b"{}")


@pytest.mark.parametrize(
    "header",
    [
        "",
        GENUINE.removeprefix("sha256="),
        GENUINE.replace("sha256=", "sha1="),
        GENUINE.replace("sha256=", "SHA256="),
        "sha256=" + GENUINE[7:].upper(),
        GENUINE + "\n",
        " " + GENUINE,
        f"{GENUINE},{GENUINE}",
        f"{GENUINE}, {signed(b'{}', 'x')}",
        GENUINE[:-1],
        GENUINE + "0",
        "sha256=",
        "sha256=" + "0" * 64,
        "\ud800" * 71,
        "sha256=" + "é" * 64,
        "sha256=" + "٠" * 64,
        "sha1=" + hmac.new(SECRET.encode(), b"{}", hashlib.sha1).hexdigest(),
    ],
)
def test_other_header_is_refused(header: str) -> None:
    assert not ADAPTER.verify(Delivery(body=b"{}", headers={HEADER: header}), account(SECRET))


def test_absent_header_is_refused() -> None:
    delivery = Delivery(body=b"{}", headers={"x-hub-signature": "sha1=00", "X-Hub-Signature-256": GENUINE})
    assert not ADAPTER.verify(delivery, account(SECRET))


Forgery = Callable[[random.Random, bytes, str], tuple[bytes, str, str]]


def _flipped_byte(chance: random.Random, body: bytes, header: str) -> tuple[bytes, str, str]:
    place = chance.randrange(len(body))
    return body[:place] + bytes([body[place] ^ (1 << chance.randrange(8))]) + body[place + 1 :], HEADER, header


def _flipped_digit(chance: random.Random, body: bytes, header: str) -> tuple[bytes, str, str]:
    place = chance.randrange(7, len(header))
    other = chance.choice([digit for digit in "0123456789abcdefABCDEFg " if digit != header[place]])
    return body, HEADER, header[:place] + other + header[place + 1 :]


def _cut_or_padded(chance: random.Random, body: bytes, header: str) -> tuple[bytes, str, str]:
    place = chance.randrange(1, len(body))
    return chance.choice([body[:place], body[place:], body + b" ", b"\n" + body, body + body]), HEADER, header


def _written_anew(chance: random.Random, body: bytes, header: str) -> tuple[bytes, str, str]:
    written = json.dumps(json.loads(body), indent=chance.choice([None, 1, 3, 4]), sort_keys=chance.random() < 0.5)
    return written.encode(), HEADER, header


def _other_secret(chance: random.Random, body: bytes, header: str) -> tuple[bytes, str, str]:
    secret = chance.choice(["", SECRET + " ", SECRET[:-1], SECRET.upper(), SECRET.encode().hex(), str(chance.random())])
    return body, HEADER, signed(body, secret)


def _other_header(chance: random.Random, body: bytes, header: str) -> tuple[bytes, str, str]:
    return (
        body,
        chance.choice(["x-hub-signature", "x-hub-signature-512", "x_hub_signature_256", "authorization"]),
        header,
    )


def _other_digest(chance: random.Random, body: bytes, header: str) -> tuple[bytes, str, str]:
    name = chance.choice(["sha1", "md5", "sha512", "sha384"])
    digest = hmac.new(SECRET.encode(), body, name).hexdigest()
    return body, HEADER, f"{chance.choice([name, 'sha256'])}={digest}"


def _joined_or_cut_header(chance: random.Random, body: bytes, header: str) -> tuple[bytes, str, str]:
    place = chance.randrange(len(header))
    joined = [f"{header},{header}", f"{header}, sha256=", f" {header}", f"{header}\r\n", header[:place], header[7:]]
    return body, HEADER, chance.choice(joined)


FORGERIES: list[Forgery] = [
    _flipped_byte,
    _flipped_digit,
    _cut_or_padded,
    _written_anew,
    _other_secret,
    _other_header,
    _other_digest,
    _joined_or_cut_header,
]


def test_of_a_thousand_forgeries_none_is_accepted() -> None:
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    bodies = [path.read_bytes() for path in sorted(PAYLOADS.glob("meta-*.json"))]
    tried = accepted = 0
    while tried < 1000:
        body = chance.choice(bodies)
        forged, name, header = chance.choice(FORGERIES)(chance, body, signed(body))
        if (forged, name, header) == (body, HEADER, signed(body)):
            continue  # written anew exactly as it was: no forgery
        tried += 1
        accepted += ADAPTER.verify(Delivery(body=forged, headers={name: header}), account(SECRET))
    assert (tried, accepted) == (1000, 0)


HANDSHAKE = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "meatyhamhock"}


def test_handshake_answers_with_the_challenge() -> None:
    assert ADAPTER.handshake(HANDSHAKE, account(SECRET)) == "1158201444"


@pytest.mark.parametrize(
    "change",
    [
        {"hub.verify_token": "meatyhamhocK"},
        {"hub.verify_token": ""},
        {"hub.verify_token": "meatyhamhock\ud800"},
        {"hub.mode": "unsubscribe"},
        {"hub.mode": ""},
    ],
)
def test_other_handshake_is_refused(change: dict[str, str]) -> None:
    assert ADAPTER.handshake(HANDSHAKE | change, account(SECRET)) is None


def test_handshake_without_its_parts_is_refused() -> None:
    assert ADAPTER.handshake({}, account(SECRET)) is None
    assert (
        ADAPTER.handshake(HANDSHAKE | {"hub.verify_token": ""}, AccountSettings(secrets={"verify_token": ("",)}))
        is None
    )


def test_delivery_key_is_that_of_the_bytes_signed() -> None:
    keys = [ADAPTER.delivery_key(Delivery(body=body, headers={"a": body.decode()})) for body in (b"1", b"1", b"2")]
    assert keys[0] == keys[1] != keys[2]
