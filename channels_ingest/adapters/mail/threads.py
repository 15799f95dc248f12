"""How our own mails are known again: a token in the reply address and in the Message-ID that nobody else can make.

A token proves that somebody has seen a mail of ours, and not who they are: mails are forwarded. So it says which
message is answered, and who wrote is decided by the From field alone (SECURITY T4; FreeScout CVE-2026-47123).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.mail.writing import MOST_REFERENCES, SIMULATED_FROM, checked_address
from channels_ingest.adapters.sending import CannotSendError, MailHead
from channels_ingest.adapters.words import gettext_noop
from channels_ingest.signatures import any_matches
from profiles.identity.mailbox import email_join_key

#: Ours is the reference of the sent message: letters that survive a mail server that lowers them.
_REFERENCE = re.compile(r"[a-z0-9_-]{1,36}")
_TAG = 6  # letters of base32: whom the mail was for, so that a strange answer is seen as one
_MAC = 13  # 65 bits
_TOKEN = re.compile(rf"(?<![a-z0-9_-])({_REFERENCE.pattern})\.([a-z2-7]{{{_TAG}}})([a-z2-7]{{{_MAC}}})(?![a-z0-9])")
_LONGEST_LOCAL = 64  # RFC 5321 section 4.5.3.1.1


@dataclass(frozen=True, slots=True)
class Thread:
    """A mail of ours that is answered or reported on: our reference of it."""

    reference: str
    tag: str
    key: bytes

    def is_for(self, address: str) -> bool:
        """Whether that mail went to `address`."""
        return any_matches(self.tag, [_tag(self.key, address)])


def token(reference: str, address: str, key: bytes) -> str:
    """The token of the message `reference` of ours, which goes to `address`."""
    if not _REFERENCE.fullmatch(reference):
        raise ValueError(f"expected a reference of up to 36 small letters, digits and dashes, got {len(reference)}")
    tag = _tag(key, address)
    return f"{reference}.{tag}{_mac(key, reference, tag)}"


def thread_in(text: str, keys: Sequence[bytes]) -> Thread | None:
    """The first token of ours in `text`: an address, a message id, or the mail that a report carries."""
    for match in _TOKEN.finditer(text.lower()):
        for key in keys:
            if any_matches(match[3], [_mac(key, match[1], match[2])]):
                return Thread(match[1], match[2], key)
    return None


def first_thread(texts: Iterable[str], keys: Sequence[bytes]) -> Thread | None:
    """The token of ours in the first of `texts` that has one."""
    return next((found for text in texts if (found := thread_in(text, keys))), None)


def tagged_address(mailbox: str, word: str) -> str:
    """`mailbox` with `word` behind a plus sign (RFC 5233); without it if that would be longer than servers take."""
    local, at, domain = mailbox.rpartition("@")
    tagged = f"{local.partition('+')[0]}+{word}"
    return f"{tagged}@{domain}" if at and len(tagged) <= _LONGEST_LOCAL else mailbox


def _tag(key: bytes, address: str) -> str:
    return _digest(key, "to", email_join_key(address))[:_TAG]


def _mac(key: bytes, reference: str, tag: str) -> str:
    return _digest(key, "token", reference, tag)[:_MAC]


def _digest(key: bytes, *words: str) -> str:
    mac = hmac.new(key, "\0".join(words).encode("utf-8", "replace"), hashlib.sha256).digest()
    return base64.b32encode(mac).decode().lower()


def head_of(
    reference: str,
    address: str,
    account: AccountSettings,
    *,
    subject: str,
    answered: Mapping[str, Any] | None = None,
    cc: Sequence[str] = (),
    extra: Mapping[str, str] | None = None,
) -> MailHead:
    """The head of the message `reference`, which goes to `address`; `answered` is the `detail` of the mail it answers.

    Raises CannotSendError if the account has no key, or names no mailbox that mail can be sent from.
    """
    if not account.thread_keys:
        raise CannotSendError(gettext_noop("the line has no key for its mails"))
    mailbox = account.plain.get("from", "") or SIMULATED_FROM
    word = token(reference, address, account.thread_keys[0])
    told = answered or {}
    chain = [*_ids(told, "references"), *_ids(told, "in_reply_to"), *_ids(told, "message_id")]
    return MailHead(
        message_id=f"{word}@{checked_address(mailbox).rpartition('@')[2]}",
        subject=subject,
        reply_to=tagged_address(account.plain.get("reply_address", "") or mailbox, word),
        in_reply_to=next(iter(_ids(told, "message_id")), ""),
        references=tuple(dict.fromkeys(chain))[-MOST_REFERENCES:],
        cc=tuple(cc),
        extra=dict(extra or {}),
    )


def _ids(told: Mapping[str, Any], name: str) -> list[str]:
    value = told.get(name)
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str) and each]
