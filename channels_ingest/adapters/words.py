"""Words of adapters that agents read: written here in English, translated where they are shown."""


def gettext_noop(text: str) -> str:
    """`text`, which `makemessages` collects by this function's name; adapters know no Django."""
    return text
