"""How many polls and streams of chats are open, from each address and in all: each costs memory, and a look now and
then, for as long as a stranger wishes.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from cxhub.bodies import RefusedError

MOST_OPEN = 2_000
#: An address may be a whole office, or a mobile network; what is unknown (a proxy names nobody) counts only in all.
MOST_OF_ADDRESS = 500


class Crowd:
    """Everybody who has one open in this process."""

    def __init__(self) -> None:
        self.count = 0
        self.of_address = Counter[str]()

    @contextmanager
    def place(self, address: str) -> Iterator[None]:
        """One more is open meanwhile. Raises RefusedError where its address, or all together, have enough."""
        if address and self.of_address[address] >= MOST_OF_ADDRESS:
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS)
        if self.count >= MOST_OPEN:
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE)
        self.count += 1
        self.of_address[address] += 1
        try:
            yield
        finally:
            self.count -= 1
            self.of_address[address] -= 1
            if not self.of_address[address]:
                del self.of_address[address]
