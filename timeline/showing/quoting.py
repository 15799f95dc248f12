"""Which part of a mail's text repeats earlier mails, to be folded away on the page. Nothing is cut or stored.

Own rules over lines, each linear in the text: the customer's words are what a stranger sends, and the library for this
(mail-parser-reply 1.36) took 183 seconds for 60,000 characters of "On On On". In doubt everything is shown: what is
folded is proved to be repeated by the line that a program writes above it, and nothing of the writer's stands below.
"""

import re
from dataclasses import dataclass

from timeline.showing.quoting_words import (
    ANSWERS_WITHIN,
    FIELD,
    FIRST_FIELD,
    FORWARDED,
    FROM_FIELD,
    INVISIBLE,
    ORIGINAL,
    SENT_FROM,
    SUBJECT_FIELD,
    TOLD_BY_WRITER,
    WROTE,
)

#: Lines that are looked at; a longer mail is shown whole.
MOST_LINES = 3_000
LONGEST_INTRO = 4  # lines that a program breaks "On …, … wrote:" into
LONGEST_HEAD = 10
LONGEST_LINE = 400
LONGEST_SIGNATURE = 12

_RULED = re.compile(r"[ ]{0,5}[-_=*]{2,40} ?([^-_=*]{3,60})?[-_=*]{0,40}[ ]{0,5}")
_ADDRESS = re.compile(r"[^\s<>@]{1,100}@[^\s<>@]{1,100}")
_TIME = re.compile(r"\d[:.]\d\d")
_DATE = re.compile(r"\d{4}|\d\d?[./]\d\d?[./]\d\d")
_INTRO_START = re.compile(r"(?:on|am|le|el|il|op|em|den|dne|w dniu|в|ב)[ -].{0,60}\d", re.IGNORECASE)
_ENDS_INTRO = re.compile(r"[:：]\W{0,3}$")
_AFTERTHOUGHT = re.compile(r"\s{0,5}(?:p\.? ?s|n\.?b|ps)\b|.{0,400}[?？؟]", re.IGNORECASE)
_SENTENCE = re.compile(r"(?:\S{1,60}\s{1,5}){3,80}\S{1,60}[.!…。]\s{0,5}")


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in two: `shown` and `folded` put together are the text. `earlier` mails are repeated in the second."""

    shown: str
    folded: str
    earlier: int = 0


def fold(text: str, *, is_answer: bool = False) -> Folded:
    """What its writer says now, and what repeats earlier mails or is a signature. All is shown if that is in doubt.

    `is_answer` says that its head names a mail it answers: then quotes are quotes without a line above that says so.
    """
    whole = text.split("\n")
    if len(whole) > MOST_LINES:
        return Folded(text, "")
    lines = [line[: LONGEST_LINE + 1].lstrip(INVISIBLE) for line in whole]
    start = _repeated_from(lines, is_answer=is_answer)
    if start is None:
        return Folded(text, "")
    earlier = _count(lines[start:]) if start < len(lines) else 0
    start = _signature_start(lines, start)
    shown = "\n".join(whole[:start])
    if not shown.strip():
        return Folded(text, "")
    return Folded(shown, text[len(shown) :], earlier)


def _repeated_from(lines: list[str], *, is_answer: bool) -> int | None:
    """The first line of what is repeated, the number of lines if nothing is; None if more may be the writer's own."""
    for number, line in enumerate(lines):
        if line.startswith(">"):
            start = _intro_start(lines, number)
            is_proved = start < number or _begins_as_repeated(lines[number : number + LONGEST_INTRO + 1])
            is_said = (
                bool(_ENDS_INTRO.search(_above(lines, number))) and not is_proved
            )  # "You told me:" is the writer's
            return start if (is_proved or (is_answer and not is_said)) and _is_all_quoted(lines[number:]) else None
        if _is_ruled(line, FORWARDED) or FORWARDED.fullmatch(line.strip(" :：")):
            return None  # what is handed on is news
        if _is_ruled(line, ORIGINAL) or _is_head(lines, number):
            is_below = number and _RULED.fullmatch(lines[number - 1]) and lines[number - 1].strip()
            return (number - 1 if is_below else number) if _is_above(lines, number) else None
    return len(lines)


def _above(lines: list[str], number: int) -> str:
    return next((lines[n] for n in range(number - 1, max(-1, number - 4), -1) if lines[n].strip()), "")


def _is_ruled(line: str, words: re.Pattern[str]) -> bool:
    """`-----Original Message-----` in the words of the programs that write it."""
    ruled = _RULED.fullmatch(line.strip())
    return bool(ruled and ruled[1] and words.fullmatch(ruled[1].strip(" :")))


