"""What a customer's words say about consent: exact keywords as carriers know them, and sentences that may be meant so.

A keyword is the whole message: `STOP`, `"Stop."` and `ARRÊT!` are, "stop by tomorrow" is not. Pure: text in, word out.

Sources: Twilio, "Opt-out keywords" (STOP, STOPALL, UNSUBSCRIBE, CANCEL, END, QUIT, REVOKE, OPTOUT; START, YES, UNSTOP;
HELP, INFO); AWS End User Messaging, "Required opt-out keywords" (adds ARRET, OPT-OUT, REMOVE, TD); 47 CFR
64.1200(a)(10): stop, quit, end, revoke, opt out, cancel, unsubscribe revoke consent whatever list a sender has.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType


class Keyword(StrEnum):
    """What an exact keyword asks for. The values are Twilio's `OptOutType`."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


def _words(text: str) -> frozenset[str]:
    """The words of a table: entries are separated by commas, spaces belong to them."""
    return frozenset(word.strip() for word in text.replace("\n", " ").split(",") if word.strip())


#: By language, folded as `folded` does. Every line holds what people of that language are told to write.
STOP_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "en": _words(
            "stop, stopall, stop all, unsubscribe, quit, revoke, optout, opt out, remove, td, stop promotions"
        ),
        "fr": _words("arret, arreter, desabonner, desabonnement, desinscrire, desinscription, stop sms"),
        "es": _words("baja, parar, alto, darme de baja, dar de baja, no mas"),
        "pt": _words("parar, sair, descadastrar, remover, pare"),
        "de": _words("stopp, abmelden, abbestellen, austragen, abmeldung"),
        "it": _words("basta, disiscrivi, disiscrivimi, ferma"),
        "nl": _words("stoppen, afmelden, uitschrijven"),
        "sv, nb, da": _words("stopp, sluta, avregistrera, avmeld, avmelde, afmeld, frameld"),
        "fi": _words("lopeta, peru"),
        "pl, cs": _words("wypisz, rezygnuje, odhlasit"),
        "tr": _words("dur, durdur, ret"),
        "ru, uk": _words("стоп, отписаться, отписка, отпишите, вiдписатися, відписатися"),
        "el": _words("διακοπη, σταματα"),
        "ar": _words("توقف, ايقاف, اوقف, الغاء الاشتراك, قف"),
        "he": _words("הסר, הסרה, להסרה, עצור, הפסק, הפסיקו"),
        "hi": _words("रोकें, बंद करें"),
        "id": _words("berhenti"),
        "zh": _words("退订, 退訂, 停止, 取消订阅"),
        "ja": _words("停止, 配信停止, ストップ"),
        "ko": _words("수신거부, 중지"),
    }
)

#: Carriers take these for STOP on text messages, whoever wrote them and why. Elsewhere they answer a question more
#: often than not ("Cancel" to "Shall I cancel the order?"), so only a text message is taken at its word.
TEXT_MESSAGE_STOP_WORDS = _words(
    "cancel, end, cancelar, annuler, annulla, cancella, ende, beenden, iptal, отмена, 取消, الغاء"
)

#: Words that take an opt-out back.
START_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "en": _words("start, unstop, resume"),
        "fr": _words("demarrer, reprendre"),
        "es": _words("iniciar, reanudar"),
        "pt": _words("comecar, retomar"),
        "de": _words("starten"),
        "it": _words("avvia, riprendi"),
        "sv, nb, da": _words("starta"),
        "tr": _words("basla"),
        "ru, uk": _words("старт"),
        "ar": _words("ابدا"),
        "he": _words("התחל"),
        "zh": _words("開始, 开始"),
        "ja": _words("スタート"),
        "ko": _words("시작"),
    }
)

#: Words that do so and ask for more than answers, whatever was said before.
SUBSCRIBE_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "en": _words("optin, opt in, subscribe"),
        "fr": _words("reabonner"),
        "es": _words("alta"),
        "de": _words("anmelden, anmeldung"),
        "it": _words("iscrivi"),
        "nl": _words("aanmelden"),
        "sv, nb, da": _words("tilmeld, pamelding"),
        "ru, uk": _words("подписаться"),
        "ar": _words("اشتراك"),
        "zh": _words("订阅"),
    }
)

