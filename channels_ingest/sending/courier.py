"""Sending what is due: claimed and committed, posted, recorded. Runs in threads of the worker and of the sweeper.

Threads of a process that ends finish the post they are in: what they had claimed would else be unknown for ever.
"""

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.utils.translation import gettext as _

from channels_ingest.adapters.sending import CannotSendError, HttpRequest, Outcome, Refused, SmtpRequest, TryLater
from channels_ingest.media.files import StorageError
from channels_ingest.sending import guards, outbox, outcomes
from channels_ingest.sending.handing_over import NotHandedOverError, with_handles
from channels_ingest.sending.heeding import has_heard
from channels_ingest.sending.killpoints import pass_by
from channels_ingest.sending.lines import SIMULATOR_HEADER, SendingLine, simulator_secret
from channels_ingest.sending.models import OutboxMessage
from channels_ingest.sending.posting import mail, post
from channels_ingest.sending.rendering import outgoing_of

log = logging.getLogger("cxhub.sending")

#: Messages that one process sends at one time.
THREADS = 4
#: A claim that was asleep for this long (a stopped process, a suspended machine) is given back instead of posted.
STALE_CLAIM_SECONDS = 30.0
#: For so long a sender tries to record what the provider said, while PostgreSQL is away.
NOTE_SECONDS = 60.0


class _Moment(NamedTuple):
    """Now by two clocks: the monotonic one stands still while the machine is suspended, the other may be set back."""

    monotonic: float
    wall: float

    @classmethod
    def now(cls) -> "_Moment":
        return cls(time.monotonic(), time.time())

    def seconds_ago(self) -> float:
        """How long ago that was, by the clock that says more."""
        return max(time.monotonic() - self.monotonic, time.time() - self.wall)


class NotReadError(Exception):
    """The hub could not read what it needs, before the provider was asked: surely nothing was sent."""


class BehindError(Exception):
    """What the customer may have said already is not worked yet."""


def send_due(*, due_for_seconds: float = 0) -> int:
    """Everything that has been due for that long was posted, one after the other; returns how many."""
    count = 0
    while send_one(due_for_seconds=due_for_seconds):
        count += 1
    return count


def send_one(*, due_for_seconds: float = 0) -> bool:
    """One due message was posted and its outcome recorded; False when nothing was due."""
    claimed_at = _Moment.now()
    message = outbox.claim(due_for_seconds=due_for_seconds)
    if message is None:
        return False
    pass_by("claimed")
    started = time.monotonic()
    is_simulated = False
    try:
        openness = _openness(message)
        closed = openness.closed or (openness.closed_to_text if "template" not in message.words else None)
        if closed is not None or openness.line is None:
            outcome: Outcome = Refused(code=closed.code if closed else "", reason=closed.reason if closed else "")
        else:
            is_simulated = openness.line.is_simulated
            outcome = _ask(message, openness.line, claimed_at)
    except CannotSendError as error:
        outcome = Refused(code="cannot_send", reason=str(error))
    except NotReadError as error:
        outcome = TryLater(code=str(error), reason=_("the hub could not read what it needs for sending"))
    except BehindError:
        outcome = TryLater(code="inbox_behind", reason=_("an opt-out may be among what the line has yet to read"))
    pass_by("posted")
    state = _note(message.pk, outcome, is_simulated=is_simulated)
    pass_by("recorded")
    facts = {"outbox": message.pk, "account": message.account_id, "outcome": type(outcome).__name__, "state": state}
    log.info("message posted", extra={**facts, "seconds": round(time.monotonic() - started, 3)})
    return True


def _openness(message: OutboxMessage) -> guards.Openness:
    """Whether the address is open still. Raises NotReadError, and BehindError for marketing."""
    try:
        if message.purpose == guards.MARKETING and not has_heard(message.account_id):
            raise BehindError
        return guards.openness_of(message.channel_identity, purpose=message.purpose)
    except BehindError:
        raise
    except Exception as error:
        log.exception("address not checked", extra={"outbox": message.pk, "fault": type(error).__name__})
        raise NotReadError(type(error).__name__) from error


