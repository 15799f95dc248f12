"""Amazon SES: received mails and events as SNS notifications; sending by its API version 2.

AWS, "Amazon SES e-mail receiving notifications", "Event publishing contents", "SendEmail" (read 2026-11). SNS carries
mails of up to 150 kB; larger ones lie in S3, are announced, and are fetched off the request.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from channels_ingest.adapters._ses_events import event_items
from channels_ingest.adapters._ses_sending import SesSending
from channels_ingest.adapters.base import (
    AccountSettings,
    CannotVerifyError,
    Delivery,
    PayloadError,
    Setting,
    clean,
    read_json,
)
from channels_ingest.adapters.mail.events import iso_moment
from channels_ingest.adapters.mail.headers import Headers, addresses_of, from_base64, headers_of
from channels_ingest.adapters.mail.items import Arrival, items_of
from channels_ingest.adapters.mail.reading import from_fields, read_mail
from channels_ingest.adapters.mail.settings import FROM, FROM_NAME, REPLY_ADDRESS
from channels_ingest.adapters.mail.sns import NOTIFICATION, SUBSCRIPTION, UNSUBSCRIPTION, Certificates, is_signed
from channels_ingest.adapters.mail.verdict import domain_of, only_signer
from channels_ingest.adapters.reading import OddPartError, as_list, as_object, as_word, nameable
from channels_ingest.messages import AccountNotice, Errand, Item, Located, NotUnderstood
from profiles.identity.from_header import Verdict, sender_of

#: Kinds of errands, run by `channels_ingest.errands`.
CONFIRM, FETCH = "sns_confirm", "ses_fetch"


def no_certificates(url: str) -> bytes:
    """The port when nobody gave one."""
    raise CannotVerifyError("no certificates can be loaded here")


class AmazonSes(SesSending):
    """The adapter; see `base.Adapter` and `sending.Sends`. `certificates` and `clock` are its ports to the world."""

    provider = "email_ses"
    channel = "email"
    settings: tuple[Setting, ...] = (
        Setting(
            name="topic_arn",
            meaning="The SNS topic that SES publishes to; give each topic, others are refused",
            secret=True,  # it is none, but an account may have several
            required=True,
        ),
        FROM,
        FROM_NAME,
        REPLY_ADDRESS,
        Setting(name="region", meaning="The AWS region, eu-west-1; needed to send and for mails in S3"),
        Setting(name="access_key_id", meaning="A key that may ses:SendEmail and s3:GetObject; needed to send"),
        Setting(name="secret_access_key", meaning="Its secret; needed to send", secret=True),
        Setting(name="configuration_set", meaning="The SES configuration set whose events come back here"),
    )
    max_body_bytes = 1_000_000  # SNS sends 256 kB; mails fetched from S3 do not come this way
    kept_headers: tuple[str, ...] = ("content-type", "user-agent", "x-amz-sns-message-type")
    refusal_status = 403
    route_setting = ""

    def __init__(
        self, *, certificates: Certificates = no_certificates, clock: Callable[[], datetime] | None = None
    ) -> None:
        super().__init__(clock=clock or (lambda: datetime.now(UTC)))
        self.certificates = certificates

    def handshake(self, query: Mapping[str, str], account: AccountSettings) -> str | None:
        """There is none; a subscription is confirmed by an errand."""
        return None

    def verify(self, delivery: Delivery, account: AccountSettings) -> bool:
        """Whether Amazon signed it, for one of the account's topics. The topic is looked at before anything else."""
        topics = account.secrets.get("topic_arn", ())
        return is_signed(delivery.body, topics, self.certificates, own_keys=account.thread_keys)

    def delivery_key(self, delivery: Delivery) -> str:
        """SNS's id of the message, which is signed and the same at each retry."""
        try:
            said = read_json(delivery.body)
        except PayloadError:
            return hashlib.sha256(delivery.body).hexdigest()
        key = as_word(said.get("MessageId"))
        return f"sns:{key}"[:128] if key else hashlib.sha256(delivery.body).hexdigest()

    def normalise(self, delivery: Delivery, account: AccountSettings, received_at: datetime) -> list[Located]:
        """What the notification says; news about the subscription itself."""
        said = read_json(delivery.body)
        kind = as_word(said.get("Type"))
        at = iso_moment(said.get("Timestamp"), otherwise=received_at)
        try:
            if kind == NOTIFICATION:
                items = _notified(said, account, received_at, at)
            elif kind == SUBSCRIPTION:
                detail = {"topic_arn": as_word(said.get("TopicArn")), "token": clean(said.get("Token"))}
                items = [Errand(kind=CONFIRM, key=as_word(said.get("MessageId")), detail=detail)]
            elif kind == UNSUBSCRIPTION:
                key = f"sns:{as_word(said.get('MessageId'))}"
                items = [AccountNotice(key=key, kind="sns_unsubscribed", occurred_at=at)]
            else:
                raise PayloadError(f"expected a message of SNS, got {nameable(kind)}")
        except OddPartError as odd:
            items = [NotUnderstood(reason=str(odd))]
        return [Located(item=item, path="Message") for item in items]


