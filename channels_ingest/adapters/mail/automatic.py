"""Which mails no person wrote to us. They are kept and shown, and nobody waits for an answer to them.

RFC 3834, and what programs write that never read it. A newsletter and a group's mail say the same about themselves; a
group of our own domain (support@ as a mailing list) hands customers' mails on, so its mails are people's.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from channels_ingest.adapters.mail.headers import Headers
from channels_ingest.adapters.mail.reading import Mail
from channels_ingest.adapters.mail.reports import Report

AUTO_REPLY = "auto_reply"
NOTIFICATION = "notification"
LIST = "list"

#: How automatic replies begin in the languages of the mail programs that write them; the rest of the subject is ours.
_SUBJECTS = re.compile(
    r"\s*(?:automatic reply|auto(?:matic)? ?-?response|auto-?reply|autoreply|out[ -]of[ -](?:the[ -])?office|ooo"
    r"|abwesenheitsnotiz|automatische antwort|abwesenheitsnachricht|réponse automatique|absence du bureau"
    r"|respuesta automática|fuera de la oficina|risposta automatica|fuori sede|resposta automática|ausência temporária"
    r"|automatisch antwoord|afwezig(?:heid)?|automatiskt svar|autosvar|automatisk svar|automaattinen vastaus"
    r"|odpowiedź automatyczna|automatická odpověď|automatikus válasz|răspuns automat|otomatik yanıt|автоответ"
    r"|автоматический ответ|автоматична відповідь|自動応答|自动回复|自動回覆|자동 회신|تلقائي)\s*(?:[:：\-–—(]|$)",
    re.IGNORECASE,
)
_NO_REPLY = re.compile(
    r"(?:no|do[-_.]?not|donot)[-_.]?reply|(?:mailer-daemon|postmaster|bounces?)$|nepasrepondre", re.IGNORECASE
)
_LIST_ID = re.compile(r"<([^<>\s]{1,250})>\s*$")


@dataclass(frozen=True, slots=True)
class Automatic:
    """What kind of automatic mail it is, and the field that says so."""

    kind: str
    why: str


def recognise(mail: Mail, report: Report | None, own_domains: Iterable[str]) -> Automatic | None:
    """What no person wrote; None for a person's mail."""
    if report:
        return Automatic(report.kind, "report")
    headers = mail.headers
    submitted = _word(headers, "auto-submitted")
    if submitted and submitted != "no":
        is_reply = submitted == "auto-replied" or bool(_SUBJECTS.match(mail.subject)) or _is_suppressing(headers)
        return Automatic(AUTO_REPLY if is_reply else NOTIFICATION, "auto-submitted")
    for name in ("x-autoreply", "x-autorespond", "x-auto-reply-from", "x-mail-autoreply"):
        if (word := _word(headers, name)) and word != "no":
            return Automatic(AUTO_REPLY, name)
    precedence = _word(headers, "precedence")
    if precedence in ("auto_reply", "auto-reply"):
        return Automatic(AUTO_REPLY, "precedence")
    if _SUBJECTS.match(mail.subject):
        return Automatic(AUTO_REPLY, "subject")
    if headers.first("return-path").strip() == b"<>":
        return Automatic(AUTO_REPLY, "return-path")
    if precedence in ("bulk", "junk", "list") or headers.first("list-id"):
        if is_own_list(headers, own_domains):
            return None
        return Automatic(LIST, "list-id" if headers.first("list-id") else "precedence")
    return None


def reason_to_stay_silent(mail: Mail, sender: str, automatic: Automatic | None) -> str:
    """Why no automatic mail of ours may answer; empty if one may."""
    headers = mail.headers
    if automatic:
        return automatic.why
    if _is_suppressing(headers):
        return "x-auto-response-suppress"
    for name in ("list-id", "list-unsubscribe", "x-loop"):
        if headers.first(name):
            return name
    return "no-reply" if _NO_REPLY.search(sender.rpartition("@")[0]) else ""


def list_id(headers: Headers) -> str:
    """The mailing list it came by; empty for none."""
    text = headers.text("list-id")
    match = _LIST_ID.search(text)
    return (match[1] if match else text)[:250]


def is_own_list(headers: Headers, own_domains: Iterable[str]) -> bool:
    """Whether the list it came by is of one of our domains."""
    name = list_id(headers).lower()
    return any(name == domain or name.endswith(f".{domain}") for domain in own_domains if domain)


def _is_suppressing(headers: Headers) -> bool:
    """It asks not to be answered automatically, which a person's mail from Exchange may do as well."""
    words = {word.strip() for word in headers.text("x-auto-response-suppress").lower().split(",")}
    return bool(words & {"all", "autoreply", "oof"})


def _word(headers: Headers, name: str) -> str:
    return headers.text(name).lower().partition(";")[0].strip()
