"""Asking a provider to send: one request or one mail, within a total time, and what surely or maybe happened.

An outcome that is not sure is Unclear: a message that may have been sent is never posted again by itself.
"""

import logging
import smtplib
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import httpx
from django.utils.translation import gettext as _

from channels_ingest.adapters.sending import (
    Accepted,
    Answer,
    HttpRequest,
    Outcome,
    Refused,
    SmtpRequest,
    TryLater,
    Unclear,
)
from channels_ingest.adapters.troubles import CREDENTIALS

log = logging.getLogger("cxhub.sending")

#: What a post may take in all, whatever the provider does; well below `outbox.LEASE_SECONDS`.
TOTAL_SECONDS = 20.0
CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 15.0
MOST_ANSWER_BYTES = 1_000_000


def post(
    request: HttpRequest, read_answer: Callable[[Answer], Outcome], *, extra: Mapping[str, str] | None = None
) -> Outcome:
    """What became of the request, as `read_answer` says. `extra` headers are for the simulator, which has no proxy.

    A connection is used once: a kept one that its server has just closed cannot be told from a request that was read.
    """
    try:
        answer = ask(request, extra=extra)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        # Nothing was written yet: a name that is not known, nobody who listens, no agreement about TLS.
        return TryLater(code=type(error).__name__, reason=_("the provider cannot be reached"))
    except (httpx.TimeoutException, TimeoutError):
        return Unclear(reason=_("the provider did not answer in time"))
    except httpx.HTTPError as error:
        return Unclear(reason=_("the connection to the provider broke (%(fault)s)") % {"fault": type(error).__name__})
    try:
        outcome = read_answer(answer)
    except Exception as error:
        log.exception("answer not read", extra={"fault": type(error).__name__})
        return Unclear(reason=_("the provider's answer was not understood"))
    if isinstance(outcome, Refused) and answer.status in (401, 403) and not outcome.closes:
        return replace(outcome, closes=CREDENTIALS)
    return outcome


def ask(request: HttpRequest, *, extra: Mapping[str, str] | None = None) -> Answer:
    """The provider's answer, as it came. Raises httpx's errors and TimeoutError."""
    deadline = time.monotonic() + TOTAL_SECONDS
    timeout = httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
    headers = {**request.headers, **(extra or {}), "connection": "close"}
    with (
        httpx.Client(timeout=timeout, trust_env=extra is None, follow_redirects=False) as client,
        client.stream(request.method, request.url, headers=headers, content=request.body) as response,
    ):
        return _read(response, deadline)


def _read(response: httpx.Response, deadline: float) -> Answer:
    """The whole answer. Raises TimeoutError when it trickles, or never ends."""
    parts: list[bytes] = []
    size = 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if time.monotonic() > deadline or size > MOST_ANSWER_BYTES:
            raise TimeoutError
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(status=response.status_code, body=b"".join(parts), headers=headers)


def mail(request: SmtpRequest, *, message_id: str) -> Outcome:
    """What became of the mail. Sure until its text was handed over, and sure again once the server has answered."""
    try:
        connection = _connect(request)
    except smtplib.SMTPAuthenticationError as error:
        reason = _("the mail server refuses the log-in")
        return Refused(code=str(error.smtp_code), reason=reason, closes=CREDENTIALS)
    except (OSError, smtplib.SMTPException) as error:
        return TryLater(code=type(error).__name__, reason=_("the mail server cannot be reached"))
    try:
        code, _words = connection.mail(request.envelope_from)
        if code < 400:
            code, _words = connection.rcpt(request.envelope_to)
        if code >= 400:
            connection.close()
            return _by_code(code)
        for copy in request.copies:
            code, _words = connection.rcpt(copy)
            if code >= 400:
                connection.close()
                return _without_closing(_by_code(code))
    except (OSError, smtplib.SMTPException) as error:
        connection.close()
        return TryLater(code=type(error).__name__, reason=_("the mail server broke off"))
    try:
        code, _words = connection.data(request.message)
        return _by_code(code) if code >= 400 else Accepted(provider_message_id=message_id)
    except smtplib.SMTPDataError as error:  # the server answered DATA itself with a refusal
        return _by_code(error.smtp_code)
    except (OSError, smtplib.SMTPException):
        return Unclear(reason=_("the connection to the mail server broke while the mail was handed over"))
    finally:
        connection.close()


def _connect(request: SmtpRequest) -> smtplib.SMTP:
    """A connection that is logged in; encrypted wherever the server offers it, and always before a password."""
    context = ssl.create_default_context()
    connection: smtplib.SMTP
    if request.port == smtplib.SMTP_SSL_PORT:
        connection = smtplib.SMTP_SSL(request.host, request.port, timeout=SILENCE_SECONDS, context=context)
    else:
        connection = smtplib.SMTP(request.host, request.port, timeout=SILENCE_SECONDS)
    try:
        connection.ehlo_or_helo_if_needed()
        if not isinstance(connection, smtplib.SMTP_SSL) and connection.has_extn("starttls"):
            connection.starttls(context=context)
            connection.ehlo()
        if request.user:
            if not isinstance(connection.sock, ssl.SSLSocket):
                raise smtplib.SMTPServerDisconnected("no encryption, so no password is sent")
            connection.login(request.user, request.password)
    except BaseException:
        connection.close()
        raise
    return connection


def _without_closing(outcome: Outcome) -> Outcome:
    """What was refused was a copy: it says nothing of the customer's own address."""
    said = _("the mail server refuses the address of a copy (%(code)s)")
    return Refused(code=outcome.code, reason=said % {"code": outcome.code}) if isinstance(outcome, Refused) else outcome


def _by_code(code: int) -> Outcome:
    """RFC 5321, 4.2.1: 4xx may work later, 5xx will not."""
    if code < 500:
        return TryLater(code=str(code), reason=_("the mail server cannot take it now"))
    closes = "unreachable" if code in (550, 551, 553) else ""
    return Refused(code=str(code), reason=_("the mail server refuses it (%(code)d)") % {"code": code}, closes=closes)