def _notified(said: Mapping[str, Any], account: AccountSettings, received_at: datetime, at: datetime) -> list[Item]:
    text = clean(said.get("Message"))
    if text.startswith("Successfully validated SNS topic"):  # what SES sends when a topic is chosen
        key = f"sns:{as_word(said.get('MessageId'))}"
        return [AccountNotice(key=key, kind="ses_topic_validated", occurred_at=at)]
    try:
        message = read_json(text.encode())
    except PayloadError:
        raise OddPartError("a notification that is not of SES") from None
    word = as_word(message.get("notificationType") or message.get("eventType"))
    if word == "Received":
        return _received(message, account, received_at)
    return event_items(word, message, at)


def _received(message: Mapping[str, Any], account: AccountSettings, received_at: datetime) -> list[Item]:
    mail_facts, receipt = as_object(message.get("mail")), as_object(message.get("receipt"))
    message_id = as_word(mail_facts.get("messageId"))
    if not message_id:
        raise OddPartError("a mail without an id")
    listed = [each for each in as_list(mail_facts.get("headers")) if isinstance(each, dict)]
    told = headers_of((clean(each.get("name")), clean(each.get("value"))) for each in listed)
    action = as_object(receipt.get("action"))
    raw = _content(message, action)
    place = {"bucket": as_word(action.get("bucketName")), "key": clean(action.get("objectKey"))}
    is_away = not raw and bool(place["bucket"] and place["key"])
    if not raw and not is_away:
        raise OddPartError(f"a mail without its content, action {nameable(action.get('type'))}")
    mail = read_mail(raw) if raw else from_fields(told, "", "", [])
    arrival = Arrival(
        verdict=_verdict(receipt, mail_facts, told if told.fields else mail.headers, mail.from_fields),
        received_at=received_at,
        stamped_at=iso_moment(mail_facts.get("timestamp"), otherwise=received_at),
        envelope_to=addresses_of(clean(each).encode() for each in as_list(receipt.get("recipients"))),
        provider_message_id=f"ses:{message_id}",
        raw=raw,
        is_spam="FAIL" in (_status(receipt, "spamVerdict"), _status(receipt, "virusVerdict")),
        missing={"s3": place} if is_away else {},
    )
    items = items_of(mail, arrival, account)
    if is_away:
        items.append(Errand(kind=FETCH, key=message_id, detail={**place, "message": without_content(message)}))
    return items


def without_content(message: Mapping[str, Any]) -> dict[str, Any]:
    """The notification as it is told again once the mail was fetched; its headers come with the mail."""
    mail_facts = {name: value for name, value in as_object(message.get("mail")).items() if name != "headers"}
    return {"notificationType": "Received", "receipt": as_object(message.get("receipt")), "mail": mail_facts}


def _content(message: Mapping[str, Any], action: Mapping[str, Any]) -> bytes:
    content = message.get("content")
    if not isinstance(content, str):
        return b""
    if as_word(action.get("encoding")).upper() == "BASE64":
        return from_base64(content.encode("ascii", "replace"))
    return content.encode("utf-8", "replace")


def _status(receipt: Mapping[str, Any], name: str) -> str:
    return as_word(as_object(receipt.get(name)).get("status")).upper()


def _verdict(
    receipt: Mapping[str, Any], mail_facts: Mapping[str, Any], headers: Headers, from_values: list[bytes]
) -> Verdict:
    """The verdicts of the receipt. Which domain DMARC passed for SES does not say: it is the one of the only From."""
    words = {"PASS": "pass", "FAIL": "fail"}
    dmarc = words.get(_status(receipt, "dmarcVerdict"), "none" if _status(receipt, "dmarcVerdict") else "")
    address = sender_of(from_values, Verdict()).address
    is_signed_mail = _status(receipt, "dkimVerdict") == "PASS"
    return Verdict(
        dmarc=dmarc,
        dmarc_domain=domain_of(address) if dmarc else "",
        spf=words.get(_status(receipt, "spfVerdict"), ""),
        spf_domain=domain_of(as_word(mail_facts.get("source"))),
        dkim_domains=only_signer(headers.all("dkim-signature")) if is_signed_mail else (),
    )
