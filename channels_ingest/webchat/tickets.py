"""Tickets for the event stream: a browser's EventSource can send no header, and no durable token stands in an address.

A ticket is good once, for half a minute. It is encrypted: signed alone, an access log would tell the session token.
"""

import base64
import hashlib
import hmac
import json
import logging
import secrets
import threading
import time

import redis
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

log = logging.getLogger("cxhub.chat")

TICKET_SECONDS = 30
TIMEOUT_SECONDS = 0.1
_SALT = b"channels_ingest.webchat.ticket"


def write(session_token: str) -> str:
    """A ticket for the session."""
    return _cipher().encrypt(json.dumps([secrets.token_urlsafe(12), session_token]).encode()).decode()


def redeem(ticket: str) -> str:
    """The session token of a genuine, fresh and unused ticket; empty for any other."""
    try:
        nonce, session_token = json.loads(_cipher().decrypt(ticket.encode("utf-8", "replace"), ttl=TICKET_SECONDS))
    except InvalidToken:
        return ""
    return "" if _used.is_used(str(nonce)) else str(session_token)


def _cipher() -> MultiFernet:
    """Of SECRET_KEY and its fallbacks."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    derived = (hmac.new(str(key).encode(), _SALT, hashlib.sha256).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])


class _Used:
    """Which tickets were used: told to all processes while Valkey is there, and always known to this one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._here: dict[str, float] = {}
        self._valkey: redis.Redis | None = None

    def is_used(self, nonce: str) -> bool:
        """Whether it was used before; from now on it was."""
        now = time.monotonic()
        with self._lock:
            self._here = {key: until for key, until in self._here.items() if until > now}
            if nonce in self._here:
                return True
            self._here[nonce] = now + TICKET_SECONDS
        try:
            if self._valkey is None:
                self._valkey = redis.Redis.from_url(
                    settings.REDIS_URL,
                    socket_timeout=TIMEOUT_SECONDS,
                    socket_connect_timeout=TIMEOUT_SECONDS,
                    retry=None,
                )
            return not self._valkey.set(f"cxhub:chat:ticket:{nonce}", 1, nx=True, ex=TICKET_SECONDS)
        except (redis.RedisError, OSError) as error:
            log.warning("chat tickets are remembered in each process", extra={"fault": type(error).__name__})
            return False


_used = _Used()
