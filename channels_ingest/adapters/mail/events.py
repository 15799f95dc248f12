"""What a provider reports of mails that we sent."""

from datetime import UTC, datetime
from typing import Any

from channels_ingest.adapters.base import clean
from channels_ingest.adapters.mail.items import mailbox_sender
from channels_ingest.adapters.reading import CLOCK_DIFFERENCE, OddPartError
from channels_ingest.messages import Amendment, ConsentChange
from timeline.entries import AmendmentKind, Delivery

EARLIEST = datetime(2009, 1, 1, tzinfo=UTC)
LONGEST_REASON = 300


def status(
    word: str,
    delivery: Delivery,
    *,
    key: str,
    target: str,
    at: datetime,
    reference: str = "",
    recipient: str = "",
    code: object = "",
    reason: str = "",
) -> Amendment:
    """How far a sent mail came. `target` is the provider's id of it; `code` and `reason` are told of a failure."""
    if not target and not reference:
        raise OddPartError("a status of no message")
    detail: dict[str, Any] = {"status": word, "delivery": delivery}
    if reference:
        detail["reference"] = reference
    if recipient:
        detail["recipient"] = recipient
    if reason or code:
        detail["errors"] = [{"code": code, "message": " ".join(clean(reason).split())[:LONGEST_REASON]}]
    return Amendment(kind=AmendmentKind.STATUS, key=key[:400], target_message_id=target, occurred_at=at, detail=detail)


def complained(address: str, *, key: str, at: datetime) -> ConsentChange:
    """The owner of the mailbox marked a mail of ours as spam."""
    return _withdrawn(address, key=key, at=at, source="complaint")


def unsubscribed(address: str, *, key: str, at: datetime) -> ConsentChange:
    """The owner of the mailbox unsubscribed at the provider."""
    return _withdrawn(address, key=key, at=at, source="list_unsubscribe")


def resubscribed(address: str, *, key: str, at: datetime) -> ConsentChange:
    """The owner of the mailbox subscribed again at the provider."""
    return ConsentChange(
        sender=_owner(address), key=key, purpose="marketing", granted=True, occurred_at=at, source="list_unsubscribe"
    )


def _withdrawn(address: str, *, key: str, at: datetime, source: str) -> ConsentChange:
    return ConsentChange(
        sender=_owner(address), key=key, purpose="marketing", granted=False, occurred_at=at, source=source
    )


def _owner(address: str) -> Any:
    if "@" not in address:
        raise OddPartError("no address")
    return mailbox_sender(address)


def iso_moment(value: object, *, otherwise: datetime) -> datetime:
    """The aware UTC time that `value` writes in ISO 8601, with as many decimals as it likes; `otherwise` if absurd."""
    text = clean(value).strip()[:60]
    head, dot, rest = text.partition(".")
    if dot:  # .NET writes seven decimals, Python reads six
        decimals = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        text = f"{head}.{decimals[:6]}{rest[len(decimals) :]}"
    try:
        moment = datetime.fromisoformat(text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return otherwise
    return moment if EARLIEST <= moment <= otherwise + CLOCK_DIFFERENCE else otherwise


def unix_moment(value: object, *, otherwise: datetime) -> datetime:
    """The aware UTC time of seconds since 1970, whole or not; `otherwise` if absurd."""
    try:
        moment = datetime.fromtimestamp(float(value), UTC) if isinstance(value, int | float | str) else otherwise
    except (ValueError, OverflowError, OSError):
        return otherwise
    return moment if EARLIEST <= moment <= otherwise + CLOCK_DIFFERENCE else otherwise
