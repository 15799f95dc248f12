"""How often one address and one visitor may ask. Counted in Valkey for all processes; while it is away, in each.

A limit never waits: what cannot be counted within a tenth of a second is counted here.
"""

import logging
import threading
import time
from collections import Counter
from dataclasses import dataclass

import redis
from django.conf import settings
from django.utils.crypto import salted_hmac

log = logging.getLogger("cxhub.chat")

WINDOW_SECONDS = 60
TIMEOUT_SECONDS = 0.1
PAUSE_SECONDS = 2.0
#: Subjects kept while Valkey is away; beyond it the counts start again.
MOST_SUBJECTS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most so many of `what` a minute for one subject. An address may be a whole office, so it may do more."""

    what: str
    per_address: int
    per_visitor: int


SESSIONS = Limit(what="sessions", per_address=30, per_visitor=10)
MESSAGES = Limit(what="messages", per_address=100, per_visitor=20)
READS = Limit(what="reads", per_address=3_000, per_visitor=120)
UPLOADS = Limit(what="uploads", per_address=60, per_visitor=10)
SIGNALS = Limit(what="signals", per_address=600, per_visitor=60)


class Counts:
    """The counts of this process, and its way to those of all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._local: Counter[str] = Counter()
        self._window = 0
        self._paused_until = 0.0
        self._valkey: redis.Redis | None = None

    def add(self, subject: str) -> int:
        """How often the subject asked in this minute, with this time."""
        window = int(time.time()) // WINDOW_SECONDS
        if time.monotonic() >= self._paused_until:
            try:
                return self._shared(f"cxhub:chat:{window}:{subject}")
            except (redis.RedisError, OSError) as error:
                self._paused_until = time.monotonic() + PAUSE_SECONDS
                log.warning("chat limits are counted in each process", extra={"fault": type(error).__name__})
        with self._lock:
            if window != self._window or len(self._local) > MOST_SUBJECTS:
                self._window, self._local = window, Counter()
            self._local[subject] += 1
            return self._local[subject]

    def _shared(self, key: str) -> int:
        if self._valkey is None:
            self._valkey = redis.Redis.from_url(
                settings.REDIS_URL, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, retry=None
            )
        pipeline = self._valkey.pipeline(transaction=False)
        pipeline.incr(key)
        pipeline.expire(key, 2 * WINDOW_SECONDS)
        return int(pipeline.execute()[0])


counts = Counts()


def is_allowed(limit: Limit, *, address: str, visitor: str = "") -> bool:
    """Whether this one more is within the limit of the address, and of the visitor where there is one already."""
    if address and counts.add(_subject(limit, "address", address)) > limit.per_address:
        return False
    return not visitor or counts.add(_subject(limit, "visitor", visitor)) <= limit.per_visitor


def _subject(limit: Limit, kind: str, value: str) -> str:
    """No address stands in Valkey as it is."""
    return salted_hmac("channels_ingest.webchat.limits", f"{limit.what} {kind} {value}", algorithm="sha256").hexdigest()
