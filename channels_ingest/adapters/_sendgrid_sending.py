"""Sending through SendGrid's Mail Send."""

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
from channels_ingest.adapters.reading import as_list, as_object
from channels_ingest.adapters.sending import Accepted, Answer, HttpRequest, Outcome, Outgoing, Unclear
from channels_ingest.adapters.words import gettext_noop


class SendGridSending(SendsFiles):
    """See `sending.Sends`."""

    api_url = "https://api.sendgrid.com"
    sending_settings: tuple[str, ...] = ("api_key", "from")

    def render(self, outgoing: Outgoing, account: AccountSettings, *, api_url: str) -> HttpRequest:
        """One mail, without open and click tracking. The reference comes back with every event."""
        head = mail_head(outgoing)
        address, name = sender_of(account)
        to: dict[str, Any] = {"to": [{"email": checked_address(outgoing.address)}]}
        if head.cc:
            to["cc"] = [{"email": checked_address(each)} for each in head.cc]
        fields: dict[str, Any] = {
            "personalizations": [{**to, "custom_args": {"reference": outgoing.reference}}],
            "from": {"email": address, **({"name": name} if name else {})},
            "subject": line(head.subject)[:LONGEST_SUBJECT] or "(no subject)",  # SendGrid refuses an empty one
            "content": [
                {"type": "text/plain", "value": clean(outgoing.text)},
                {"type": "text/html", "value": html_of(outgoing.text)},
            ],
            "headers": thread_fields(head),
            "tracking_settings": {
                "click_tracking": {"enable": False, "enable_text": False},
                "open_tracking": {"enable": False},
            },
        }
        if head.reply_to:
            fields["reply_to"] = {"email": checked_address(head.reply_to)}
        if outgoing.files:
            fields["attachments"] = [
                {
                    "content": base64.b64encode(file.content).decode(),
                    "filename": line(file.name) or "file",
                    "type": file.mime_type,
                    "disposition": "attachment",
                }
                for file in outgoing.files
            ]
        key = next(iter(account.secrets.get("api_key", ())), "simulated")
        return HttpRequest(
            method="POST",
            url=f"{api_url}/v3/mail/send",
            # A header may not end in a space, and the simulator takes any key.
            headers={"authorization": f"Bearer {key or 'none'}", "content-type": "application/json"},
            body=json.dumps(fields).encode(),
        )

    def read_answer(self, answer: Answer) -> Outcome:
        """202 with the id in a header, or the reasons."""
        if answer.status in (200, 202):
            message_id = answer.headers.get("x-message-id", "").strip()
            if message_id:
                return Accepted(provider_message_id=message_id)
            return Unclear(reason=gettext_noop("the provider answered without an id"))
        errors = [as_object(each) for each in as_list(answer.said().get("errors"))]
        reasons = "; ".join(clean(error.get("message")) for error in errors)
        return outcome_of_status(answer, reason=reasons)
