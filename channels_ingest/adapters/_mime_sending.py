"""Sending through any mail server. Without one, the mail goes to the simulator as it is."""

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.mail.answers import outcome_of_status
from channels_ingest.adapters.mail.writing import SendsFiles, checked_address, mail_head, mime_message, sender_of
from channels_ingest.adapters.sending import Accepted, Answer, HttpRequest, Outcome, Outgoing, SmtpRequest, Unclear
from channels_ingest.adapters.words import gettext_noop

SUBMISSION_PORT = 587


class SmtpSending(SendsFiles):
    """See `sending.Sends`. The id of a mail sent by SMTP is its own Message-ID."""

    api_url = ""
    sending_settings: tuple[str, ...] = ("smtp_host", "from")

    def render(self, outgoing: Outgoing, account: AccountSettings, *, api_url: str) -> HttpRequest | SmtpRequest:
        """One mail. Bounces come to the address of the thread, whose token says which mail came back."""
        head, raw = mail_head(outgoing), mime_message(outgoing, account)
        host = account.plain.get("smtp_host", "")
        if api_url or not host:
            headers = {
                "content-type": "message/rfc822",
                "x-envelope-to": checked_address(outgoing.address),
                "x-reference": outgoing.reference,
            }
            return HttpRequest(method="POST", url=f"{api_url}/mail", headers=headers, body=raw)
        port = account.plain.get("smtp_port", "")
        return SmtpRequest(
            host=host,
            port=int(port) if port.isascii() and port.isdigit() else SUBMISSION_PORT,
            user=account.plain.get("smtp_user", ""),
            password=next(iter(account.secrets.get("smtp_password", ())), ""),
            envelope_from=checked_address(head.reply_to) if head.reply_to else sender_of(account)[0],
            envelope_to=checked_address(outgoing.address),
            copies=tuple(checked_address(each) for each in head.cc),
            message=raw,
        )

    def read_answer(self, answer: Answer) -> Outcome:
        """What the simulator answers; a mail server's words are read by who talks to it."""
        message_id = answer.said().get("id")
        if answer.status == 200:
            if isinstance(message_id, str) and message_id:
                return Accepted(provider_message_id=message_id)
            return Unclear(reason=gettext_noop("the provider answered without an id"))
        return outcome_of_status(answer)
