"""Sending through SES version 2: the whole mail, so that its fields are ours. SES writes a Message-ID of its own."""

import base64
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.mail.answers import outcome_of_status
from channels_ingest.adapters.mail.sigv4 import signed_headers
from channels_ingest.adapters.mail.writing import SendsFiles, checked_address, mail_head, mime_message, sender_of
from channels_ingest.adapters.sending import Accepted, Answer, HttpRequest, Outcome, Outgoing, Refused, Unclear
from channels_ingest.adapters.words import gettext_noop

DEFAULT_REGION = "us-east-1"


class SesSending(SendsFiles):
    """See `sending.Sends`. A request is good for five minutes from the moment the clock tells."""

    api_url = "https://email.us-east-1.amazonaws.com"
    sending_settings: tuple[str, ...] = ("access_key_id", "secret_access_key", "region", "from")

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self.clock = clock

    def render(self, outgoing: Outgoing, account: AccountSettings, *, api_url: str) -> HttpRequest:
        """One mail. The reference is a tag, which comes back with events of a configuration set."""
        region = account.plain.get("region") or DEFAULT_REGION
        if api_url == self.api_url:
            api_url = f"https://email.{region}.amazonaws.com"
        head = mail_head(outgoing)
        fields: dict[str, Any] = {
            "FromEmailAddress": sender_of(account)[0],
            "Destination": {
                "ToAddresses": [checked_address(outgoing.address)],
                "CcAddresses": [checked_address(each) for each in head.cc],
            },
            "Content": {"Raw": {"Data": base64.b64encode(mime_message(outgoing, account)).decode()}},
            "EmailTags": [{"Name": "reference", "Value": outgoing.reference}],
        }
        if configuration_set := account.plain.get("configuration_set"):
            fields["ConfigurationSetName"] = configuration_set
        url, body = f"{api_url}/v2/email/outbound-emails", json.dumps(fields).encode()
        headers = signed_headers(
            "POST",
            url,
            {"content-type": "application/json"},
            body,
            access_key_id=account.plain.get("access_key_id", ""),
            secret_access_key=next(iter(account.secrets.get("secret_access_key", ())), ""),
            region=region,
            service="ses",
            at=self.clock(),
        )
        return HttpRequest(method="POST", url=url, headers=headers, body=body)

    def read_answer(self, answer: Answer) -> Outcome:
        """200 with the id, or the reason."""
        said = answer.said()
        message_id, words = said.get("MessageId"), said.get("message") or said.get("Message")
        if answer.status == 200:
            if isinstance(message_id, str) and message_id:
                return Accepted(provider_message_id=message_id)
            return Unclear(reason=gettext_noop("the provider answered without an id"))
        code = answer.headers.get("x-amzn-errortype", "").partition(":")[0]
        reason = words if isinstance(words, str) else ""
        if answer.status == 403 and code == "":
            return Refused(code="403", reason=gettext_noop("the provider refuses the account's credentials"))
        return outcome_of_status(answer, code=code, reason=reason)
