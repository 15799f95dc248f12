"""What our own receiver found out about a mail, as `from_header.Verdict`.

Nothing else is believed: every other field of the head was in the sender's hands.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from channels_ingest.adapters.mail.headers import Headers
from profiles.identity.from_header import Verdict

_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_RESULT = re.compile(r"\s*([a-z][a-z0-9-]*)(?:/\d+)?\s*=\s*([a-z]+)(?:\s|$)", re.IGNORECASE)
_PROPERTY = re.compile(r"([a-z]+\.[a-z_-]+)\s*=\s*([^\s;]+)", re.IGNORECASE)
_REASON = re.compile(r"^\s*reason\s*=\s*\"[^\"\\]*\"(?=\s|$)", re.IGNORECASE)
_WHOLE_IN_QUOTES = re.compile(r"=\s*\"([^\"\\\s]*)\"(?=\s|$)")
_BY = re.compile(r"\bby\s+([A-Za-z0-9._-]+)", re.IGNORECASE)
_SIGNER = re.compile(r"(?:^|;)\s*d\s*=\s*([A-Za-z0-9._-]+)")


@dataclass(slots=True)
class _Found:
    dmarc: list[tuple[str, str]] = field(default_factory=list)
    spf: list[tuple[str, str]] = field(default_factory=list)
    dkim: list[tuple[str, str]] = field(default_factory=list)


def of_authentication_results(headers: Headers, authserv_id: str, own_hosts: Iterable[str] = ()) -> Verdict:
    """The verdict of the Authentication-Results (RFC 8601) that `authserv_id`, which is ours, wrote. Empty without one.

    Fields below the first Received that no host of ours wrote came with the mail. Our own server must remove fields
    that name it from what comes in (RFC 8601 section 5); where two of them disagree it did not, and neither counts.
    """
    ours = {host.strip().lower() for host in (authserv_id, *own_hosts) if host.strip()}
    found = _Found()
    for name, raw in headers.fields:
        text = _FOLD.sub("", raw.decode("utf-8", "replace"))
        if name == "received":
            writer = _BY.search(_COMMENT.sub(" ", text))
            if not writer or writer[1].lower() not in ours:
                break
        elif name == "authentication-results" and authserv_id:
            _read_results(text, authserv_id, found)
    return _verdict(found)


def _read_results(text: str, authserv_id: str, found: _Found) -> None:
    """Adds what one field says, if ours wrote it."""
    parts = _split(_without_comments(text))
    writer = parts[0].split()[:1] if parts else []
    if not writer or writer[0].lower() != authserv_id.strip().lower():
        return
    for part in parts[1:]:
        match = _RESULT.match(part)
        if not match:
            continue
        properties = _properties(part[match.end() - 1 :])
        method, result = match[1].lower(), match[2].lower()
        if method == "dmarc":
            found.dmarc.append((result, properties.get("header.from", "")))
        elif method == "spf":
            found.spf.append((result, domain_of(properties.get("smtp.mailfrom", ""))))
        elif method == "dkim":
            domain = properties.get("header.d") or domain_of(properties.get("header.i", ""))
            found.dkim.append((result, domain))


def _properties(text: str) -> dict[str, str]:
    """What is said of a result; nothing where quotes are left that may be a sender's.

    Servers repeat the envelope's sender, whose local part may be `"vip@bank.example"` or hold properties of its own.
    """
    plain = _WHOLE_IN_QUOTES.sub(r"=\1", _REASON.sub(" ", text, count=1))
    return {} if '"' in plain else {name.lower(): value for name, value in _PROPERTY.findall(plain)}


def _split(text: str) -> list[str]:
    """The parts between semicolons that stand in no quoted string."""
    parts, quoted = [""], False
    for character in text[:20_000]:
        quoted ^= character == '"'
        if character == ";" and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _without_comments(text: str) -> str:
    before = ""
    while before != text and text.count("(") < 200:
        before, text = text, _COMMENT.sub(" ", text)
    return text


def _verdict(found: _Found) -> Verdict:
    dmarc = found.dmarc[0] if len(set(found.dmarc)) == 1 else ("", "")
    if any(result == "fail" for result, _ in found.dmarc):
        dmarc = next(each for each in found.dmarc if each[0] == "fail")
    spf = found.spf[0] if len(set(found.spf)) == 1 else ("", "")
    passed = tuple(dict.fromkeys(domain for result, domain in found.dkim if result == "pass" and domain))
    return Verdict(dmarc=dmarc[0], dmarc_domain=dmarc[1], spf=spf[0], spf_domain=spf[1], dkim_domains=passed)


def domain_of(address: str) -> str:
    """The domain of an address, or what is a domain already."""
    return address.strip().strip("<>").rpartition("@")[2]


def only_signer(signatures: Sequence[bytes]) -> tuple[str, ...]:
    """The domain that signed, where every signature of the mail names one and the same: who else passed is not told.

    A signature that names two is none (RFC 6376, 3.2), and which of them its reader checked nobody knows.
    """
    named = [{domain.lower() for domain in _SIGNER.findall(_FOLD.sub("", _ascii(raw)))} for raw in signatures]
    return tuple(named[0]) if named and all(len(each) == 1 and each == named[0] for each in named) else ()


def _ascii(raw: bytes) -> str:
    return raw.decode("ascii", "replace")
