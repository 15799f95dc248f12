"""How the API reads a body."""

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class ShallowJSONParser(JSONParser):
    """JSON that is nested deeper than Python reads is the sender's mistake, as any other that cannot be read."""

    def parse(self, *args: Any, **more: Any) -> Any:
        """What the body says. Raises ParseError."""
        try:
            return super().parse(*args, **more)
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply") from error
