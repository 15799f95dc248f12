"""Who a mail is from, read strictly: everything unclear ends as unproved or refused, never as somebody else.

Two programs that read one From field differently are the attack: the receiver proves `evil@attacker.test`, and we
write down `vip@bank.example` (Chen, Paxson, Jiang, "Composition Kills", USENIX Security 2020; CVE-2023-27043;
`email.utils.parseaddr` and `email.policy.default` both do it). So a sender is proved only when all of this holds:

- there is one From field, and it has the one form that leaves no choice: an address, or a name and `<address>`;
- no other address stands anywhere in it, and Python's two readers, as witnesses, find the same single address;
- the domain that our own receiver authenticated is the domain of that address.

A field that is legal but unusual, or slightly broken, still gives the address in its angle brackets, unproved.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import AddressHeader, HeaderRegistry
from email.utils import getaddresses
from typing import cast

from profiles.identity.display_name import addresses_in, clean_name
from profiles.identity.mailbox import ATEXT, DOT_ATOM, domain_key, email_join_key, has_hidden
from profiles.identity.values import Grade, Standing

#: Real fields stay under 400 characters; a longer one only keeps parsers busy.
LONGEST_FIELD = 2000
LONGEST_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets

_SPACE = r"[ \t]*+"
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
#: A comment that no reader can take for an address or for the end of one.
_COMMENT = r'\([^()<>@,:;"\\]*+\)'
_WORD = r'[^ \t()<>\[\]:;@\\,"]++'  # atoms and, as everybody writes them, dots: obs-phrase
_PHRASE = rf"(?:(?:{_WORD}|{_QUOTED}|{_COMMENT}){_SPACE})*+"
_PLAIN = rf"{DOT_ATOM}@{DOT_ATOM}"
#: The forms that leave no choice: RFC 5322 section 3.4 `mailbox`, without routes, literals and quoted local parts.
_STRICT = re.compile(
    rf"{_SPACE}(?:(?P<name>{_PHRASE})<(?P<angle>{_PLAIN})>|(?P<bare>{_PLAIN})){_SPACE}(?P<comment>{_COMMENT})?{_SPACE}"
)
_LOCAL = rf'(?:(?:{ATEXT}|\.)++|"[^"\\<>@(),:;]*+")'
_DOMAIN = rf"(?:{DOT_ATOM}|\[[0-9A-Za-z:.]++\])"
#: One pair of angle brackets at the end, or nothing but an address: who was meant is plain, but is not proof.
_LOOSE = re.compile(
    rf"(?P<name>[^<>\\]*+)<{_SPACE}(?P<angle>{_LOCAL}@{_DOMAIN}){_SPACE}>{_SPACE}|{_SPACE}(?P<bare>{_LOCAL}@{_DOMAIN}){_SPACE}"
)
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff]")
#: The zones of country registries, by the labels that the public suffix list (publicsuffix.org) has again and again.
_REGISTRY = re.compile(
    r"(?:ac|asso|co|com|edu|firm|gen|go|gob|gouv|gov|govt|gv|id|ind|info|ltd|me|mil|ne|net|nom|or|org|plc|res|sch|web)\.[a-z]{2}"
)
_read_by_library = HeaderRegistry()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What our own receiver found out about one mail: from its API fields or its own Authentication-Results only.

    Results are the words of RFC 8601 (`pass`, `fail`, `none`, `temperror`, ...), empty when nothing was said. A pass
    counts only with its domain: `dmarc_domain` is header.from, `spf_domain` the domain of smtp.mailfrom, and
    `dkim_domains` are the d= of the signatures that passed.
    """

    dmarc: str = ""
    dmarc_domain: str = ""
    spf: str = ""
    spf_domain: str = ""
    dkim_domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FromSender:
    """Who a mail says it is from, and how far that can be believed.

    `address` is as spelled, empty when refused; compare by `email_join_key`. `reason` is a short stable code: what
    proved it (`dmarc`, `dkim`, `spf`), or why it is not proved.
    """

    address: str
    display_name: str
    standing: Standing
    grade: Grade
    reason: str


@dataclass(frozen=True, slots=True)
class _Read:
    """What the field says, raw: an address, a name, a comment, and `doubt` when more than one reading is possible."""

    address: str
    name: str
    comment: str = ""
    doubt: str = ""


class _RefusedError(ValueError):
    """The From field names no single sender; the argument is the reason's code."""


def sender_of(from_headers: Sequence[str | bytes], verdict: Verdict) -> FromSender:
    """The sender of a mail that has these From fields (values without the name, folded or not) and this verdict.

    Never raises. A refused field has an empty address and name, standing unproved or failed, grade claimed.
    """
    try:
        text, is_utf8 = _single_field(from_headers)
        read = _read(text)
        _check(read.address, is_utf8)
    except _RefusedError as refused:
        standing = Standing.FAILED if _says(verdict.dmarc, "fail") else Standing.UNPROVED
        return FromSender("", "", standing, Grade.CLAIMED, str(refused))
    name = clean_name(read.name) or clean_name(read.comment)
    found = addresses_in(clean_name(f"{read.name} {read.comment}"))
    standing, reason = _standing(read.address, verdict)
    if standing is Standing.PROVED and (doubt := _doubt(text, read, found)):
        standing, reason = Standing.UNPROVED, doubt
    grade = Grade.PROVED if standing is Standing.PROVED else Grade.CLAIMED
    # A name that holds an address is either no name or a lie: the address is told once, by us.
    return FromSender(read.address, "" if found else name, standing, grade, reason)


