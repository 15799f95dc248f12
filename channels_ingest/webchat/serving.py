"""The widget as it is served: one script, its style sheet within, without the comments and spaces of its sources."""

import base64
import gzip
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product
from pathlib import Path
from string import ascii_letters

SOURCES = Path(__file__).parent / "widget"
MOST_GZIPPED_BYTES = 6_000

# A text, a template or a regular expression stands as it is; a comment goes.
_TOKEN = re.compile(
    r"""(?P<kept>"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=[(=,:!&|?])\s*/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*)"""
    r"""|(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<space>\s+)|(?P<other>[\w$]+|=>|\.\.\.|\+\+|--|.)""",
    re.DOTALL,
)

_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_BEFORE_OBJECT = frozenset({"(", "=", ",", ":", "?", "[", "return", "|", "&", "const", "let"})
_HOLE = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Widget:
    """The script, gzipped too. `digest` names these bytes; `integrity` is what a page may pin."""

    script: bytes
    gzipped: bytes
    digest: str
    integrity: str


@cache
def widget() -> Widget:
    """The widget of this release, made once in a process."""
    style = _squeezed_style((SOURCES / "hub-chat.css").read_text(encoding="utf-8"))
    source = (SOURCES / "hub-chat.js").read_text(encoding="utf-8")
    script = _squeezed(source).replace("STYLE", f"`{style}`").encode()
    digest = hashlib.sha384(script).digest()
    return Widget(
        script=script,
        gzipped=gzip.compress(script, 9, mtime=0),
        digest=hashlib.sha256(script).hexdigest()[:16],
        integrity=f"sha384-{base64.b64encode(digest).decode()}",
    )


def _squeezed(source: str) -> str:
    """The script without comments, its local names short, with spaces only between words.

    It relies on how the source is written: every statement ends with a semicolon, templates are not nested.
    """
    tokens = [match[0].strip() for match in _TOKEN.finditer(source) if not match["comment"] and not match["space"]]
    tokens = _joined(tokens)
    short = _short_names(tokens)
    words: list[str] = []
    for number, token in enumerate(tokens):
        is_property = number > 0 and tokens[number - 1] == "."
        word = token if is_property else short.get(token, token)
        if word.startswith("`"):
            word = _HOLE.sub(lambda hole: _WORD.sub(lambda name: short.get(name[0], name[0]), hole[0]), word)
        if words and _would_merge(words[-1][-1], word[0]):
            words.append(" ")
        words.append(word)
    return re.sub(r",([}\])])", r"\1", "".join(words))


def _joined(tokens: Sequence[str]) -> list[str]:
    """The tokens with constants that follow each other declared by one statement."""
    joined: list[str] = []
    starters = [""]  # how the running statement of each open bracket began
    for token in tokens:
        if token == "const" and joined[-1:] == [";"] and starters[-1] == "const":
            joined[-1] = ","
            continue
        if joined and (joined[-1] in (";", "{") or (joined[-1] == "}" and _WORD.fullmatch(token))):
            starters[-1] = token
        if token in "([{":
            starters.append("")
        elif token in ")]}":
            starters.pop()
        joined.append(token)
    return joined


def _short_names(tokens: Sequence[str]) -> dict[str, str]:
    """A short name for each local name that nowhere names a property too."""
    declared = {
        name for number, word in enumerate(tokens) if word in ("const", "let") for name in _declared(tokens, number)
    }
    outward: set[str] = set()
    brackets: list[str] = []
    for number, token in enumerate(tokens):
        before, after = tokens[number - 1], tokens[(number + 1) % len(tokens)]
        if token in "([{":
            brackets.append("object" if token == "{" and before in _BEFORE_OBJECT else token)
        elif token in ")]}":
            brackets.pop()
        elif not _WORD.fullmatch(token):
            continue
        elif after == "=>" or (brackets and brackets[-1] == "(" and _is_parameter(tokens, number)):
            declared.add(token)
        is_key = brackets[-1:] == ["object"] and before in "{," and after in "},:"
        if before == "." or is_key:
            outward.add(token)
    usable = sorted(declared - outward, key=lambda name: (-tokens.count(name) * len(name), name))
    names = ("".join(letters) for size in (1, 2) for letters in product(ascii_letters, repeat=size))
    free = (name for name in names if name not in tokens and name not in ("do", "if", "in", "of"))
    return dict(zip((name for name in usable if len(name) > 1), free, strict=False))


def _declared(tokens: Sequence[str], number: int) -> Iterator[str]:
    """The plain names that the declaration at `number` declares."""
    depth = 0
    for before, token in pairwise(tokens[number:]):
        if depth == 0 and token in (";", "of", "in"):
            return
        if depth == 0 and before in ("const", "let", ",") and _WORD.fullmatch(token):
            yield token
        depth += (token in "([{") - (token in ")]}")
        if depth < 0:
            return


def _is_parameter(tokens: Sequence[str], number: int) -> bool:
    """Whether the word stands in the parentheses of an arrow function, and for itself."""
    if tokens[number - 1] not in "(," or tokens[number + 1] not in "),=":
        return False
    depth, place = 1, number
    while depth:
        place += 1
        depth += (tokens[place] in "([{") - (tokens[place] in ")]}")
    return tokens[place + 1] == "=>"


def _would_merge(left: str, right: str) -> bool:
    """Whether two tokens need a space between them."""
    return (_is_word(left) and _is_word(right)) or (left == right and left in "+-")


def _is_word(character: str) -> bool:
    return character.isalnum() or character in "_$"


def _squeezed_style(source: str) -> str:
    """The style sheet without comments, and with spaces only where they part words."""
    source = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    source = re.sub(r"\s+", " ", source)
    source = re.sub(r" ?([{};,]) ?", r"\1", source)
    source = re.sub(r"([\w)]): ", r"\1:", source)
    return source.replace(";}", "}").strip()
