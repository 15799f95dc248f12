"""What the plays of mail providers share: reading what was sent, writing what a person mails."""

import base64
import json
import secrets
import textwrap
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import format_datetime

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.mail.headers import addresses_of
from channels_ingest.adapters.mail.reading import read_mail
from channels_ingest.adapters.mail.writing import SIMULATED_FROM, WIDE
from channels_ingest.adapters.sending import Answer
from channels_ingest.simulator.plays.base import Person, Taken


def json_answer(status: int, said: object, **headers: str) -> Answer:
    """An answer in JSON."""
    return Answer(
        status=status, body=json.dumps(said).encode(), headers={"content-type": "application/json", **headers}
    )


def our_address(account: AccountSettings) -> str:
    """Where the person writes to."""
    return account.plain.get("reply_address") or account.plain.get("from") or SIMULATED_FROM


def subject_of(text: str, answers: str = "") -> str:
    """What a person in a hurry writes there: the beginning."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return "Re: Your message" if answers else textwrap.shorten(first, 60, placeholder=" …") or "A question"


def written_mail(person: Person, text: str, at: datetime, *, to: str, answers: str = "", **fields: str) -> bytes:
    """The mail that the person's program writes. `answers` is the Message-ID it replies to."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f'"{person.name}" <{person.address}>' if person.name else person.address
    message["To"] = to
    message["Subject"] = fields.pop("subject", "") or subject_of(text, answers)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{secrets.token_hex(12)}@{person.address.rpartition('@')[2]}>"
    if answers:
        bare = answers.strip("<>")
        message["In-Reply-To"] = f"<{bare}>" if "@" in bare else f"<{bare}@simulator.invalid>"
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    message.set_content(text, cte="quoted-printable")
    return message.as_bytes(policy=WIDE)


def taken_mail(raw: bytes, *, to: str, message_id: str, reference: str = "") -> Taken | None:
    """A sent mail as the provider takes it; None for bytes that are none."""
    mail = read_mail(raw)
    parsed = message_from_bytes(raw, policy=default)
    files = "\n".join(part.get_filename() or "file" for part in parsed.iter_attachments())
    if not (mail.from_fields and to and mail.headers.first("subject") is not None and (mail.text or files)):
        return None
    html_part = parsed.get_body(("html",))
    return Taken(
        message_id=message_id,
        to=to,
        text=mail.text,
        subject=mail.subject,
        html=html_part.get_content() if html_part else "",
        reference=reference,
        extra={
            "message_id": mail.message_id,
            "reply_to": next(iter(addresses_of(mail.headers.all("reply-to"))), ""),
            "in_reply_to": mail.headers.text("in-reply-to"),
            "from": next(iter(addresses_of(mail.from_fields)), ""),
            "cc": ", ".join(addresses_of(mail.headers.all("cc"))),
            "files": files,
        },
    )


def basic(password: str) -> str:
    """The header by which a provider logs in that signs nothing."""
    return "Basic " + base64.b64encode(f"hub:{password}".encode()).decode()


def secret_of(account: AccountSettings, name: str) -> str:
    """The newest value of a secret; empty if there is none."""
    return next(iter(account.secrets.get(name, ())), "")
