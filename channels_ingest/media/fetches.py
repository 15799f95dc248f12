"""Wanted contents, one leased job each: claimed and committed, asked for, stored, told to the entry.

Nothing here runs in a transaction of the inbox, and whatever fails costs the message nothing but its file.
"""

import base64
import binascii
import hashlib
import io
import logging
from datetime import timedelta
from functools import partial
from typing import IO, Any

from django.db import connection, transaction
from django.utils import timezone

from channels_ingest.adapters.fetching import MediaGoneError, MediaRequest
from channels_ingest.adapters.sending import Answer
from channels_ingest.batches import Batch
from channels_ingest.items import write
from channels_ingest.media.breaker import Breaker, HostPausedError
from channels_ingest.media.fetching import Fetched, Fetcher, LaterError, RefusedError, TooBigError
from channels_ingest.media.files import Kept, StorageError, keep, remember
from channels_ingest.media.kinds import MOST_BYTES
from channels_ingest.media.lines import FetchingLine, fetching_line
from channels_ingest.messages import Amendment, Message
from channels_ingest.models import NOT_STORED, Envelope, MediaFetch
from channels_ingest.pipeline import open_envelope
from timeline.entries import AmendmentKind
from timeline.files import UNSTORED
from timeline.live import publish

log = logging.getLogger("cxhub.media")

#: Seconds until an attempt that failed is due again, by number of attempts; Meta keeps a file for seven days.
RETRY_SECONDS = (10, 60, 300, 1_800, 7_200, 21_600, 43_200, 86_400, 86_400)
#: An attempt is over by then, or its process is dead: two answers of 15 s, and the storage.
LEASE_SECONDS = 120
#: Until the storage is tried again for a file that found no room there.
STORAGE_SECONDS = 300.0
#: An answer that only says where the file is.
_MOST_LOOKUP_BYTES = 64 * 1024
State = MediaFetch.State
_breaker = Breaker()
_storage = Breaker()
_FOLDER = "media"

_CLAIM = """
UPDATE channels_ingest_mediafetch SET attempts = attempts + 1,
    next_attempt_at = statement_timestamp() + make_interval(secs => %s)
WHERE id = (
    SELECT id FROM channels_ingest_mediafetch
    WHERE state = 'wanted' AND next_attempt_at <= statement_timestamp() - make_interval(secs => %s)
    ORDER BY next_attempt_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id
"""


class _NotHereError(Exception):
    """There will be no content: the state to tell."""

    def __init__(self, state: str, reason: str) -> None:
        super().__init__(reason)
        self.state = state


def fetch_one(*, due_for_seconds: float = 0, fetcher: Fetcher | None = None) -> bool:
    """One due content was asked for, and what came of it recorded; False when none was due."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [LEASE_SECONDS, due_for_seconds])
        claimed = cursor.fetchone()
    if claimed is None:
        return False
    wanted = MediaFetch.objects.select_related("account").get(pk=claimed[0])
    if wanted.attempts > len(RETRY_SECONDS):  # the last attempt's process died
        _settle(wanted, State.FAILED, fault=wanted.fault or "every attempt ended without a word")
        return True
    try:
        _storage.check(_FOLDER)  # while it is full, nobody is asked for what could not be kept
        content = _content(wanted, fetcher)
        with content:
            kept = _kept(wanted, content)
        _storage.worked(_FOLDER)
        _settle(wanted, State.STORED, kept=kept)
    except _NotHereError as error:
        _settle(wanted, error.state, fault=str(error))
    except HostPausedError as error:
        _put_back(wanted, error.seconds)
    except StorageError as error:
        _storage.failed(_FOLDER)
        _tell(wanted, UNSTORED)
        _put_back(wanted, STORAGE_SECONDS, fault=f"{NOT_STORED}{error}")
    except LaterError as error:
        _later(wanted, str(error))
    return True


def fetch_due(*, due_for_seconds: float = 0, fetcher: Fetcher | None = None) -> int:
    """Everything that has been due for that long was asked for, one after the other; returns how many."""
    count = 0
    while fetch_one(due_for_seconds=due_for_seconds, fetcher=fetcher):
        count += 1
    return count


def _content(wanted: MediaFetch, fetcher: Fetcher | None) -> IO[bytes]:
    """The content, from where it is. Raises _NotHereError, LaterError and HostPausedError."""
    if "part" in wanted.attachment:
        return _unpacked(wanted)
    line = fetching_line(wanted.account)
    if line is None:
        raise _NotHereError(State.NO_ACCESS, "no key to fetch with")
    fetcher = fetcher or Fetcher(trusted_origins=line.trusted_origins, breaker=_breaker)
    try:
        return _downloaded(wanted, line, fetcher)
    except TooBigError as error:
        raise _NotHereError(State.TOO_BIG, str(error)) from None
    except RefusedError as error:
        raise _NotHereError(State.REFUSED, str(error)) from None


def _unpacked(wanted: MediaFetch) -> IO[bytes]:
    """A part of the envelope that the message came in, which is kept for some time."""
    envelope = Envelope.objects.select_related("account").filter(pk=wanted.envelope_id or 0).first()
    messages = (each.item for each in (open_envelope(envelope).items if envelope else []))
    number = int(wanted.attachment["part"])
    for message in messages:
        is_meant = isinstance(message, Message) and message.provider_message_id == wanted.provider_message_id
        if is_meant and isinstance(message, Message) and number < len(message.parts):
            return io.BytesIO(message.parts[number].content)
    raise _NotHereError(State.GONE, "the envelope is not kept any more")


def _downloaded(wanted: MediaFetch, line: FetchingLine, fetcher: Fetcher) -> IO[bytes]:
    """The file at the provider."""
    request = line.adapter.media_request(wanted.attachment, line.settings, api_url=line.api_url)
    if request is not None and request.is_lookup:
        fetched = _asked(request, line, fetcher, most_bytes=_MOST_LOOKUP_BYTES, is_lookup=True)
        with fetched.body as body:
            answer = Answer(status=fetched.status, body=body.read())
        try:
            request = line.adapter.media_found(answer, line.settings, api_url=line.api_url)
        except MediaGoneError:
            raise _NotHereError(State.GONE, "not at the provider any more") from None
    if request is None:
        raise _NotHereError(State.FAILED, "nothing says where it is")
    most = MOST_BYTES.get(str(wanted.attachment.get("type")), MOST_BYTES["document"])
    return _asked(request, line, fetcher, most_bytes=most, is_lookup=False).body


def _asked(request: MediaRequest, line: FetchingLine, fetcher: Fetcher, *, most_bytes: int, is_lookup: bool) -> Fetched:
    """A good answer; a look-up's refusal is for the adapter to read."""
    if request.headers and not line.may_carry_credentials(request):
        raise RefusedError("an address that is not the provider's")
    fetched = fetcher.get(request.url, {**request.headers, **line.extra}, most_bytes=most_bytes)
    status = fetched.status
    if status == 200 or (is_lookup and status == 400):
        return fetched
    fetched.body.close()
    if status in (404, 410):
        raise _NotHereError(State.NO_ACCESS if line.is_simulated else State.GONE, f"answered {status}")
    if status in (401, 403):
        raise _NotHereError(State.NO_ACCESS, f"answered {status}: the key is not accepted")
    raise LaterError(f"answered {status}")


