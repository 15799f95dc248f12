"""Signed WhatsApp deliveries for the benchmarks: one text message each, some 620 bytes."""

import hashlib
import hmac
import json
import random
import time
from collections.abc import Iterator

from benchmarks.load import post

SECRET = "benchmark-app-secret"


def body(run: str, number: int, customer: int, at: int) -> bytes:
    """One inbound text of a customer, with the fields that Meta sends."""
    wa_id = f"1555{customer:07d}"
    message = {"from": wa_id, "id": f"wamid.{run}.{number}", "timestamp": str(at), "type": "text"}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"},
        "contacts": [{"profile": {"name": f"Customer {customer}"}, "wa_id": wa_id}],
        "messages": [message | {"text": {"body": "Hello, does the jacket come in another colour? " + "x" * 80}}],
    }
    entry = {"id": "102290129340398", "changes": [{"value": value, "field": "messages"}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def bodies(count: int, *, customers: int, seed: int = 1) -> Iterator[bytes]:
    """`count` different deliveries of at most `customers` customers over the last day."""
    chance, run, start = random.Random(seed), f"{time.time_ns():x}", int(time.time()) - 86_400
    for number in range(count):
        yield body(run, number, chance.randrange(customers), start + number * 86_000 // count)


def headers(path: str, content: bytes) -> dict[str, str]:
    """The headers of the delivery as Meta posts it, for a client that sends them itself."""
    lines = signed(path, content).partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines)


def signed(path: str, content: bytes) -> bytes:
    """The delivery as Meta posts it."""
    signature = hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()
    return post(path, content, {"X-Hub-Signature-256": f"sha256={signature}"})
