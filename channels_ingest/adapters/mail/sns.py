"""Amazon SNS: whether a notification is Amazon's, and of one of our topics.

AWS, "Parsing Amazon SNS message formats", "Verifying the signatures" (read 2026-11). The certificate's address comes
with the message: only the host that Amazon signs from in the topic's own region is ever asked for one.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from channels_ingest.adapters.base import PayloadError, read_json
from channels_ingest.signatures import any_matches

NOTIFICATION = "Notification"
SUBSCRIPTION = "SubscriptionConfirmation"
UNSUBSCRIPTION = "UnsubscribeConfirmation"
_SIGNED: Mapping[str, tuple[str, ...]] = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    SUBSCRIPTION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    UNSUBSCRIPTION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HOST = re.compile(r"sns\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")
_PATH = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem")
_TOPIC = re.compile(r"arn:aws(?:-cn|-us-gov)?:sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_.-]{1,256}")
#: Of an RSA key of 2048 bits: certificate authorities have issued no shorter ones since 2014.
LEAST_SIGNATURE_BYTES = 256
#: The PEM certificate at an address that `certificate_url` allows. Raises CannotVerifyError.
Certificates = Callable[[str], bytes]


#: What stands for a version of Amazon's where the simulator signs: nobody has Amazon's key, so it takes the hub's own.
SIMULATED = "simulated"


def is_signed(
    body: bytes, topics: Iterable[str], certificates: Certificates, *, own_keys: Iterable[bytes] = ()
) -> bool:
    """Whether `body` is of one of the topics and signed by Amazon, or by our simulator. Raises CannotVerifyError."""
    try:
        said = read_json(body)
    except PayloadError:
        return False
    topic = said.get("TopicArn")
    if not isinstance(topic, str) or not any_matches(topic, [each for each in topics if each]):
        return False
    text, url = string_to_sign(said), certificate_url(said.get("SigningCertURL"), topic)
    if said.get("SignatureVersion") == SIMULATED and text is not None:
        return any_matches(str(said.get("Signature")), [simulated_signature(text, key) for key in own_keys])
    algorithm = {"1": SHA1, "2": SHA256}.get(str(said.get("SignatureVersion")))
    signature = said.get("Signature")
    if text is None or not url or algorithm is None or not isinstance(signature, str):
        return False
    proof = _proof(signature)
    if not proof:
        return False  # no certificate could make it good: while none can be had, the sender would be told to try again
    pem = certificates(url)
    try:
        public = x509.load_pem_x509_certificate(pem).public_key()
        if not isinstance(public, rsa.RSAPublicKey):
            return False
        public.verify(proof, text.encode(), padding.PKCS1v15(), algorithm())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _proof(signature: str) -> bytes:
    """The bytes of a signature that Amazon's keys could have made; empty for any other."""
    try:
        proof = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return proof if len(proof) >= LEAST_SIGNATURE_BYTES else b""


def simulated_signature(text: str, key: bytes) -> str:
    """What the simulator writes in the place of Amazon's signature."""
    return hmac.new(key, f"simulated sns\0{text}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def string_to_sign(said: Mapping[str, Any]) -> str | None:
    """What Amazon signs of a message; None if it is of no kind that it sends."""
    names = _SIGNED.get(said["Type"]) if isinstance(said.get("Type"), str) else None
    if names is None:
        return None
    values = [(name, said.get(name)) for name in names if name != "Subject" or said.get(name) is not None]
    if not all(isinstance(value, str) for _, value in values):
        return None
    text = "".join(f"{name}\n{value}\n" for name, value in values)
    return text if text.isascii() or _is_text(text) else None


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def certificate_url(url: object, topic: str) -> str:
    """The address if it is Amazon's own, over HTTPS, in the topic's region; else empty."""
    region = _TOPIC.fullmatch(topic)
    if not isinstance(url, str) or not url.isascii() or region is None:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = _HOST.fullmatch(parts.netloc)
    is_plain = parts.scheme == "https" and not parts.query and not parts.fragment and _PATH.fullmatch(parts.path)
    return url if host and is_plain and host[1] == region[1] else ""


def confirmation_url(topic: str, token: str) -> str:
    """The call that confirms a subscription: built from the topic, and not the address that came along.

    Empty for a topic that is none.
    """
    match = _TOPIC.fullmatch(topic)
    if not match or not re.fullmatch(r"[0-9A-Za-z.]{1,1000}", token):
        return ""
    zone = ".cn" if topic.startswith("arn:aws-cn:") else ""
    host = f"sns.{match[1]}.amazonaws.com{zone}"
    return f"https://{host}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}&AuthenticateOnUnsubscribe=true"
