"""Postmark as the simulator plays it."""

import json
import secrets
import uuid
from datetime import datetime
from urllib.parse import urlsplit

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.mail.headers import addresses_of
from channels_ingest.adapters.mail.settings import PASSWORD
from channels_ingest.adapters.sending import Answer, HttpRequest
from channels_ingest.simulator.plays._mail import basic, json_answer, our_address, secret_of, subject_of
from channels_ingest.simulator.plays.base import Person, Play, Post, Taken
from timeline.entries import Delivery


class PostmarkPlay:
    """See `base.Play`. Postmark reports no `sent`, and opening is no reading."""

    provider = "email_postmark"

    def take(self, request: HttpRequest) -> Taken | Answer:
        """The mail of a call to `/email`, or Postmark's refusal of it."""
        if request.method != "POST" or not urlsplit(request.url).path.endswith("/email"):
            return json_answer(404, {"ErrorCode": 404, "Message": "No such resource."})
        if "x-postmark-server-token" not in request.headers:
            return json_answer(401, {"ErrorCode": 10, "Message": "No Account or Server API tokens were supplied."})
        try:
            said = json.loads(request.body)
            to = addresses_of([said["To"].encode()])[0]
            return Taken(
                message_id=str(uuid.uuid4()),
                to=to,
                text=said["TextBody"],
                reference=said["Metadata"]["reference"],
                subject=said.get("Subject", ""),
                html=said.get("HtmlBody", ""),
                extra={
                    **{header["Name"].lower(): header["Value"] for header in said.get("Headers", [])},
                    "from": said["From"],
                    "reply_to": said.get("ReplyTo", ""),
                    "cc": said.get("Cc", ""),
                    "files": "\n".join(file["Name"] for file in said.get("Attachments", [])),
                },
            )
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            return json_answer(422, {"ErrorCode": 300, "Message": "The provided request is no valid e-mail."})

    def answer(self, taken: Taken) -> Answer:
        """Postmark's answer to a mail it took."""
        said = {"To": taken.to, "MessageID": taken.message_id, "ErrorCode": 0, "Message": "OK"}
        return json_answer(200, said)

    def status(
        self, taken: Taken, delivery: Delivery, at: datetime, account: AccountSettings, *, webhook_url: str
    ) -> Post | None:
        """The delivery or bounce webhook."""
        about = {"MessageID": taken.message_id, "ServerID": 1, "Metadata": {"reference": taken.reference}}
        if delivery is Delivery.DELIVERED:
            said = {
                "RecordType": "Delivery",
                "Recipient": taken.to,
                "DeliveredAt": at.isoformat(),
                "Details": "250 OK",
                **about,
            }
        elif delivery is Delivery.FAILED:
            said = {
                "RecordType": "Bounce",
                "ID": secrets.randbelow(10**9),
                "Type": "HardBounce",
                "Email": taken.to,
                "BouncedAt": at.isoformat(),
                "Description": "The server was unable to deliver your message.",
                "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
                **about,
            }
        else:
            return None
        return _post(said, account, webhook_url)

    def incoming(
        self, person: Person, text: str, at: datetime, account: AccountSettings, *, webhook_url: str, answers: str = ""
    ) -> Post:
        """The inbound webhook; Postmark found that the sender's own server wrote."""
        domain = person.address.rpartition("@")[2]
        fields = [
            *_found(person.address),
            ("DKIM-Signature", f"v=1; a=rsa-sha256; d={domain}; s=s1"),
            ("Message-ID", f"<{secrets.token_hex(12)}@{domain}>"),
            *([("In-Reply-To", f"<{answers.strip('<>')}>")] if answers else []),
        ]
        said = {
            "FromName": person.name,
            "From": person.address,
            "FromFull": {"Email": person.address, "Name": person.name, "MailboxHash": ""},
            "To": our_address(account),
            "ToFull": [{"Email": our_address(account), "Name": "", "MailboxHash": ""}],
            "OriginalRecipient": our_address(account),
            "Subject": subject_of(text, answers),
            "MessageID": str(uuid.uuid4()),
            "Date": at.strftime("%a, %d %b %Y %H:%M:%S +0000"),
            "TextBody": text,
            "HtmlBody": "",
            "Headers": [{"Name": name, "Value": value} for name, value in fields],
            "Attachments": [],
        }
        return _post(said, account, webhook_url)


def _found(address: str) -> list[tuple[str, str]]:
    """The fields that Postmark puts on top, in its order, of a mail whose sender's own server wrote."""
    host = "p-pm-inboundg02a-aws-euwest1a"
    domain = address.rpartition("@")[2]
    taken = f"from mx.{domain} (mx.{domain} [192.0.2.25])\tby {host}.inbound.postmarkapp.com (Postfix) with ESMTPS"
    return [
        ("Return-Path", f"<{address}>"),
        ("Received", f"by {host}.inbound.postmarkapp.com (Postfix, from userid 996)\tid 8ED1A453CA4"),
        ("X-Spam-Status", "No"),
        ("X-Spam-Score", "-0.1"),
        ("X-Spam-Tests", "DKIM_SIGNED,DKIM_VALID,DKIM_VALID_AU,SPF_PASS"),
        ("Received-SPF", f"pass (sender SPF authorized) receiver={host}; identity=mailfrom; envelope-from={address}"),
        ("Received", taken),
    ]


def _post(said: object, account: AccountSettings, webhook_url: str) -> Post:
    headers = {"Authorization": basic(secret_of(account, PASSWORD)), "Content-Type": "application/json"}
    return Post(url=webhook_url, headers=headers, body=json.dumps(said).encode())


PLAY: Play = PostmarkPlay()
