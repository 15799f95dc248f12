"""Promise I4 for e-mail: 10,000 forged senders, and none is taken for its victim with proof.

The forger owns a domain and passes every check for it, or has a mailbox at the victim's own provider. What the verdict
says is true: it authenticates the forger. What the field says is a lie, told in every way that some reader falls for.
One seed drives everything and is printed on failure: CXHUB_FORGERY_SEED repeats a run.
"""

import base64
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from email.utils import parseaddr

from profiles.identity.canonical import email_join_key
from profiles.identity.from_header import Verdict, sender_of
from profiles.identity.values import Grade, Standing

SEED = int(os.environ.get("CXHUB_FORGERY_SEED", str(random.randrange(10**6))))
FORGERIES = 10_000

Field = str | bytes
#: Placeholders: V the victim, F the forger, as addresses; v and f their local parts; D and E their domains.
ARRANGEMENTS = [
    "{V} <{F}>", '"{V}" <{F}>', "<{V}> <{F}>", "{V}<{F}>", "{F} <{V}>", '"{F}" <{V}>', "<{F}> <{V}>", "{F}<{V}>",
    "{V}, {F}", "{F}, {V}", "{V}; {F}", "{V} {F}", "<{V}>,<{F}>", "V <{V}>, F <{F}>", "F <{F}>, V <{V}>",
    "{V} ({F})", "{F} ({V})", "({F}) {V}", "({V}) {F}", "{V}({F})", "({V})<{F}>", "({F})<{V}>", "(<{F}>) <{V}>",
    "{V}){F}", "{V}(<{F}>", "{V}\\,{F}", '"{V}"{F}', '"<{V}>" <{F}>', '"\\"{V}\\"" <{F}>', "'{V}' <{F}>",
    "[{V}] <{F}>", '"V\\" <{V}>, \\"" <{F}>', '"V" <{V}> <{F}>', "V <{V}", "V {V}> <{F}>", "V <<{V}>> <{F}>",
    "<{V}<{F}>>", "<{F}<{V}>>", "<@{E}:{V}>", "<@{E},@{D}:{V}> ({F})", "{F}:{V}", "V: {V}, {F};", "{V}: {F};",
    "V: {V}; <{F}>", "{F};<{V}>", '"{V}"@{E}', '"{F}\\"@{E} "@{D}', "{v}@{E}@{D}", "{V}@{E}", "{v}%{D}@{E}",
    "{D}!{v}@{E}", "{f}@{D}@{E}", "{V}\r\n <{F}>", "{V}\r\n\t({F})", "<{V}>\r\n,\r\n <{F}>",
    "V\r\n <{V}>\r\n <{F}>", "{V}\r\nFrom: {F}", "{V}\n{F}", "{V}\r{F}", "{V}\x00{F}", "{V}\x00 <{F}>",
    "<{V}\x00@{E}>", "{V}\t<{F}>", "{V}\xa0<{F}>", "{V}\u2028<{F}>", "{V}\u202e <{F}>", "{Q:{V}} <{F}>",
    "{Q:{V} <}{F}>", "{Q:{F}} <{V}>", "{B:{V}} <{F}>", "{B:{F}} <{V}>", "{Q:{V}}", "{B:{V}}", "{B:<{V}>}",
    "<{Q:{v}}@{E}>", "{Q:{v}}@{E}", "<{Q:{V}}@{E}>", "{Q:{V},} <{F}>", "V {B:<{V}>} <{F}>", "{V} {B:{F}}",
    "{V} ({B:{F}})", "<{V}> ({B:{F}})", "V <{V}> ({Q:{F}})", '"{B:{F}}" <{V}>', "{7:{F}} <{V}>", "{W:{F}} <{V}>",
    "{W:{V}} <{F}>",
]  # fmt: skip
JUNK = [
    '"', "'", "(", ")", "<", ">", "[", "]", "@", ",", ";", ":", "\\", " ", ".", "\t", "\r\n ", "\r\n", "\n",
    "\x00", "\x7f", "\u200b", "\u202e", "\ufeff", "\xad", "\uff20", "\uff0e", "\uff1c", "\uff1e", "=?", "?=",
    "=?utf-8?q?", "\udce9", "()", '""', "\\\\", "\u3164", "\ufffd",
]  # fmt: skip
LOOKALIKES = {
    "i": "\u0131\u0456\u1ec9\uff49", "k": "\u212a\u043a\uff4b", "s": "\u017f\u0455\uff53", "a": "\u0430\uff41\xe5",
    "e": "\u0435", "c": "\u0441", "m": "\uff4d", "b": "\uff42", "o": "\u043e0", ".": "\u3002\uff0e\u2024",
    "@": "\uff20\ufe6b",
}  # fmt: skip


def encoded(how: str, text: str) -> str:
    """An encoded word: quoted-printable, base64, UTF-7, UTF-16."""
    if how == "Q":
        return f"=?utf-8?q?{''.join(f'={b:02X}' for b in text.encode())}?="
    charset = {"B": "utf-8", "7": "utf-7", "W": "utf-16-be"}[how]
    return f"=?{charset}?b?{base64.b64encode(text.encode(charset)).decode()}?="


def arranged(form: str, victim: str, forger: str) -> str:
    (v, _, d), (f, _, e) = victim.partition("@"), forger.partition("@")
    for mark, text in {"{V}": victim, "{F}": forger, "{v}": v, "{f}": f, "{D}": d, "{E}": e}.items():
        form = form.replace(mark, text)
    for how in "QB7W":
        while f"{{{how}:" in form:
            before, _, rest = form.partition(f"{{{how}:")
            inside, _, after = rest.partition("}")
            form = before + encoded(how, inside) + after
    return form


