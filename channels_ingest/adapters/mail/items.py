"""A mail as items for the timeline: a message of its sender, or what it reports about a mail of ours."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.mail.automatic import is_own_list, list_id, reason_to_stay_silent, recognise
from channels_ingest.adapters.mail.headers import addresses_of, moment_of
from channels_ingest.adapters.mail.reading import Mail
from channels_ingest.adapters.mail.reports import COMPLAINT, Report, read_report
from channels_ingest.adapters.mail.threads import Thread, first_thread
from channels_ingest.adapters.mail.verdict import domain_of
from channels_ingest.messages import Amendment, ConsentChange, Item, Message, NotUnderstood
from profiles.identity.from_header import FromSender, Verdict, sender_of
from profiles.identity.mailbox import ascii_lower, domain_key
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Sender, Standing
from timeline.entries import AmendmentKind, Direction

#: Mail servers give a mail up after five days (RFC 5321 section 4.5.4.1); an older date is a wrong or a false one.
OLDEST = timedelta(days=5)
AHEAD = timedelta(minutes=15)
#: A Date field that differs by less needs no mention.
NOTABLE = timedelta(hours=1)
UNREADABLE_REFUSAL = "unreadable_sender"
LONGEST_TRAIT = 200
#: SES writes a Message-ID of its own into what we send: its id of the mail, which is as hard to guess as ours.
_SES_ID = re.compile(r"([0-9a-f]{16}-[0-9a-f-]{36}-\d{6})@(?:[a-z0-9-]+\.)?amazonses\.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What the provider says about how a mail came. `stamped_at` is its own clock, `envelope_to` whom it was for.

    `provider_message_id` names the mail if the provider's id is the same however often it is told; `raw` is the mail.
    """

    verdict: Verdict
    received_at: datetime
    stamped_at: datetime | None = None
    envelope_to: Sequence[str] = ()
    provider_message_id: str = ""
    raw: bytes = b""
    is_spam: bool = False
    missing: dict[str, Any] = field(default_factory=dict)


def items_of(mail: Mail, arrival: Arrival, account: AccountSettings) -> list[Item]:
    """What the mail is: news about a mail of ours if it proves to know that one, else a message."""
    own_domains = [domain_key(domain_of(address)) for address in (account.plain.get("from", ""), *arrival.envelope_to)]
    report = read_report(mail, account.thread_keys, arrival.raw)
    if report and report.thread:
        return _reported(report, report.thread, mail, arrival)
    read = _original_sender(mail, own_domains) or sender_of(mail.from_fields, _credible(arrival.verdict, mail))
    message = Message(
        sender=_sender(read, mail),
        provider_message_id=arrival.provider_message_id or message_key(mail),
        occurred_at=occurred_at(mail, arrival),
        direction=Direction.IN,
        text=mail.text,
        detail=_detail(mail, arrival, account, read, report, own_domains),
        parts=mail.parts,
        placeholder=not mail.is_readable or bool(arrival.missing),
    )
    if mail.is_readable:
        return [message]
    return [message, NotUnderstood(reason=f"mail kept unread: {'; '.join(mail.faults)}")]


def message_key(mail: Mail) -> str:
    """The same for one mail however often it comes, and another for another mail with the same Message-ID.

    Anybody can choose any Message-ID, so it is never the only key (SECURITY T7): the sender and the content are in it.
    """
    parts = (mail.message_id.encode("utf-8", "replace"), *mail.from_fields, mail.digest.encode())
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()
    return f"mail:{digest[:40]}"


def occurred_at(mail: Mail, arrival: Arrival) -> datetime:
    """When the mail reached us: by the provider's clock, our own server's stamp or the sender's, if it can be."""
    top = mail.headers.first("received").rpartition(b";")[2]
    for moment in (arrival.stamped_at, moment_of(top) if top else None, mail.sent_at):
        if moment and arrival.received_at - OLDEST <= moment <= arrival.received_at + AHEAD:
            return min(moment, arrival.received_at)
    return arrival.received_at


def mailbox_sender(address: str) -> Sender:
    """The owner of a mailbox of whom a provider reports something: a complaint, an unsubscription."""
    address = ascii_lower(address)
    identifier = SeenIdentifier(IdentifierKind.EMAIL, address, "", Grade.PROVED)
    return Sender(address=address, standing=Standing.PROVED, identifiers=(identifier,))


def _sender(read: FromSender, mail: Mail) -> Sender:
    if not read.address:
        digest = hashlib.sha256(b"\0".join(mail.from_fields)).hexdigest()
        return Sender(
            address=f"unreadable sender {digest[:12]}", standing=read.standing, reply_refusal=UNREADABLE_REFUSAL
        )
    # Letters without accents in one case: servers do not tell them apart, and one mailbox stays one channel identity.
    address = ascii_lower(read.address)
    return Sender(
        address=address,
        standing=read.standing,
        identifiers=(SeenIdentifier(IdentifierKind.EMAIL, address, "", read.grade),),
        traits={"name": read.display_name[:LONGEST_TRAIT]} if read.display_name else {},
    )


