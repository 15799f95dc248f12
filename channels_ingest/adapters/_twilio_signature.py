"""Twilio's signature of a webhook: base64 of an HMAC over the address and every field of the form.

Twilio, "Webhooks security" (read 2026-11): fields are sorted by name and each name is followed by its value; equal
pairs count once; whether the port stands in the address is up to the sender, so both are tried. SHA-1 with the auth
token, or since September 2026 (beta) SHA-256 with a shared key, which a header tells.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from channels_ingest.adapters.base import AccountSettings, Delivery
from channels_ingest.adapters.forms import Pairs, form_pairs
from channels_ingest.signatures import any_matches

HEADER = "x-twilio-signature"
ALGORITHM_HEADER = "x-twilio-webhooks-signature-settings"
_BASE64 = re.compile(r"[A-Za-z0-9+/]{27}=|[A-Za-z0-9+/]{43}=")  # of 20 and of 32 bytes
_SHA256 = re.compile(r"(?:.*,)?\s*algorithm=HMAC_SHA256\s*(?:,.*)?", re.IGNORECASE)
_PORTS = {"https": 443, "http": 80}


def is_signed(delivery: Delivery, account: AccountSettings) -> bool:
    """Whether one of the account's tokens signed exactly this form for exactly this address.

    An empty form is refused: the signature of a GET request covers the address alone, and such a one, replayed by POST,
    says nothing.
    """
    presented = delivery.headers.get(HEADER, "")
    pairs = form_pairs(delivery.body)
    if not pairs or not _BASE64.fullmatch(presented):
        return False
    told = delivery.headers.get(ALGORITHM_HEADER, "")
    algorithm, name = ("sha256", "webhook_key") if _SHA256.fullmatch(told) else ("sha1", "auth_token")
    tokens = [token for token in account.secrets.get(name, ()) if token]
    return any_matches(presented, signatures(delivery.url, pairs, tokens, algorithm))


def signatures(url: str, pairs: Pairs, tokens: Iterable[str], algorithm: str = "sha1") -> Iterator[str]:
    """What each token makes of the form, for the address with and without its port."""
    tail = b"".join(name + value for name, value in sorted(set(pairs)))
    texts = [address.encode("utf-8", "replace") + tail for address in with_and_without_port(url)]
    for token in tokens:
        key = token.encode("utf-8", "replace")
        for text in texts:
            yield base64.b64encode(hmac.new(key, text, getattr(hashlib, algorithm)).digest()).decode()


def with_and_without_port(url: str) -> Sequence[str]:
    """The address as it is, and with its port told or left out; nothing for what is no web address."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return ()
    if not host or parts.scheme not in _PORTS:
        return ()
    scheme, rest = url[: len(parts.scheme) + 3], url[len(parts.scheme) + 3 + len(parts.netloc) :]
    if port is None:
        return (url, f"{scheme}{parts.netloc}:{_PORTS[parts.scheme]}{rest}")
    return (url, f"{scheme}{parts.netloc.rpartition(':')[0]}{rest}")


def form_digest(delivery: Delivery) -> str:
    """The same for every delivery of the same fields to the same address, in whatever order they stand."""
    digest = hashlib.sha256(delivery.query.encode("utf-8", "replace"))
    for name, value in sorted(set(form_pairs(delivery.body))):
        digest.update(b"\x00%d:%b=%b" % (len(name), name, value))
    return digest.hexdigest()
