"""What a mail server says at each step, and what is sure about the mail then."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import BinaryIO

import pytest

from channels_ingest.adapters.sending import Accepted, Refused, SmtpRequest, TryLater, Unclear
from channels_ingest.sending.posting import mail

#: What the server says to each command; an absent answer hangs up.
KIND = {"greeting": "220 hi", "EHLO": "250 hi", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", ".": "250 ok"}


class _Talk:
    """One conversation: each command is answered as `says` has it; an absent answer hangs up."""

    def __init__(self, says: dict[str, str], file: BinaryIO, heard: list[str]) -> None:
        self.says, self.file, self.heard = says, file, heard

    def say(self, key: str) -> bool:
        if key not in self.says:
            return False
        self.file.write(self.says[key].encode() + b"\r\n")
        self.file.flush()
        return True

    def run(self) -> None:
        going, in_text = self.say("greeting"), False
        while going and (line := self.file.readline()):
            if in_text:
                if line == b".\r\n":
                    in_text, going = False, self.say(".")
                continue
            self.heard.append(line.decode().strip().lower())
            command = line.split()[0].decode().upper()
            copy = f"{command} {line.decode().strip().rpartition(':')[2]}"
            going = command != "QUIT" and self.say(copy if copy in self.says else command)
            in_text = command == "DATA" and self.says.get("DATA", "").startswith("354")


@contextmanager
def server(says: dict[str, str], heard: list[str] | None = None) -> Iterator[int]:
    """A mail server for one connection, on a port of its own; `heard` gains the commands."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection, connection.makefile("rwb") as file:
                _Talk(says, file, [] if heard is None else heard).run()  # type: ignore[arg-type]

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join(5)


def request(port: int, **more: str) -> SmtpRequest:
    return SmtpRequest(
        host="127.0.0.1",
        port=port,
        user=more.get("user", ""),
        password=more.get("password", ""),
        envelope_from="shop@example.com",
        envelope_to="mira@example.com",
        message=b"Subject: Hi\r\n\r\n.leading dot\r\n",
    )


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({}, Accepted(provider_message_id="<1@hub>")),
        ({"RCPT": "550 no such user"}, Refused),
        ({"RCPT": "451 greylisted"}, TryLater),
        ({"MAIL": "421 busy"}, TryLater),
        ({"greeting": "554 go away"}, TryLater),
        ({"DATA": "554 no"}, Refused),
        ({".": "451 disk full"}, TryLater),
        ({".": "554 spam"}, Refused),
        ({".": None}, Unclear),
        ({"RCPT": None}, TryLater),
        ({"greeting": None}, TryLater),
    ],
)
def test_mail_server_says(said: dict[str, str | None], outcome: object) -> None:
    says = {key: value for key, value in {**KIND, **said}.items() if value is not None}
    with server(says) as port:
        told = mail(request(port), message_id="<1@hub>")
    assert told == outcome if not isinstance(outcome, type) else isinstance(told, outcome), told


def test_mailbox_that_is_not_known_closes_the_address() -> None:
    with server({**KIND, "RCPT": "550 no such user"}) as port:
        told = mail(request(port), message_id="<1@hub>")
    assert isinstance(told, Refused)
    assert told.closes == "unreachable"


def test_copies_are_handed_over_too() -> None:
    heard: list[str] = []
    with server(KIND, heard) as port:
        told = mail(replace(request(port), copies=("jonas@x.example",)), message_id="<1@hub>")
    assert told == Accepted(provider_message_id="<1@hub>")
    assert [line for line in heard if line.startswith("rcpt")] == [
        "rcpt to:<mira@example.com>",
        "rcpt to:<jonas@x.example>",
    ]


def test_refused_copy_closes_nobodys_address() -> None:
    with server({**KIND, "RCPT <jonas@x.example>": "550 no such user"}) as port:
        told = mail(replace(request(port), copies=("jonas@x.example",)), message_id="<1@hub>")
    assert isinstance(told, Refused)
    assert (told.code, told.closes) == ("550", "")


def test_nobody_there_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert isinstance(mail(request(port), message_id="<1@hub>"), TryLater)


def test_no_password_without_encryption() -> None:
    with server(KIND) as port:
        told = mail(request(port, user="shop", password="secret"), message_id="<1@hub>")
    assert isinstance(told, TryLater)