def _kept(wanted: MediaFetch, content: IO[bytes]) -> Kept:
    """The content in storage, if it is the one the provider signed for."""
    expected = _digest_of(wanted.attachment.get("sha256"))
    if expected:
        digest = hashlib.file_digest(content, "sha256").digest()  # type: ignore[arg-type]
        if digest != expected:
            raise LaterError("another content than was announced")
    return keep(content, declared_type=str(wanted.attachment.get("mime_type") or ""))


def _digest_of(told: Any) -> bytes:
    """The SHA-256 as Meta tells it: base64 in webhooks. Empty if it is none."""
    try:
        digest = base64.b64decode(told, validate=True) if isinstance(told, str) else b""
    except (binascii.Error, ValueError):
        return b""
    return digest if len(digest) == hashlib.sha256().digest_size else b""


@transaction.atomic
def _settle(wanted: MediaFetch, state: str, *, kept: Kept | None = None, fault: str = "") -> None:
    """The row and the entry say what became of it."""
    if kept:
        remember([kept])
    _tell(wanted, state, kept=kept)
    MediaFetch.objects.filter(pk=wanted.pk).update(state=state, fault=fault[:200])
    log.info("media settled", extra={"media_fetch": wanted.pk, "state": state, "attempts": wanted.attempts})


@transaction.atomic
def _tell(wanted: MediaFetch, state: str, *, kept: Kept | None = None) -> None:
    """The entry says it; the same word twice is one."""
    detail: dict[str, Any] = {"attachment": wanted.reference, "state": state}
    if kept:
        detail["file"] = kept.as_detail()
    named = hashlib.sha256(f"{wanted.provider_message_id}\0{wanted.reference}".encode()).hexdigest()
    amendment = Amendment(
        kind=AmendmentKind.MEDIA,
        key=f"media:{named}:{state}",
        target_message_id=wanted.provider_message_id,
        occurred_at=timezone.now(),
        detail=detail,
    )
    batch = Batch()
    batch.amend(wanted.account_id, wanted.envelope_id, amendment)
    happened = write(batch)
    transaction.on_commit(partial(publish, happened), robust=True)


def _later(wanted: MediaFetch, fault: str) -> None:
    if wanted.attempts >= len(RETRY_SECONDS):
        _settle(wanted, State.FAILED, fault=fault)
        return
    seconds = RETRY_SECONDS[wanted.attempts - 1]
    due = timezone.now() + timedelta(seconds=seconds)
    MediaFetch.objects.filter(pk=wanted.pk).update(next_attempt_at=due, fault=fault[:200])
    log.warning("media not fetched", extra={"media_fetch": wanted.pk, "fault": fault, "attempts": wanted.attempts})


def _put_back(wanted: MediaFetch, seconds: float, *, fault: str = "") -> None:
    """It was no attempt: nobody was asked, or the fault is our own and lasts until somebody makes room."""
    due = timezone.now() + timedelta(seconds=seconds)
    MediaFetch.objects.filter(pk=wanted.pk).update(
        next_attempt_at=due, attempts=wanted.attempts - 1, fault=fault[:200] or wanted.fault
    )
