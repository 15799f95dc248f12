"""Which part of a mail's text repeats earlier mails, to be folded away on the page. Nothing is cut or stored.

Own rules over lines, each linear in the text: the customer's words are what a stranger sends, and the library for this
(mail-parser-reply 1.36) took 183 seconds for 60,000 characters of "On On On". In doubt everything is shown.
"""

import re
from dataclasses import dataclass

#: Lines that are looked at; a longer mail is shown whole.
MOST_LINES = 3_000
LONGEST_INTRO = 4  # lines that a program breaks "On …, … wrote:" into
LONGEST_LINE = 400

_FROM = "from|von|de|da|van|od|fra|från|lähettäjä|от|від|kimden|feladó|expéditeur|差出人|发件人|寄件者|보낸 사람|من"
_SUBJECT = (
    "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|temat|ämne|emne|aihe|тема|konu|tárgy|předmět|件名|主题|제목"
)
_HEAD_FROM = re.compile(rf"[ *]{{0,3}}(?:{_FROM})[ *]{{0,3}}[:：]", re.IGNORECASE)
_HEAD_SUBJECT = re.compile(rf"[ *]{{0,3}}(?:{_SUBJECT})[ *]{{0,3}}[:：]", re.IGNORECASE)
_HEAD_ANY = re.compile(r"[ *]{0,3}[^\W\d_][^:：]{0,20}[:：]")
_RULED = re.compile(r"[ >]{0,5}[-_=*]{2,40} ?(?:[^-_=*]{3,60}[-_=*]{2,40})?[ ]{0,5}")
_MESSAGE_WORDS = re.compile(
    r"original|ursprüngliche|origine|originale|oorspronkelijk|oryginalna|ursprungligt|forwarded|weitergeleitet"
    r"|transféré|reenviado|inoltrato|исходное|пересылаемое|orijinal|原始|元の",
    re.IGNORECASE,
)
#: A day, a time or an address, with which every program names what it repeats.
_DATED = re.compile(r"\d{4}|\d[:.]\d\d|\d.{0,200}@|@.{0,200}\d")
_INTRO_END = (":", "：")
_SENT_FROM = re.compile(
    r"(?:sent from|get outlook for|von meinem|gesendet mit|envoyé de|enviado desde|inviato da|verzonden vanaf"
    r"|skickat från|wysłane z|отправлено с|iphoneから送信)\b.{0,60}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in two: `shown` and `folded` put together are the text."""

    shown: str
    folded: str


def fold(text: str) -> Folded:
    """What its writer says now, and what repeats earlier mails or is a signature. All is shown if that is in doubt."""
    lines = text.split("\n")
    if len(lines) > MOST_LINES:
        return Folded(text, "")
    start = _quote_start(lines)
    if start < len(lines) and not _is_top_posted(lines, start):
        return Folded(text, "")
    start = _signature_start(lines, start)
    shown = "\n".join(lines[:start])
    if not shown.strip():
        return Folded(text, "")
    return Folded(shown, text[len(shown) :])


def _quote_start(lines: list[str]) -> int:
    """The first line of what is repeated; the number of lines if nothing is."""
    for number, line in enumerate(lines):
        if line.startswith(">"):
            return _with_intro(lines, number)
        if _is_ruled(line) or _is_head(lines, number):
            return (
                number - 1 if number and _RULED.fullmatch(lines[number - 1]) and lines[number - 1].strip() else number
            )
    return len(lines)


def _is_ruled(line: str) -> bool:
    """`-----Original Message-----` in the words of the programs that write it."""
    short = line[:LONGEST_LINE].strip()
    return bool(_RULED.fullmatch(short) and _MESSAGE_WORDS.search(short))


def _is_head(lines: list[str], number: int) -> bool:
    """The fields of a head as Outlook repeats them: lines of `Word:` with From and Subject among them.

    Without the subject, `From: Berlin`, `To: Paris` and `Date: 3 May` would be one: that is what a customer writes.
    """
    if not _HEAD_ANY.match(lines[number][:LONGEST_LINE]):
        return False
    head = []
    for line in lines[number : number + 10]:
        if line.strip() and not _HEAD_ANY.match(line[:LONGEST_LINE]):
            break
        head.append(line[:LONGEST_LINE])
    return any(map(_HEAD_FROM.match, head)) and any(map(_HEAD_SUBJECT.match, head))


def _with_intro(lines: list[str], number: int) -> int:
    """The line where `On …, … wrote:` begins, if that stands above the quote at `number`."""
    last = number - 1
    while last >= 0 and not lines[last].strip():
        last -= 1
    if last < 0 or not lines[last].rstrip().endswith(_INTRO_END):
        return number
    first = last
    while first > 0 and last - first < LONGEST_INTRO - 1 and lines[first - 1].strip():
        first -= 1
    for start in range(last, first - 1, -1):
        intro = " ".join(lines[start : last + 1])
        if len(intro) <= LONGEST_LINE and _DATED.search(intro):
            return start
    return number


def _is_top_posted(lines: list[str], start: int) -> bool:
    """Whether nothing of the writer's own comes after the first quote: answers between the quotes must be seen."""
    if not any(line.startswith(">") for line in lines[start : start + LONGEST_INTRO + 2]):
        return True  # a head or a ruled line: programs that write those put the answer above
    has_quoted = False
    for line in lines[start:]:
        if line.startswith(">"):
            has_quoted = True
        elif line.rstrip() == "--":
            return True
        elif has_quoted and line.strip() and not _SENT_FROM.fullmatch(line.strip()[:LONGEST_LINE]):
            return False
    return True


def _signature_start(lines: list[str], end: int) -> int:
    """Where the signature of the text above `end` begins; `end` if it has none."""
    for number in range(max(0, end - 15), end):
        if lines[number].rstrip() == "--":
            return number
    last = end - 1
    while last > 0 and not lines[last].strip():
        last -= 1
    return last if last > 0 and _SENT_FROM.fullmatch(lines[last].strip()[:LONGEST_LINE]) else end