#: Everyday words: consent only from somebody who had opted out, and is thereby asked.
YES_WORDS = _words("yes, y, ja, oui, si, sim, evet, да, так, نعم, כן, 是, はい, 네")

HELP_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "en": _words("help, info"),
        "fr": _words("aide"),
        "es": _words("ayuda"),
        "pt": _words("ajuda"),
        "de": _words("hilfe"),
        "it": _words("aiuto"),
        "sv, nb, da": _words("hjalp, hjælp, hjelp"),
        "pl": _words("pomoc"),
        "tr": _words("yardim"),
        "ru": _words("помощь"),
        "ar": _words("مساعدة"),
    }
)

#: Sentences that may withdraw consent, in folded text: what one must contain, and how it reads. They raise a flag and
#: hold marketing; a human decides. What one must contain is looked for first, which spares most messages the rest.
PROBABLE: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (tuple(parts.split("|")), re.compile(pattern))
    for parts, pattern in (
        (
            "stop|arret|basta|baja|parar|pare|quit|unsubscribe",
            # Possessive: were a word free to end anywhere, 300 letters could keep a worker busy for minutes.
            r"^(?:pls |please )?(?:stop|stopp|arret|arretez|basta|baja|parar|pare|quit|unsubscribe)[\s.,!;:]\W*+"
            r"(?!(?:by|at|in|over|near|here)\b)"
            r"(?:\w++\W*+){0,4}+$",
        ),
        (
            "stop|quit|cease",
            r"\b(?:stop|quit|cease)\b.{0,20}\b(?:text|messag|contact|send|spam|sms|e ?mail|writ|bother)",
        ),
        (
            "do not|don|never|no more",
            r"\b(?:do not|don.?t|never|no more)\b.{0,15}\b(?:text|contact|messag|e ?mail|spam|write|bother)\w*\b",
        ),
        (" me", r"\b(?:remove|take|delete|get) me\b.{0,25}\b(?:list|database|contacts|off)\b"),
        (" me", r"^(?:pls |please )?(?:remove|delete) me\b.{0,20}$"),
        ("subscribe|opt", r"\b(?:un ?subscribe|opt(?:ed|ing)? out)\b"),
        ("leave me alone", r"\bleave me alone\b"),
        ("ruhe", r"\blass(?:t|en sie)? (?:mich|uns)\b.{0,15}\bin ruhe\b"),
        ("aufhoren", r"^(?:bitte |sofort )*aufhoren\b.{0,20}$"),
        ("keine", r"\bkeine\b.{0,25}\b(?:nachricht|sms|e ?mail|mails\b|werbung|newsletter)"),
        ("hort|horen|schluss", r"\b(?:hort|horen sie|schluss)\b.{0,20}\b(?:auf|mit)\b"),
        ("abmelden|abbestellen|austragen", r"\b(?:abmelden|abbestellen|austragen)\b"),
        (
            "arretez|cessez|ne p",
            r"\b(?:arretez|cessez|ne plus|ne pas)\b.{0,30}\b(?:message|sms|contact|e ?mail|envo|ecri|recevoir)",
        ),
        ("desabonn|desinscri", r"\b(?:desabonn|desinscri)"),
        (
            "no |deje|paren",
            r"\b(?:no|dejen?|paren)\b.{0,20}\b(?:mas mensajes|mandar|mandes|manden|enviar|envien|escrib|contacten)",
        ),
        ("de baja", r"\b(?:darme|dar|denme) de baja\b"),
        ("pare|nao", r"\b(?:parem?|nao)\b.{0,25}\b(?:enviar|envie|mandar|mande|mensagens|contat)"),
        ("smett|non", r"\b(?:smett|non)\w*\b.{0,25}\b(?:piu messaggi|scriver|contatt|mandar)"),
        ("disiscri|cancellami", r"\b(?:disiscri|cancellami)"),
        ("geen|stop met", r"\b(?:geen|stop met)\b.{0,25}\b(?:berichten|sms|mails?|reclame)\b"),
        ("uitschrijven|afmelden", r"\b(?:uitschrijven|afmelden)\b"),
        ("הסיר|הסר|תשלח|תפסיק", r"\bהס(?:ר|ירו|ר[יו])\b.{0,15}אות|\bאל תשלח|\bתפסיק"),
        ("ترسل|اشتراك|راسل", r"\bلا ت(?:رسل|راسل)|\bالغ(?:اء|ي|وا)? .{0,10}اشتراك"),
        ("не |отпи", r"не (?:пишите|присылаите|отправляите)|отпи(?:шите|саться)"),
    )
)

