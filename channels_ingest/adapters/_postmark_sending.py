"""Sending through Postmark's e-mail API."""

import base64
import json
from typing import Any

from channels_ingest.adapters.base import AccountSettings, clean
from channels_ingest.adapters.mail.answers import outcome_of_status
from channels_ingest.adapters.mail.writing import (
    LONGEST_SUBJECT,
    SendsFiles,
    checked_address,
    html_of,
    line,
    mail_head,
    sender_of,
    thread_fields,
)
from channels_ingest.adapters.sending import Accepted, Answer, HttpRequest, Outcome, Outgoing, Refused, Unclear
from channels_ingest.adapters.words import gettext_noop

#: The address is on Postmark's suppression list: it bounced, or its owner complained (Postmark, "API error codes").
INACTIVE = 406


class PostmarkSending(SendsFiles):
    """See `sending.Sends`."""

    api_url = "https://api.postmarkapp.com"
    most_file_bytes = 7 * 1024 * 1024  # 10 MB with the code it travels in (Postmark, "E-mail API": read 2026-03)
    sending_settings: tuple[str, ...] = ("server_token", "from")

    def render(self, outgoing: Outgoing, account: AccountSettings, *, api_url: str) -> HttpRequest:
        """One mail. Without X-PM-KeepID Postmark would write a Message-ID of its own."""
        head = mail_head(outgoing)
        address, name = sender_of(account)
        fields: dict[str, Any] = {
            "From": f'"{name.translate(_QUOTES)}" <{address}>' if name else address,
            "To": checked_address(outgoing.address),
            "Cc": ", ".join(checked_address(each) for each in head.cc),
            "Subject": line(head.subject)[:LONGEST_SUBJECT],
            "TextBody": clean(outgoing.text),
            "HtmlBody": html_of(outgoing.text),
            "ReplyTo": checked_address(head.reply_to) if head.reply_to else "",
            "Headers": [
                {"Name": name, "Value": value} for name, value in {**thread_fields(head), "X-PM-KeepID": "true"}.items()
            ],
            "Metadata": {"reference": outgoing.reference},
            "MessageStream": account.plain.get("message_stream") or "outbound",
            "TrackOpens": False,
            "TrackLinks": "None",
            "Attachments": [
                {
                    "Name": line(file.name) or "file",
                    "Content": base64.b64encode(file.content).decode(),
                    "ContentType": file.mime_type,
                }
                for file in outgoing.files
            ],
        }
        token = next(iter(account.secrets.get("server_token", ())), "")
        return HttpRequest(
            method="POST",
            url=f"{api_url}/email",
            headers={
                "x-postmark-server-token": token,
                "content-type": "application/json",
                "accept": "application/json",
            },
            body=json.dumps({key: value for key, value in fields.items() if value or key == "TrackOpens"}).encode(),
        )

    def read_answer(self, answer: Answer) -> Outcome:
        """200 with ErrorCode 0 and an id, or the reason."""
        said = answer.said()
        code, message_id = said.get("ErrorCode"), said.get("MessageID")
        if answer.status == 200 and code == 0 and isinstance(message_id, str) and message_id:
            return Accepted(provider_message_id=message_id)
        if answer.status == 200 and not code:
            return Unclear(reason=gettext_noop("the provider answered without an id"))
        if code == INACTIVE:
            reason = gettext_noop(
                "the provider no longer sends to this address: mail to it came back, or was spam to it"
            )
            return Refused(code=str(code), reason=reason, closes="unreachable")
        words = said.get("Message")
        return (
            outcome_of_status(answer, code=str(code) if code else "", reason=words if isinstance(words, str) else "")
            if answer.status != 200
            else Refused(code=str(code), reason=line(str(words or "")))
        )


_QUOTES = str.maketrans({'"': "'", "\\": "/"})
