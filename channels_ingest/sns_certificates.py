"""The certificates that Amazon signs notifications with, fetched once each. Only the receiver of SES asks for them."""

import threading
import time

import httpx

from channels_ingest.adapters.base import CannotVerifyError

#: What a delivery may wait for the first certificate of a region; SNS itself waits fifteen seconds.
TIMEOUT_SECONDS = 4.0
MOST_BYTES = 20_000
#: Amazon changes them about once a year; a certificate has an address of its own.
KEPT_SECONDS = 86_400.0
#: Nobody is asked again so soon after a failure: the deliveries meanwhile are told to come back.
PAUSE_SECONDS = 15.0
MOST_KEPT = 50

#: Certificates fetched at one time. Whoever writes an unsigned delivery chooses the address, and each that Amazon does
#: not have costs a thread of the receiver for as long as the answer takes.
MOST_AT_ONCE = 2

_places = threading.BoundedSemaphore(MOST_AT_ONCE)
_lock = threading.Lock()
_fetching: dict[str, threading.Lock] = {}
_kept: dict[str, tuple[float, bytes]] = {}
_failed: dict[str, float] = {}


def load(url: str) -> bytes:
    """The PEM certificate at `url`, which `adapters.mail.sns.certificate_url` has allowed. Raises CannotVerifyError.

    What is known waits for nobody; deliveries that want the same unknown one wait for one fetch.
    """
    if pem := _known(url):
        return pem
    with _lock:
        turn = _fetching.setdefault(url, threading.Lock())
    try:
        with turn:
            return _known(url) or _fetched(url)
    finally:
        with _lock:
            if not turn.locked():
                _fetching.pop(url, None)


def _known(url: str) -> bytes:
    """The certificate as kept; empty without one. Raises CannotVerifyError if it could not be had just now."""
    at, pem = _kept.get(url, (0.0, b""))
    if pem and time.monotonic() - at < KEPT_SECONDS:
        return pem
    if time.monotonic() - _failed.get(url, -PAUSE_SECONDS) < PAUSE_SECONDS:
        raise CannotVerifyError("the certificate could not be had a moment ago")
    return b""


def _fetched(url: str) -> bytes:
    if not _places.acquire(blocking=False):
        raise CannotVerifyError("other certificates are being fetched")
    try:
        pem = _fetch(url)
    except (httpx.HTTPError, ValueError) as error:
        with _lock:
            _failed.clear() if len(_failed) > MOST_KEPT else None
            _failed[url] = time.monotonic()
        raise CannotVerifyError(type(error).__name__) from None
    finally:
        _places.release()
    keep(url, pem)
    return pem


def keep(url: str, pem: bytes) -> None:
    """The certificate is known to this process."""
    with _lock:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[url] = (time.monotonic(), pem)


def _fetch(url: str) -> bytes:
    with (
        httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=True) as client,
        client.stream("GET", url) as response,
    ):
        if response.status_code != 200:
            raise ValueError("no certificate there")
        pem = b""
        for part in response.iter_bytes():
            pem += part
            if len(pem) > MOST_BYTES:
                raise ValueError("too long for a certificate")
    return pem