def _is_head(lines: list[str], number: int) -> bool:
    """The fields of a head as Outlook repeats them, with From, Subject, and an address or a time.

    Without those, `From: Berlin`, `To: Paris` and `Date: 3 May` would be one: that is what a customer writes.
    """
    if not FIRST_FIELD.match(lines[number]):
        return False
    head = []
    for line in lines[number : number + LONGEST_HEAD]:
        if line.strip() and not FIELD.match(line):
            break
        head.append(line)
    sender = next((line for line in head if FROM_FIELD.match(line)), "")
    has_subject = any(map(SUBJECT_FIELD.match, head))
    return bool(sender and has_subject and (_ADDRESS.search(sender) or any(map(_TIME.search, head))))


def _intro_start(lines: list[str], number: int) -> int:
    """The line where `On …, … wrote:` begins, if that stands above the quote at `number`; else `number`."""
    last = number - 1
    while last >= 0 and not lines[last].strip():
        last -= 1
    first = last
    while first > 0 and last - first < LONGEST_INTRO - 1 and lines[first - 1].strip():
        first -= 1
    for start in range(last, first - 1, -1):
        if _is_intro(" ".join(lines[start : last + 1])):
            is_cut = not _INTRO_START.match(lines[start]) and start > first and _INTRO_START.match(lines[start - 1])
            return start - 1 if is_cut else start
    return number


def _is_intro(line: str) -> bool:
    """A date with the word or the address with which every program names what it repeats."""
    if len(line) > LONGEST_LINE or not _ENDS_INTRO.search(line) or TOLD_BY_WRITER.search(line):
        return False
    rest = _ADDRESS.sub("", line)
    if rest != line:
        return bool(_DATE.search(rest) or _TIME.search(rest))
    return bool(WROTE.search(rest) and _TIME.search(rest))


def _begins_as_repeated(quoted: list[str]) -> bool:
    """Whether a quote says itself what it is: the programs that quote their own first line, or the head."""
    inner = [line.lstrip("> ") for line in quoted]
    return any(_is_intro(" ".join(inner[:n])) for n in range(1, len(inner) + 1)) or _is_head(inner, 0)


def _is_all_quoted(lines: list[str]) -> bool:
    """Whether nothing of the writer's own stands in or below the quote: answers between the quotes must be seen."""
    for number, line in enumerate(lines):
        if _is_delimiter(line):
            return _is_signature(lines[number:])
        if line.strip() and not line.startswith(">") and not SENT_FROM.fullmatch(line.strip()):
            return False
    return True


def _is_above(lines: list[str], number: int) -> bool:
    """Whether the answer stands above the head at `number`, as it does where the programs that write those put it.

    It may be in the old text too, without a mark of its own: then its writer says "see below", and all is shown.
    """
    if any(map(ANSWERS_WITHIN.search, lines[:number])):
        return False
    for below in range(number + 1, len(lines)):
        if lines[below].startswith(">"):
            return _is_all_quoted(lines[below:])
        if lines[below].strip() and not FIELD.match(lines[below]):
            return True
    return True


def _signature_start(lines: list[str], end: int) -> int:
    """Where the signature of the text above `end` begins; `end` if it has none."""
    last = end - 1
    while last > 0 and not lines[last].strip():
        last -= 1
    if last > 0 and SENT_FROM.fullmatch(lines[last].strip()):
        return last
    for number in range(last, max(-1, last - LONGEST_SIGNATURE), -1):
        if _is_delimiter(lines[number]):
            return number if _is_signature(lines[number:end]) else end
    return end


def _is_delimiter(line: str) -> bool:
    return line.rstrip() == "--"


def _is_signature(lines: list[str]) -> bool:
    """Whether the lines from a delimiter on are a signature. What has not its blank (RFC 3676) may be a dash."""
    told = lines[1:]
    if sum(bool(line.strip()) for line in told) > LONGEST_SIGNATURE:
        return False
    is_dash = lines[0] == "--"
    return not any(
        line.startswith(">") or _AFTERTHOUGHT.match(line) or (is_dash and _SENTENCE.fullmatch(line)) for line in told
    )


def _count(lines: list[str]) -> int:
    """How many mails the lines repeat: at least one."""
    inner = [line.lstrip("> ") for line in lines]
    heads = sum(bool(FROM_FIELD.match(line)) and _has_subject(inner, number) for number, line in enumerate(inner))
    intros = sum(
        bool(_ENDS_INTRO.search(line)) and any(_is_intro(" ".join(inner[max(0, n - back) : n + 1])) for back in (0, 1))
        for n, line in enumerate(inner)
    )
    return max(1, heads + intros)


def _has_subject(lines: list[str], number: int) -> bool:
    return any(map(SUBJECT_FIELD.match, lines[max(0, number - 3) : number + LONGEST_HEAD]))
