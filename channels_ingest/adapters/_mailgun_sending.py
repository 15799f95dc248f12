"""Sending through Mailgun: the whole mail, so that its fields are ours."""

import base64
import hashlib
from urllib.parse import quote

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.mail.answers import outcome_of_status
from channels_ingest.adapters.mail.writing import SendsFiles, checked_address, mail_head, mime_message, multipart_form
from channels_ingest.adapters.sending import Accepted, Answer, HttpRequest, Outcome, Outgoing, Unclear
from channels_ingest.adapters.words import gettext_noop

EU_URL = "https://api.eu.mailgun.net"


class MailgunSending(SendsFiles):
    """See `sending.Sends`."""

    api_url = "https://api.mailgun.net"
    sending_settings: tuple[str, ...] = ("api_key", "domain", "from")

    def render(self, outgoing: Outgoing, account: AccountSettings, *, api_url: str) -> HttpRequest:
        """One mail. `to` is whom it is delivered to; what the mail says of its recipients stands in the mail."""
        if account.plain.get("region", "").lower() == "eu" and api_url == self.api_url:
            api_url = EU_URL
        recipients = [outgoing.address, *mail_head(outgoing).cc]
        fields = {
            "to": ", ".join(checked_address(each) for each in recipients),
            "o:tracking": "no",
            "v:reference": outgoing.reference,
        }
        raw = mime_message(outgoing, account)
        boundary = f"hub{hashlib.sha256(raw).hexdigest()[:32]}"
        key = next(iter(account.secrets.get("api_key", ())), "")
        login = base64.b64encode(f"api:{key}".encode()).decode()
        domain = account.plain.get("domain") or "hub.invalid"
        return HttpRequest(
            method="POST",
            url=f"{api_url}/v3/{quote(domain, safe='')}/messages.mime",
            headers={
                "authorization": f"Basic {login}",
                "content-type": f"multipart/form-data; boundary={boundary}",
                "accept": "application/json",
            },
            body=multipart_form(fields, file=("message", raw, "message/rfc822"), boundary=boundary),
        )

    def read_answer(self, answer: Answer) -> Outcome:
        """200 with the id, which is the mail's own Message-ID, or the reason."""
        said = answer.said()
        message_id, words = said.get("id"), said.get("message")
        if answer.status == 200:
            if isinstance(message_id, str) and message_id.strip("<> "):
                return Accepted(provider_message_id=message_id.strip("<> "))
            return Unclear(reason=gettext_noop("the provider answered without an id"))
        return outcome_of_status(answer, reason=words if isinstance(words, str) else "")
