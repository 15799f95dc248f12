"""What Postmark's own receiver found out about a mail, told from what the mail's sender wrote.

Postmark puts its fields on top: Return-Path, its own hand-over (`Received: by … (Postfix, from userid`), the spam
filter's, Received-SPF if it checked, and then the Received of the server that took the mail from outside. Below that
everything came with the mail, a Received-SPF too where Postmark wrote none (seen with forwarded mails). The order was
read from inbound mails of 2023 to 2025 that others published; Postmark documents none.
"""

import re

from channels_ingest.adapters.mail.headers import Headers
from channels_ingest.adapters.mail.verdict import only_signer
from profiles.identity.from_header import Verdict

_SPF = re.compile(rb"\s*([A-Za-z]+)\b")
_OUR_HOST = rb"\bby\s+[a-z0-9-]+\.inbound\.postmarkapp\.com\s"
_HANDED_OVER = re.compile(rb"\s*" + _OUR_HOST + rb"\(Postfix, from userid [0-9]+\)", re.IGNORECASE)
_TAKEN = re.compile(rb"\s*from\s.*" + _OUR_HOST, re.IGNORECASE | re.DOTALL)
_OF_FILTER = frozenset({"x-spam-checker-version", "x-spam-status", "x-spam-score", "x-spam-tests", "x-spam-flag"})
#: All of the value or nothing: a local part may be `"vip@bank.example"`, and behind it stands who sent it.
_NAMES_SENDER = b"envelope-from="
_MAILBOX = rb"(?:[^\s;<>\"@]+@)?([^\s;<>\"@]+)"
_ENVELOPE_FROM = re.compile(
    _NAMES_SENDER + rb"(?:" + _MAILBOX + rb"|<" + _MAILBOX + rb">|\"" + _MAILBOX + rb"\")(?=[\s;]|$)", re.IGNORECASE
)


def verdict(told: Headers, mail: Headers) -> Verdict:
    """What the fields on top of `told` say of `mail`; nothing where they do not stand as Postmark puts them.

    DKIM_VALID says that a signature is good but not whose, so it counts only where all signatures are of one domain.
    """
    own = _written_by_postmark(told)
    spf = own.first("received-spf")
    result = _SPF.match(spf)
    tests = own.text("x-spam-tests").split(",")
    is_signed = "DKIM_VALID" in {test.strip() for test in tests}
    return Verdict(
        spf=result[1].decode().lower() if result else "",
        spf_domain=_envelope_domain(spf),
        dkim_domains=only_signer(mail.all("dkim-signature")) if is_signed else (),
    )


def _written_by_postmark(told: Headers) -> Headers:
    """The fields above the Received of the server that took the mail from outside; none where others stand there."""
    own: list[tuple[str, bytes]] = []
    is_handed_over = False
    for name, value in told.fields:
        if name == "received" and _TAKEN.match(value):
            return Headers(tuple(own)) if is_handed_over else Headers(())
        if name == "received" and _HANDED_OVER.match(value):
            is_handed_over = True
        elif name in _OF_FILTER or name == "received-spf":
            own.append((name, value))
        elif name != "return-path":
            break
    return Headers(())


def _envelope_domain(raw: bytes) -> str:
    """The domain a Received-SPF names; empty where its sender may have written the name: in HELO or a local part."""
    found = _ENVELOPE_FROM.search(raw) if raw.lower().count(_NAMES_SENDER) == 1 else None
    return (found[1] or found[2] or found[3]).decode("utf-8", "replace") if found else ""
