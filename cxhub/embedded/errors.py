"""What keeps an embedded server from starting."""


class EmbeddedError(Exception):
    """An embedded server cannot run. The message says why and the next step."""