#: Longer ones tell a story, in which such words stand for something else, or quote a footer.
LONGEST_PROBABLE = 300
_LONGEST_KEYWORD = 40
#: What nobody sees: blanks, marks of direction and of no width, with which some telephones fill a message up.
_PADDING = re.compile(
    r"[\s\u00ad\u034f\u061c\u115f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\u2800\u3164\ufeff]{2,}"
)
#: `S T O P` and `S.T.O.P.`
_SPELLED = re.compile(r"[^\W\d_](?:[ .*]{1,2}[^\W\d_]){3,9}")


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message says of consent. A bare yes counts only after an opt-out; of what is probable a human decides.

    Who subscribes agrees to marketing; any other START takes back what was refused.
    """

    keyword: Keyword | None = None
    is_bare_yes: bool = False
    is_subscribing: bool = False
    is_probable: bool = False


_NOTHING = Heard()


def folded(text: str) -> str:
    """`text` in one case, without accents, with what is no letter or digit gone at both ends and single inside."""
    plain = text.casefold()
    if not plain.isascii():
        decomposed = unicodedata.normalize("NFKD", plain)
        plain = "".join(c for c in decomposed if c.isascii() or not _is_mark(c))
        plain = unicodedata.normalize("NFC", plain).casefold().replace("\u0131", "i")  # 𝐒 is a capital only now
    return re.sub(r"[\s\u2010-\u2015-]+", " ", plain).strip()


def _is_mark(character: str) -> bool:
    """Accents, vowel points and invisible characters; the vowels of Indian scripts are letters."""
    return (
        unicodedata.category(character) in ("Mn", "Cf", "Cc")
        and not "\u0900" <= character <= "\u0dff"
        and character not in "\n\t\r"
    )


def _bare(text: str) -> str:
    """Folded, with punctuation, quotes and symbols stripped from both ends."""
    text = folded(text)
    start, end = 0, len(text)
    while start < end and not _is_wordlike(text[start]):
        start += 1
    while end > start and not _is_wordlike(text[end - 1]):
        end -= 1
    word = text[start:end]
    return re.sub(r"\W", "", word) if _SPELLED.fullmatch(word) else word


def _is_wordlike(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM"


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Keyword]:
    found: dict[str, Keyword] = {}
    for keyword, tables in ((Keyword.STOP, STOP_WORDS), (Keyword.START, START_WORDS), (Keyword.HELP, HELP_WORDS)):
        for words in tables.values():
            found |= {folded(word): keyword for word in words}
    return MappingProxyType(found)


_SUBSCRIBE = frozenset(folded(word) for words in SUBSCRIBE_WORDS.values() for word in words)
_YES = frozenset(map(folded, YES_WORDS))
_TEXT_MESSAGE_STOP = frozenset(map(folded, TEXT_MESSAGE_STOP_WORDS))


def heard(text: str, *, is_text_message: bool) -> Heard:
    """What the words of a customer say about consent. In a text message, words count that carriers take for STOP."""
    text = _PADDING.sub(" ", text).strip()
    if not text or len(text) > LONGEST_PROBABLE * 2:
        return _NOTHING
    if len(text) <= _LONGEST_KEYWORD:
        word = _bare(text)
        if keyword := _table().get(word):
            return Heard(keyword)
        if is_text_message and word in _TEXT_MESSAGE_STOP:
            return Heard(Keyword.STOP)
        if word in _SUBSCRIBE:
            return Heard(Keyword.START, is_subscribing=True)
        if word in _YES:
            return Heard(Keyword.START, is_bare_yes=True)
    text = folded(text)
    if len(text) > LONGEST_PROBABLE:
        return _NOTHING
    found = any(any(part in text for part in parts) and pattern.search(text) for parts, pattern in PROBABLE)
    return Heard(is_probable=True) if found else _NOTHING
