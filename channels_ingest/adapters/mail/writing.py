"""A mail of ours as bytes and as the fields that providers take. Nothing a customer or agent writes makes a field.

The text goes as plain text and as the same in minimal HTML; no marker line, no tracking, no pictures.
"""

import html
import re
from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from channels_ingest.adapters.base import AccountSettings, clean
from channels_ingest.adapters.sending import CannotSendError, FileRules, MailHead, Outgoing, OutgoingFile
from channels_ingest.adapters.words import gettext_noop
from profiles.identity.mailbox import domain_key

#: Under what a mail is sent that only the simulator sees.
SIMULATED_FROM = "support@hub.invalid"
#: Fields are folded late: the library writes an id that is longer than a line as an encoded word, which is no id.
WIDE = SMTP.clone(max_line_length=600)
LONGEST_SUBJECT = 250  # characters
MOST_REFERENCES = 20
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]\\@\x00-\x20]{1,64}@[A-Za-z0-9.-]{1,253}")
_ID = re.compile(r"[!-;=?-~]{1,250}")
_LINK = re.compile(r"https?://[^\s<>\"']{1,2000}[^\s<>\"'.,;:!?)\]]")
#: Fields that only `mail_fields` writes.
_OWN = frozenset({"from", "to", "cc", "bcc", "subject", "reply-to", "message-id", "in-reply-to", "references"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")


class SendsFiles:
    """The half of `sending.TakesFiles` that every mail line has: any file, so many bytes together.

    Mail servers refuse larger mails, and the code files travel in adds a third. Without a better word it is 10 MB.
    """

    most_file_bytes = 10 * 1024 * 1024

    def file_rules(self, account: AccountSettings) -> FileRules:
        """What a mail carries."""
        return FileRules(most_bytes={"": self.most_file_bytes}, total_bytes=self.most_file_bytes)


def mail_head(outgoing: Outgoing) -> MailHead:
    """The head of the mail. Raises CannotSendError for a message without one."""
    if outgoing.mail is None:
        raise CannotSendError(gettext_noop("a mail needs a subject"))
    return outgoing.mail


def sender_of(account: AccountSettings) -> tuple[str, str]:
    """The address and name that mails are sent under."""
    address = account.plain.get("from", "") or SIMULATED_FROM
    return checked_address(address), line(account.plain.get("from_name", ""))


def checked_address(address: str) -> str:
    """The address with its domain in ASCII, if it is one that may stand in a field. Raises CannotSendError."""
    local, _, domain = address.strip().rpartition("@")
    written = f"{local}@{domain if domain.isascii() else domain_key(domain)}"
    if not _ADDRESS.fullmatch(written) or len(written) > 254:
        raise CannotSendError(gettext_noop("this is no address that mail can be sent to"))
    return written


def line(text: str) -> str:
    """`text` as one line: a line break in a subject or name would begin a field of its own."""
    return " ".join(_CONTROLS.sub(" ", clean(text)).split())


def reply_subject(subject: str) -> str:
    """The subject of an answer."""
    subject = line(subject)
    return subject if re.match(r"(?:re|aw|sv|antw|odp|r)\s*:", subject, re.IGNORECASE) else f"Re: {subject}".strip()


def thread_fields(head: MailHead) -> dict[str, str]:
    """The fields that put the mail in its thread, and those that were asked for beside."""
    fields = {"Message-ID": _bracketed(head.message_id)}
    if head.in_reply_to:
        fields["In-Reply-To"] = _bracketed(head.in_reply_to)
    references = [written for each in head.references[-MOST_REFERENCES:] if (written := _bracketed(each))]
    if references:
        fields["References"] = " ".join(references)
    for name, value in head.extra.items():
        if _NAME.fullmatch(name) and name.lower() not in _OWN and not name.lower().startswith("content-"):
            fields[name] = line(value)
    return {name: value for name, value in fields.items() if value}


def _bracketed(message_id: str) -> str:
    bare = message_id.strip().removeprefix("<").removesuffix(">")
    return f"<{bare}>" if _ID.fullmatch(bare) else ""


def html_of(text: str) -> str:
    """The text in HTML: paragraphs, line breaks and links, and nothing else."""
    paragraphs = re.split(r"\n{2,}", clean(text).replace("\r\n", "\n").strip("\n"))
    return "".join(f'<p dir="auto">{_linked(paragraph)}</p>\n' for paragraph in paragraphs)


def _linked(paragraph: str) -> str:
    out, position = [], 0
    for match in _LINK.finditer(paragraph):
        link = html.escape(match[0])
        out += [html.escape(paragraph[position : match.start()]), f'<a href="{link}">{link}</a>']
        position = match.end()
    return "".join([*out, html.escape(paragraph[position:])]).replace("\n", "<br>\n")


def mime_message(outgoing: Outgoing, account: AccountSettings) -> bytes:
    """The whole mail, as servers hand it on. Raises CannotSendError."""
    head = mail_head(outgoing)
    address, name = sender_of(account)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=name, addr_spec=address)
    message["To"] = checked_address(outgoing.address)
    if head.cc:
        message["Cc"] = ", ".join(checked_address(each) for each in head.cc)
    message["Subject"] = line(head.subject)[:LONGEST_SUBJECT]
    if head.reply_to:
        message["Reply-To"] = checked_address(head.reply_to)
    for field, value in thread_fields(head).items():
        message[field] = value
    message.set_content(clean(outgoing.text).replace("\r\n", "\n"), cte="quoted-printable")
    message.add_alternative(html_of(outgoing.text), subtype="html", cte="quoted-printable")
    for file in outgoing.files:
        _attach(message, file)
    return message.as_bytes(policy=WIDE)


def _attach(message: EmailMessage, file: OutgoingFile) -> None:
    maintype, _, subtype = file.mime_type.partition("/")
    is_plain = _NAME.fullmatch(maintype) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,80}", subtype)
    if not is_plain or maintype in ("multipart", "message"):
        maintype, subtype = "application", "octet-stream"
    message.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=line(file.name)[:120] or "file")


def multipart_form(fields: Mapping[str, str], *, file: tuple[str, bytes, str], boundary: str) -> bytes:
    """The fields and one file (name, content, type) as a multipart/form-data body."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    name, content, kind = file
    disposition = f'Content-Disposition: form-data; name="{name}"; filename="{name}"'
    head = f"--{boundary}\r\n{disposition}\r\nContent-Type: {kind}\r\n\r\n"
    return b"".join([*parts, head.encode(), content, f"\r\n--{boundary}--\r\n".encode()])
