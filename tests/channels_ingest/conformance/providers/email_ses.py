"""Amazon SES over SNS, signed with a key of this suite's own."""

import base64
import json
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from channels_ingest import sns_certificates
from channels_ingest.adapters.mail.sns import string_to_sign
from channels_ingest.registry import ADAPTERS
from channels_ingest.simulator.plays.email_ses import PLAY
from tests.channels_ingest.conformance.description import Description, Signed
from tests.channels_ingest.conformance.mails import HEAD, PERSON

TOPIC = "arn:aws:sns:eu-west-1:123456789012:conformance"
ANOTHER = "arn:aws:sns:eu-west-1:123456789012:another"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-00000000conformance.pem"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
PEM = (
    x509.CertificateBuilder()
    .subject_name(_NAME)
    .issuer_name(_NAME)
    .public_key(KEY.public_key())
    .serial_number(1)
    .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
    .sign(KEY, SHA256())
    .public_bytes(Encoding.PEM)
)


def sign(body: bytes, *, secret: str, url: str, at: datetime) -> Signed:
    """The body as a message of the topic `secret`. What is no notification yet becomes the content of one."""
    sns_certificates.keep(CERTIFICATE, PEM)
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return Signed(body=body)
    if not isinstance(said, dict) or not isinstance(said.get("Message"), str):
        return Signed(body=body)
    said = {
        "Timestamp": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        **said,
        # Amazon gives each message an id of its own; the printed samples share some.
        "MessageId": str(uuid5(NAMESPACE_URL, said["Message"].encode("utf-8", "replace").decode())),
        "TopicArn": secret,
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
    }
    text = string_to_sign(said)
    signature = KEY.sign(text.encode(), padding.PKCS1v15(), SHA256()) if text is not None else b""
    padding_of_body = body[len(body.rstrip(b" ")) :]
    signed = json.dumps({**said, "Signature": base64.b64encode(signature).decode()}).encode()
    return Signed(body=signed + padding_of_body)


def message(text: str, key: str) -> bytes:
    raw = (
        "From: Mira Lind <mira@customer.example>\r\nTo: support@hub.example.com\r\nSubject: Order\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}"
    ).encode("utf-8", "surrogatepass")
    said = {
        "notificationType": "Received",
        "receipt": {"recipients": ["support@hub.example.com"], "action": {"type": "SNS", "encoding": "BASE64"}},
        "mail": {"messageId": f"mail{key}", "source": "mira@customer.example"},
        "content": base64.b64encode(raw).decode(),
    }
    return json.dumps({"Type": "Notification", "Message": json.dumps(said)}).encode()


DESCRIPTION = Description(
    adapter=ADAPTERS["email_ses"],
    values={"topic_arn": TOPIC, "from": "support@hub.example.com"},
    signing="topic_arn",
    another=ANOTHER,
    sign=sign,
    message=message,
    payloads=["ses-*.json", "sns-*.json"],
    content_type="text/plain",
    play=PLAY,
    person=PERSON,
    mail_head=HEAD,
)