def _reported(report: Report, thread: Thread, mail: Mail, arrival: Arrival) -> list[Item]:
    at = occurred_at(mail, arrival)
    if report.kind == COMPLAINT:
        if not report.recipient or not thread.is_for(report.recipient):
            return [NotUnderstood(reason="a complaint that does not say whose it is")]
        return [
            ConsentChange(
                sender=mailbox_sender(report.recipient),
                key=f"complaint:{thread.reference}",
                purpose="marketing",
                granted=False,
                occurred_at=at,
                source="complaint",
                detail={"reference": thread.reference},
            )
        ]
    errors = [{"code": report.code, "message": report.reason}] if report.code or report.reason else []
    return [
        Amendment(
            kind=AmendmentKind.STATUS,
            key=f"bounce:{message_key(mail)}",
            # The provider's id, where that is the mail's own; else the pipeline looks it up by our reference.
            target_message_id=report.message_id or f"reference:{thread.reference}",
            occurred_at=at,
            detail={
                "status": report.action or "bounced",
                "delivery": report.delivery,
                "reference": thread.reference,
                **({"errors": errors} if errors else {}),
            },
        )
    ]


def _detail(
    mail: Mail,
    arrival: Arrival,
    account: AccountSettings,
    read: FromSender,
    report: Report | None,
    own_domains: Sequence[str],
) -> dict[str, Any]:
    """What stands beside the text; parts that say nothing are left out."""
    automatic = recognise(mail, report, own_domains)
    reply_to = addresses_of(mail.headers.all("reply-to"))
    listed = list_id(mail.headers)
    found: dict[str, Any] = {
        "type": "mail" if mail.is_readable else "unsupported",
        "subject": mail.subject,
        "to": addresses_of(mail.headers.all("to")),
        "cc": addresses_of(mail.headers.all("cc")),
        "message_id": mail.message_id,
        "in_reply_to": mail.answered[:1],
        "references": mail.answered[1:][::-1][-20:],
        "reply_address": reply_to[0] if reply_to and ascii_lower(reply_to[0]) != ascii_lower(read.address) else "",
        "automatic": {"kind": automatic.kind, "why": automatic.why} if automatic else {},
        "no_auto_answer": reason_to_stay_silent(mail, read.address, automatic),
        "list": listed,
        "verdict": _verdict(arrival, read),
        "faults": list(mail.faults),
        "raw": arrival.missing or ({} if mail.is_readable else {"kept": "envelope"}),
        **_thread(mail, arrival, account, read),
    }
    sent_at = mail.sent_at
    if sent_at and abs(sent_at - occurred_at(mail, arrival)) > NOTABLE:
        found["date"] = sent_at.isoformat()
    return {name: value for name, value in found.items() if value}


def _original_sender(mail: Mail, own_domains: Sequence[str]) -> FromSender | None:
    """Who wrote a mail that a group of our own handed on under its own address; never with proof.

    Google Groups write their address into From where the writer's domain forbids others to send for it. The group is
    ours, so without this the customer would be taken for ourselves.
    """
    fields = mail.headers.all("x-original-from")
    domain = domain_key(domain_of(sender_of(mail.from_fields, Verdict()).address))
    if not fields or not domain or domain not in own_domains or not is_own_list(mail.headers, own_domains):
        return None
    read = sender_of(fields, Verdict())
    return read if read.address and domain_key(domain_of(read.address)) not in own_domains else None


def _credible(verdict: Verdict, mail: Mail) -> Verdict:
    """The verdict, unless the head is so broken that our receiver may have read another From in it; a failure stays."""
    if mail.headers.is_clean:
        return verdict
    return Verdict(dmarc="fail", dmarc_domain=verdict.dmarc_domain) if verdict.dmarc == "fail" else Verdict()


def _verdict(arrival: Arrival, read: FromSender) -> dict[str, Any]:
    verdict = arrival.verdict
    told: dict[str, Any] = {"dmarc": verdict.dmarc, "spf": verdict.spf, "dkim": list(verdict.dkim_domains)}
    told |= {"reason": read.reason, "spam": arrival.is_spam}
    return {name: value for name, value in told.items() if value}


def _thread(mail: Mail, arrival: Arrival, account: AccountSettings, read: FromSender) -> dict[str, Any]:
    """Which message of ours it answers, and whether that one went to this sender: by our tokens, never by subject."""
    keys = account.thread_keys
    known_by = "reply_address"
    thread = first_thread([*arrival.envelope_to, *mail.recipients], keys)
    if thread is None:
        known_by, thread = "message_id", first_thread(mail.answered, keys)
    if thread is None:
        ids = (_SES_ID.fullmatch(each) for each in mail.answered)
        sent = next((match[1] for match in ids if match), "")
        return {"reply_to": {"provider_message_id": sent}} if sent else {}
    facts = {"reference": thread.reference, "known_by": known_by, "is_addressee": thread.is_for(read.address)}
    return {"thread": facts, "reply_to": {"reference": thread.reference}}
