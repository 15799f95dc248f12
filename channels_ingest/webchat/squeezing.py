"""Scripts and style sheets of our own without what only their readers need: comments, spaces, long local names."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from string import ascii_letters

# A text, a template or a regular expression stands as it is; a comment goes.
_PIECE = re.compile(
    r"""(?P<kept>"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=[(=,:!&|?])\s*/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*)"""
    r"""|(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<space>\s+)|(?P<other>[\w$]+|=>|\.\.\.|\+\+|--|.)""",
    re.DOTALL,
)

_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_BEFORE_OBJECT = frozenset({"(", "=", ",", ":", "?", "[", "return", "|", "&", "const", "let"})
_HOLE = re.compile(r"\$\{[^}]*\}")


def squeezed_script(source: str) -> str:
    """The script without comments, its local names short, with spaces only between words.

    It relies on how the source is written: every statement ends with a semicolon, templates are not nested.
    """
    pieces = [match[0].strip() for match in _PIECE.finditer(source) if not match["comment"] and not match["space"]]
    pieces = _joined(pieces)
    short = _short_names(pieces)
    words: list[str] = []
    for number, piece in enumerate(pieces):
        is_property = number > 0 and pieces[number - 1] == "."
        word = piece if is_property else short.get(piece, piece)
        if word.startswith("`"):
            word = _HOLE.sub(lambda hole: _WORD.sub(lambda name: short.get(name[0], name[0]), hole[0]), word)
        if words and _would_merge(words[-1][-1], word[0]):
            words.append(" ")
        words.append(word)
    return re.sub(r",([}\])])", r"\1", "".join(words))


def _joined(pieces: Sequence[str]) -> list[str]:
    """The pieces with constants that follow each other declared by one statement."""
    joined: list[str] = []
    starters = [""]  # how the running statement of each open bracket began
    for piece in pieces:
        if piece == "const" and joined[-1:] == [";"] and starters[-1] == "const":
            joined[-1] = ","
            continue
        if joined and (joined[-1] in (";", "{") or (joined[-1] == "}" and _WORD.fullmatch(piece))):
            starters[-1] = piece
        if piece in "([{":
            starters.append("")
        elif piece in ")]}":
            starters.pop()
        joined.append(piece)
    return joined


def _short_names(pieces: Sequence[str]) -> dict[str, str]:
    """A short name for each local name that nowhere names a property too."""
    declared = {
        name for number, word in enumerate(pieces) if word in ("const", "let") for name in _declared(pieces, number)
    }
    outward: set[str] = set()
    brackets: list[str] = []
    for number, piece in enumerate(pieces):
        before, after = pieces[number - 1], pieces[(number + 1) % len(pieces)]
        if piece in "([{":
            brackets.append("object" if piece == "{" and before in _BEFORE_OBJECT else piece)
        elif piece in ")]}":
            brackets.pop()
        elif not _WORD.fullmatch(piece):
            continue
        elif (
            after == "=>"
            or pieces[number - 2 : number] == ["catch", "("]
            or (brackets and brackets[-1] == "(" and _is_parameter(pieces, number))
        ):
            declared.add(piece)
        is_key = brackets[-1:] == ["object"] and before in "{," and after in "},:"
        if before == "." or is_key:
            outward.add(piece)
    usable = sorted(declared - outward, key=lambda name: (-pieces.count(name) * len(name), name))
    names = ("".join(letters) for size in (1, 2) for letters in product(ascii_letters, repeat=size))
    free = (name for name in names if name not in pieces and name not in ("do", "if", "in", "of"))
    return dict(zip((name for name in usable if len(name) > 1), free, strict=False))


def _declared(pieces: Sequence[str], number: int) -> Iterator[str]:
    """The plain names that the declaration at `number` declares."""
    depth = 0
    for before, piece in pairwise(pieces[number:]):
        if depth == 0 and piece in (";", "of", "in"):
            return
        if depth == 0 and before in ("const", "let", ",") and _WORD.fullmatch(piece):
            yield piece
        depth += (piece in "([{") - (piece in ")]}")
        if depth < 0:
            return


def _is_caught(pieces: Sequence[str], number: int) -> bool:
    """Whether the word names what a `catch` caught."""
    return pieces[max(0, number - 2) : number] == ["catch", "("]


def _is_parameter(pieces: Sequence[str], number: int) -> bool:
    """Whether the word stands in the parentheses of an arrow function, and for itself."""
    if pieces[number - 1] not in "(," or pieces[number + 1] not in "),=":
        return False
    depth, place = 1, number
    while depth:
        place += 1
        depth += (pieces[place] in "([{") - (pieces[place] in ")]}")
    return pieces[place + 1] == "=>"


def _would_merge(left: str, right: str) -> bool:
    """Whether two pieces need a space between them."""
    return (_is_word(left) and _is_word(right)) or (left == right and left in "+-")


def _is_word(character: str) -> bool:
    return character.isalnum() or character in "_$"


def squeezed_style(source: str) -> str:
    """The style sheet without comments, and with spaces only where they part words."""
    source = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    source = re.sub(r"\s+", " ", source)
    source = re.sub(r" ?([{};,]) ?", r"\1", source)
    source = re.sub(r"([\w)]): ", r"\1:", source)
    return source.replace(";}", "}").strip()
