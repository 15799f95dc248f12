"""Keys that say "have a look": two identifiers that share one may be one person's. They never join anybody.

Kept apart from `canonical`, and prefixed with what no join key can contain, so that one cannot be taken for the other.
"""

from collections.abc import Mapping
from types import MappingProxyType

from profiles.identity.canonical import canonical
from profiles.identity.mailbox import domain_key, has_hidden, is_dot_atom
from profiles.identity.values import IdentifierKind

PREFIX = "suggest:"
#: So many last digits leave out the country code and the trunk zero, and still tell most numbers apart.
_LAST_DIGITS = 9

#: Two names of one mailbox provider. Germany, until 2012.
_SAME_PROVIDER: Mapping[str, str] = MappingProxyType({"googlemail.com": "gmail.com"})
#: Providers that ignore dots. Source: Gmail Help, "Dots don't matter in Gmail addresses".
_IGNORES_DOTS = frozenset({"gmail.com"})
#: Usual slips, each one or two keys from a large provider. Registered or not, hardly any has mailboxes of customers.
_TYPOS: Mapping[str, str] = MappingProxyType(
    {
        "gmail.com": "gmial.com gmai.com gamil.com gmal.com gmil.com gmaill.com gnail.com gmail.co gmail.cm gmail.om"
        " gmali.com gimail.com gmaul.com",
        "hotmail.com": "hotmaill.com hotmial.com hotmal.com hotmil.com homail.com hotmai.com hotamil.com hotmail.co"
        " hotmail.cm hitmail.com hotmali.com",
        "outlook.com": "outlok.com outllok.com outloook.com outlook.co otlook.com oulook.com",
        "yahoo.com": "yahooo.com yaho.com yhoo.com yaoo.com yahoo.co yahoo.cm yhaoo.com",
        "icloud.com": "iclod.com icoud.com icloud.co icluod.com iclould.com",
        "gmx.de": "gmx.dee gmx.d gxm.de gmy.de",
        "web.de": "wep.de web.dee wbe.de",
        "t-online.de": "t-onlie.de tonline.de t-onlin.de t-online.dee",
        "orange.fr": "orage.fr ornge.fr orange.f",
    }
)
_MEANT: Mapping[str, str] = MappingProxyType({typo: meant for meant, typos in _TYPOS.items() for typo in typos.split()})
_ENDING: Mapping[str, str] = MappingProxyType({"con": "com", "cmo": "com", "ocm": "com", "comm": "com", "vom": "com"})


def suggestion_key(kind: IdentifierKind, value: str) -> str:
    """What identifiers that a human should compare have in common; empty when nothing is to be suggested.

    An address with invisible or refused characters suggests nothing: beside the address it imitates it would ask the
    agent to be fooled. Ids issued by machines are right or wrong, never nearly right.
    """
    _, key = canonical(kind, value)
    if kind is IdentifierKind.EMAIL:
        return _email_key(key)
    if kind is IdentifierKind.PHONE and len(key) > _LAST_DIGITS:
        return f"{PREFIX}{key[-_LAST_DIGITS:]}"
    return ""


def _email_key(join_key: str) -> str:
    local, _, domain = join_key.rpartition("@")
    if has_hidden(local) or not is_dot_atom(local) or not domain_key(domain):
        return ""
    domain = _meant(domain)
    local = local.partition("+")[0] or local
    if domain in _IGNORES_DOTS:
        local = local.replace(".", "")
    return f"{PREFIX}{local}@{domain}"


def _meant(domain: str) -> str:
    name, _, ending = domain.rpartition(".")
    domain = f"{name}.{_ENDING.get(ending, ending)}"
    domain = _MEANT.get(domain, domain)
    return _SAME_PROVIDER.get(domain, domain)