def _note(message_id: int, outcome: Outcome, *, is_simulated: bool) -> str:
    """The outcome is recorded, also by a database that was away for a moment: it is known only here."""
    patience = time.monotonic() + NOTE_SECONDS
    while True:
        try:
            return outcomes.note(message_id, outcome, is_simulated=is_simulated)
        except DatabaseError as error:
            if time.monotonic() > patience or connection.in_atomic_block:
                raise
            log.warning("outcome not recorded yet", extra={"outbox": message_id, "fault": type(error).__name__})
            connection.close()
            time.sleep(1.0)


def _ask(message: OutboxMessage, line: SendingLine, claimed_at: "_Moment") -> Outcome:
    """The provider's outcome. Raises CannotSendError and NotReadError."""
    assert line.adapter is not None
    try:
        outgoing = with_handles(outgoing_of(message, line), line, extra=_extra(message, line))
        request = line.adapter.render(outgoing, line.settings, api_url=line.api_url)
    except CannotSendError:
        raise
    except (DatabaseError, StorageError) as error:
        raise NotReadError(type(error).__name__) from error
    except NotHandedOverError as error:
        return error.outcome
    except Exception as error:  # a fault of ours, and surely nothing was sent
        log.exception("message not rendered", extra={"outbox": message.pk, "fault": type(error).__name__})
        raise CannotSendError(_("the hub could not write it for this provider")) from error
    if claimed_at.seconds_ago() > STALE_CLAIM_SECONDS:
        return TryLater(code="stale", reason="the sender was asleep")
    pass_by("rendered")
    if line.is_simulated:
        return post(_over_http(request, line.api_url), line.adapter.read_answer, extra=_extra(message, line))
    if isinstance(request, SmtpRequest):
        return mail(request, message_id=outgoing.mail.message_id if outgoing.mail else outgoing.reference)
    return post(request, line.adapter.read_answer)


def _extra(message: OutboxMessage, line: SendingLine) -> dict[str, str] | None:
    """What proves to the simulator that the hub itself is posting; None for a provider."""
    return {SIMULATOR_HEADER: simulator_secret(message.account.key)} if line.is_simulated else None


def _over_http(request: HttpRequest | SmtpRequest, api_url: str) -> HttpRequest:
    """A mail that would go to a mail server goes to the simulator as it is."""
    if isinstance(request, HttpRequest):
        return request
    headers = {
        "content-type": "message/rfc822",
        "x-envelope-from": request.envelope_from,
        "x-envelope-to": request.envelope_to,
    }
    return HttpRequest(method="POST", url=f"{api_url}/smtp", headers=headers, body=request.message)


class Courier:
    """Threads that send whenever they are woken, and end with the process's main thread, between two messages.

    `due_in` tells when they wake by themselves: in so many seconds.
    """

    def __init__(
        self, work: Callable[[], object], *, threads: int = THREADS, due_in: Callable[[], float | None] | None = None
    ) -> None:
        self._work = work
        self._due_in = due_in
        self._most = threads
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._wakings = 0

    def wake(self) -> None:
        """What is due will be sent; returns at once. The threads start at first use: a fork would lose them."""
        with self._changed:
            self._wakings += 1
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            while len(self._threads) < self._most:
                name = f"courier-{len(self._threads)}"
                self._threads.append(threading.Thread(target=self._run, name=name, daemon=False))
                self._threads[-1].start()
            self._changed.notify_all()

    def _run(self) -> None:
        seen = 0
        alarm_at = math.inf
        main = threading.main_thread()
        while main.is_alive():
            with self._changed:
                pause = min(0.5, max(0.0, alarm_at - time.monotonic()))
                self._changed.wait_for(lambda: self._wakings != seen, timeout=pause)  # noqa: B023  (asked at once)
                if self._wakings == seen and time.monotonic() < alarm_at:
                    continue
                seen = self._wakings
            alarm_at = math.inf
            try:
                close_old_connections()
                while main.is_alive() and self._work():
                    pass
                seconds = self._due_in() if self._due_in else None
                alarm_at = math.inf if seconds is None else time.monotonic() + seconds + 0.01
            except DatabaseError as error:
                log.warning("sending stopped", extra={"fault": type(error).__name__})
                connection.close()
            except Exception as error:
                log.exception("sending failed", extra={"fault": type(error).__name__})
                connection.close()


#: The worker's: woken by a nudge, and when what waits is due.
courier = Courier(send_one, due_in=outbox.due_in)