def imitated(chance: random.Random, victim: str) -> str:
    """The victim's address with one to three characters replaced, or one that is not seen put in."""
    letters = list(victim)
    places = [at for at, letter in enumerate(letters) if letter in LOOKALIKES]
    for at in chance.sample(places, chance.randint(1, min(3, len(places)))):
        letters[at] = chance.choice(LOOKALIKES[letters[at]])
    if chance.random() < 0.3:
        letters.insert(chance.randrange(len(letters)), chance.choice("\u200b\u200d\u00ad\u2060\ufe0f\u034f"))
    return "".join(letters)


def spoilt(chance: random.Random, text: str) -> str:
    for _ in range(chance.randint(0, 3)):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(JUNK) + text[at:]
    return text


def passing(chance: random.Random, domain: str) -> Verdict:
    """A true verdict about the forger's mail, told by one or more of the three checks."""
    told = chance.choice(["dmarc", "dkim", "spf", "all"])
    return Verdict(
        dmarc="pass" if told in {"dmarc", "all"} else chance.choice(["", "none", "permerror"]),
        dmarc_domain=domain if told in {"dmarc", "all"} or chance.random() < 0.5 else "",
        spf="pass" if told in {"spf", "all"} else chance.choice(["", "fail", "neutral"]),
        spf_domain=domain,
        dkim_domains=(domain,) if told in {"dkim", "all"} else (),
    )


def from_own_domain(chance: random.Random, victim: str) -> tuple[list[Field], Verdict]:
    """Any field at all, spoilt at will; the verdict passes for a domain that is near the victim's at best."""
    domain = victim.partition("@")[2]
    near = [f"{domain}.attacker.test", f"evil.{domain}", f"not{domain}", domain.partition(".")[2], f"{domain}\u200b"]
    own = chance.choice(["attacker.test", "attacker.test", "attacker.test", *near])
    field = spoilt(chance, arranged(chance.choice([*ARRANGEMENTS, "V <{V}>", "{V}"]), victim, f"mallory@{own}"))
    return [field], passing(chance, own)


def from_same_provider(chance: random.Random, victim: str) -> tuple[list[Field], Verdict]:
    """The domain is rightly proved, so only the reading can save the victim: both addresses are in the field."""
    domain = victim.partition("@")[2]
    return [arranged(chance.choice(ARRANGEMENTS), victim, f"mallory@{domain}")], passing(chance, domain)


def from_imitation(chance: random.Random, victim: str) -> tuple[list[Field], Verdict]:
    """An address that looks like the victim's and folds to it under NFKC, case folding or plus and dot rules."""
    local, _, domain = victim.partition("@")
    forged = chance.choice([imitated(chance, victim), f"{local}+x@{domain}", f"{local[:2]}.{local[2:]}@{domain}"])
    form = chance.choice(["{V}", "<{V}>", "V <{V}>", '"{F}" <{V}>'])
    return [arranged(form, forged, victim)], passing(chance, chance.choice([domain, forged.rpartition("@")[2]]))


def from_several_fields(chance: random.Random, victim: str) -> tuple[list[Field], Verdict]:
    fields: list[Field] = [f"V <{victim}>", "mallory@attacker.test", victim, b"", f"<{victim}>".encode("utf-16")]
    return chance.sample(fields, chance.randint(2, 3)), passing(
        chance, chance.choice(["attacker.test", "bank.example"])
    )


FORGERS: list[Callable[[random.Random, str], tuple[list[Field], Verdict]]] = [
    from_own_domain, from_own_domain, from_same_provider, from_imitation, from_several_fields,
]  # fmt: skip


def forgeries(seed: int, count: int = FORGERIES) -> Iterator[tuple[str, list[Field], Verdict, str]]:
    """`(the forger's way, fields, verdict, victim)`; fields sometimes as raw bytes."""
    chance = random.Random(seed)
    for number in range(count):
        victim = chance.choice(["mike.saks@bank.example", "alice@example.org", "kim@firma.co.uk"])
        forger = FORGERS[number % len(FORGERS)]
        fields, verdict = forger(chance, victim)
        if chance.random() < 0.3:
            fields = [f.encode("utf-8", "surrogateescape") if isinstance(f, str) else f for f in fields]
        yield forger.__name__, fields, verdict, victim


def test_no_forged_sender_is_the_victim_with_proof() -> None:
    ends: Counter[str] = Counter()
    for way, fields, verdict, victim in forgeries(SEED):
        found = sender_of(fields, verdict)
        told = f"seed {SEED}: {way}: {fields!r} {verdict} -> {found}"
        if email_join_key(found.address) == email_join_key(victim):
            assert found.standing is not Standing.PROVED, told
            assert found.grade is Grade.CLAIMED, told
        assert email_join_key(victim) not in found.display_name.casefold(), told
        ends[f"{way} {found.standing if found.address else 'refused'}"] += 1
    assert sum(ends.values()) == FORGERIES
    # The forger who writes under a name of his own is let in: the test would be empty if everything were refused.
    assert ends["from_imitation proved"] > 0, f"seed {SEED}: {ends}"
    assert ends["from_own_domain proved"] > 0, f"seed {SEED}: {ends}"


def test_the_forgeries_would_fool_the_standard_library() -> None:
    """They are worth something: reading the same fields with `parseaddr` names the victim in hundreds of them."""
    fooled = sum(
        parseaddr(field)[1] == victim
        for way, fields, _, victim in forgeries(SEED)
        for field in fields[:1]
        if way in {"from_own_domain", "from_same_provider"} and isinstance(field, str)
    )
    assert fooled > 500, f"seed {SEED}"
