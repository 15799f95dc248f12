"""Ids as strangers write them: in an address, a form or a call."""

#: The greatest number that an id can be: PostgreSQL refuses to compare with a greater one.
BIGGEST_ID = 2**63 - 1


def id_in(text: str) -> int | None:
    """The id that the text is, in plain digits; None for anything else, however long."""
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(BIGGEST_ID)):
        return None
    number = int(text)
    return number if number <= BIGGEST_ID else None
