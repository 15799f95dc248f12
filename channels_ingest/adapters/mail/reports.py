"""Reports about a mail of ours: bounces (RFC 3464), complaints (RFC 5965), and bounces that follow no standard."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.policy import compat32

from flufl.bounce import all_failures

from channels_ingest.adapters.base import clean
from channels_ingest.adapters.mail.headers import addresses_of, ids_of, split_head
from channels_ingest.adapters.mail.reading import Mail
from channels_ingest.adapters.mail.threads import Thread, first_thread
from timeline.entries import Delivery

BOUNCE = "bounce"
COMPLAINT = "complaint"
#: What a report may be to be read by the guesser of odd bounces, which was written for honest ones.
_MOST_GUESSED = 200_000
_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
_DELIVERIES = {
    "failed": Delivery.FAILED,
    "delayed": Delivery.SENT,
    "delivered": Delivery.DELIVERED,
    "relayed": Delivery.SENT,
    "expanded": Delivery.SENT,
}
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a report says. `action` is RFC 3464's word, `thread` the mail of ours that it proves to be about.

    `message_id` is that mail's own, if the report carries its head.
    """

    kind: str
    action: str = ""
    recipient: str = ""
    code: str = ""
    reason: str = ""
    thread: Thread | None = None
    message_id: str = ""

    @property
    def delivery(self) -> Delivery:
        """How far the mail came by this report."""
        return _DELIVERIES.get(self.action, Delivery.SENT)


def read_report(mail: Mail, keys: Sequence[bytes], raw: bytes) -> Report | None:
    """What `mail` reports; None if it is no report. `raw` is the whole mail where there is one."""
    report = _read(mail, keys, raw)
    if report and report.thread:
        return replace(report, message_id=_message_id(mail, report.thread))
    return report


def _read(mail: Mail, keys: Sequence[bytes], raw: bytes) -> Report | None:
    kinds = {kind for kind, _ in mail.reported}
    if mail.report_type == "feedback-report" or "message/feedback-report" in kinds:
        return _complaint(mail, keys)
    if "message/delivery-status" in kinds and mail.report_type in ("delivery-status", ""):
        return _bounce(mail, keys)
    return _odd_bounce(mail, keys, raw)


def _complaint(mail: Mail, keys: Sequence[bytes]) -> Report:
    blocks = "\n".join(_text(content) for kind, content in mail.reported if kind == "message/feedback-report")
    fields, _ = split_head(blocks.encode())
    recipient = next(iter(addresses_of(fields.all("original-rcpt-to"))), "")
    return Report(
        kind=COMPLAINT,
        action=fields.text("feedback-type")[:40],
        recipient=recipient or next(iter(_original_recipients(mail)), ""),
        thread=_thread(mail, keys),
    )


def _bounce(mail: Mail, keys: Sequence[bytes]) -> Report:
    action = recipient = code = reason = ""
    for kind, content in mail.reported:
        if kind != "message/delivery-status":
            continue
        for block in re.split(r"\r?\n[ \t]*\r?\n", _text(content).strip())[:50]:
            fields, _ = split_head(f"{block}\n\n".encode())
            found = fields.text("action").lower()
            if not found or (action == "failed" and found != "failed"):
                continue
            final = fields.all("original-recipient") or fields.all("final-recipient")
            action, recipient = found.split()[0], next(iter(addresses_of(final)), "")
            match = _STATUS.search(fields.text("status"))
            code = match[0] if match else ""
            reason = fields.text("diagnostic-code").partition(";")[2].strip()
    return Report(
        kind=BOUNCE,
        action=action,
        recipient=recipient,
        code=code,
        reason=reason[:LONGEST_REASON],
        thread=_thread(mail, keys),
    )


def _odd_bounce(mail: Mail, keys: Sequence[bytes], raw: bytes) -> Report | None:
    """A bounce as only its words tell, read only if a machine wrote it or nobody can be answered."""
    sender = next(iter(addresses_of(mail.from_fields)), "").partition("@")[0].lower()
    is_machine = sender in {"mailer-daemon", "postmaster", "mail-daemon", "mdaemon"}
    if not is_machine and mail.headers.first("return-path").strip() != b"<>":
        return None
    try:
        temporary, permanent = all_failures(message_from_bytes(raw[:_MOST_GUESSED], policy=compat32))
    except Exception:  # twenty guessers over hostile bytes
        temporary = permanent = frozenset()
    if not permanent and not temporary:
        return Report(kind=BOUNCE, thread=_thread(mail, keys, raw)) if is_machine else None
    first = sorted(permanent or temporary)[0]
    return Report(
        kind=BOUNCE,
        action="failed" if permanent else "delayed",
        recipient=clean(first.decode("ascii", "replace") if isinstance(first, bytes) else first),
        thread=_thread(mail, keys, raw),
    )


def _thread(mail: Mail, keys: Sequence[bytes], raw: bytes = b"") -> Thread | None:
    """The mail of ours: by the address the report came to, by the mail it carries, by what it answers."""
    carried = (_text(content) for kind, content in mail.reported if not kind.startswith("message/d"))
    return first_thread([*mail.recipients, *carried, *mail.answered, _text(raw[:_MOST_GUESSED])], keys)


def _message_id(mail: Mail, thread: Thread) -> str:
    """The id of the mail of ours, from the head that the report carries; never another message's."""
    for kind, content in mail.reported:
        if kind in ("message/rfc822", "text/rfc822-headers"):
            found = ids_of(split_head(content)[0].all("message-id"))
            return found[0] if found and thread.reference in found[0].lower() else ""
    return ""


def _original_recipients(mail: Mail) -> list[str]:
    for kind, content in mail.reported:
        if kind in ("message/rfc822", "text/rfc822-headers"):
            return addresses_of(split_head(content)[0].all("to"))
    return []


def _text(content: bytes) -> str:
    return clean(content.decode("utf-8", "replace"))