def _single_field(headers: Sequence[str | bytes]) -> tuple[str, bool]:
    """The one field unfolded, and whether it was UTF-8; other bytes are read as cp1252, for the name's sake alone."""
    if len(headers) != 1:
        raise _RefusedError("several_from" if headers else "no_from")
    raw = headers[0]
    if len(raw) > LONGEST_FIELD:
        raise _RefusedError("too_long")
    if isinstance(raw, str):
        try:
            raw = raw.encode("utf-8", "surrogateescape")  # how the standard library hands on 8-bit fields
        except UnicodeEncodeError:
            raise _RefusedError("not_text") from None
    try:
        text, is_utf8 = raw.decode("utf-8"), True
    except UnicodeDecodeError:
        text, is_utf8 = raw.decode("cp1252", "replace"), False
    text = _FOLD.sub("", text.rstrip("\r\n"))
    if _CONTROLS.search(text):
        raise _RefusedError("control_characters")
    return text, is_utf8


def _read(text: str) -> _Read:
    if match := _STRICT.fullmatch(text):
        return _Read(match["angle"] or match["bare"], match["name"] or "", (match["comment"] or "")[1:-1])
    if text.strip(" \t") in {"", "<>"}:
        raise _RefusedError("empty")
    match = _LOOSE.fullmatch(text)
    if not match or not _is_plain(match["name"] or ""):
        raise _RefusedError("several_addresses" if text.count("@") > 1 else "unreadable")
    return _Read(match["angle"] or match["bare"], match["name"] or "", doubt="unusual_form")


def _is_plain(name: str) -> bool:
    """Whether a badly written name is no list, no group and no open quote or comment that hides the brackets."""
    if name.count('"') % 2 or name.count("(") != name.count(")"):
        return False
    return "@" not in name or not set(name) & set(",;:()")


def _check(address: str, is_utf8: bool) -> None:
    if len(address) > LONGEST_ADDRESS:
        raise _RefusedError("too_long")
    if "=?" in address:  # an encoded word may not stand there, and decoded it is another address
        raise _RefusedError("encoded_address")
    if not is_utf8 and not address.isascii():
        raise _RefusedError("not_text")
    if has_hidden(address.replace(" ", "")):
        raise _RefusedError("hidden_characters")


def _doubt(text: str, read: _Read, found: frozenset[str]) -> str:
    """Why an authenticated domain still does not prove this address; empty when nothing speaks against it."""
    if read.doubt:
        return read.doubt
    if found - {email_join_key(read.address)}:
        return "second_address"
    return "" if _witnesses_agree(text, read.address) else "readers_disagree"


def _witnesses_agree(text: str, address: str) -> bool:
    """Whether both of Python's readers find this one address: a re-parse by somebody else's code."""
    try:
        modern = [found.addr_spec for found in cast(AddressHeader, _read_by_library("from", text)).addresses]
        legacy = [found for _, found in getaddresses([text])]
    except Exception:  # it raises IndexError, AttributeError and more on input it was not written for
        return False
    return modern == legacy == [address]


def _standing(address: str, verdict: Verdict) -> tuple[Standing, str]:
    """Standing by the verdict alone, and what decided it."""
    domain = domain_key(address.rpartition("@")[2])
    if _says(verdict.dmarc, "fail"):
        return Standing.FAILED, "dmarc_failed"
    if not domain:
        return Standing.UNPROVED, "unclear_domain"
    if _says(verdict.dmarc, "pass") and verdict.dmarc_domain:
        if domain_key(verdict.dmarc_domain) == domain:
            return Standing.PROVED, "dmarc"
        return Standing.UNPROVED, "other_domain"  # the receiver read another From than we do
    if any(_may_sign(domain_key(signer), domain) for signer in verdict.dkim_domains):
        return Standing.PROVED, "dkim"
    if _says(verdict.spf, "pass") and domain_key(verdict.spf_domain) == domain:
        return Standing.PROVED, "spf"
    return Standing.UNPROVED, "not_authenticated"


def _says(result: str, word: str) -> bool:
    return result.strip().lower() == word


def _may_sign(signer: str, domain: str) -> bool:
    """Whether a DKIM pass of `signer` is aligned with the From domain: itself, or a parent with two labels or more.

    Relaxed alignment (RFC 7489 section 3.1) compares organisational domains, which only a public suffix list knows.
    Without one, a child domain never speaks for its parent: where names are lent out it is a stranger's. A parent may,
    for who holds a zone decides what is below it, unless it is a registry's like `co.uk`. SPF, which shared servers
    pass easily, must be exact. A receiver that tells its DMARC result has done all this with a list.
    """
    if not signer or not domain.endswith(f".{signer}"):
        return bool(signer) and signer == domain
    return not _REGISTRY.fullmatch(signer)
