"""The comparable form of an e-mail address, built so that no two different mailboxes ever become one.

Local part: NFC and ASCII lower case, nothing more. RFC 6532 section 3.1 forbids NFKC (it would make a full-width
`ａlice@` the ASCII one), and Unicode case folding made `mıke@` and `mike@` one account once (Django CVE-2019-19844).
Domain: lower-case A-labels by IDNA 2008 (RFC 5891) label by label, without the UTS 46 mapping, which folds full-width
letters, the Kelvin sign and the long s into ASCII. `encodings.idna` is IDNA 2003 and folds them too, so it is not used.
An address with any character that this does not account for is compared exactly as written: it equals no clean address.
"""

import re
import unicodedata

import idna

#: What surrounds a value by accident: typed, pasted or left by a CSV file. Other controls are never trimmed away.
SURROUNDING_SPACE = " \t\r\n\u00a0\u3000"

#: RFC 5322 `atext` with RFC 6532: every character that is no space, control or special.
ATEXT = r"[^\x00-\x20\x7f()<>\[\]:;@\\,.\"]"
DOT_ATOM = rf"{ATEXT}++(?:\.{ATEXT}++)*+"

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_LABEL = 63  # RFC 1035 section 2.3.4, in octets
_LONGEST_DOMAIN = 253
#: Invisible although not of category Cf: DerivedCoreProperties.txt, Default_Ignorable_Code_Point (Unicode 16).
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]")
_DOT_ATOM = re.compile(DOT_ATOM)


def ascii_lower(text: str) -> str:
    """`text` with A to Z lowered and every other character as it is."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def has_hidden(text: str) -> bool:
    """Whether `text` has a character that cannot be seen, or that NFC itself turns into an ASCII one (Kelvin sign)."""
    return _INVISIBLE.search(text) is not None or any(map(_is_hidden, text))


def _is_hidden(character: str) -> bool:
    if character.isascii():
        return not "\x20" < character < "\x7f"
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"}:
        return True
    return unicodedata.normalize("NFC", character).isascii() or character == "\ufffd"


def is_dot_atom(local: str) -> bool:
    """Whether `local` is a local part that needs no quotes (RFC 5322 section 3.2.3, RFC 6532 for other alphabets)."""
    return _DOT_ATOM.fullmatch(local) is not None


def email_join_key(value: str) -> str:
    """The form under which spellings of one mailbox are equal; an unclear address is only equal to itself."""
    value = value.strip(SURROUNDING_SPACE)
    local, _, domain = value.rpartition("@")
    key = domain_key(domain)
    if not local or not key or has_hidden(local):
        return ascii_lower(value)
    # NFC on both sides of the lowering: `T` with a diaeresis has no composed form, `t` has.
    local = unicodedata.normalize("NFC", ascii_lower(unicodedata.normalize("NFC", local)))
    return f"{local}@{key}"


def domain_key(domain: str) -> str:
    """`domain` as lower-case A-labels, so that `MÜNCHEN.example` equals `xn--mnchen-3ya.example`.

    Empty when it is no domain name that mail could be compared by: one label only, an IP address, an empty or overlong
    label, or a character that IDNA 2008 does not allow.
    """
    if len(domain) > _LONGEST_DOMAIN:
        return ""
    labels = [_label_key(label) for label in ascii_lower(domain).split(".")]
    key = ".".join(labels)
    if len(labels) < 2 or not all(labels) or labels[-1].isdigit() or len(key) > _LONGEST_DOMAIN:
        return ""
    return key


def _label_key(label: str) -> str:
    if label.isascii():
        return label if _LABEL.fullmatch(label) else ""
    if len(label) > _LONGEST_LABEL or has_hidden(label):
        return ""
    label = "".join(map(_lower, unicodedata.normalize("NFC", label)))
    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError:
        return ""


def _lower(character: str) -> str:
    """Lower case as in RFC 5895, but never into ASCII: the capital dotted i would become a plain one."""
    lowered = character.lower()
    return character if character.isascii() or any(c.isascii() for c in lowered) else lowered
