"""The hub asks public hosts only."""

import time
from collections.abc import Iterable

import pytest

from channels_ingest.media.addresses import (
    NotAllowedError,
    NotFoundError,
    is_public,
    public_address,
    system_resolver,
    target_of,
)

PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.8.9.10",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.0.1", "198.18.0.1",
    "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "fc00::1",
    "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "::ffff:0:127.0.0.1", "5f00::1", "ff02::1", "ff0e::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "157.240.1.60", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a03:2880:f12f::1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_asked(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "0x7f000001", "2130706433", "127.1", "8.8.8.8:80", "[::1]"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert not is_public(text)


ODD = [
    "ftp://example.com/x", "file:///etc/passwd", "gopher://example.com/", "javascript:alert(1)", "data:,x",
    "//example.com/x",
    "example.com", "", "https://", "https:///x", "https://user@example.com/", "https://user:pw@example.com/",
    "https://example.com@127.0.0.1/", "https://example.com\\@127.0.0.1/", "https://exa mple.com/",
    "https://example.com/\r\nX: y",
    "https://example.com:99999/", "https://example.com:x/", "https://[::1/", "https://[fe80::1%25eth0]/", "https://ex\x00ample.com/",
    "https://exämple.com/", "https://example.com:443:80/", "https://%65xample.com/", "https://-example.com/",
    "https://example.com./\"",
]  # fmt: skip


@pytest.mark.parametrize("url", ODD)
def test_odd_addresses_are_refused(url: str) -> None:
    with pytest.raises(NotAllowedError):
        target_of(url)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://Example.COM/a?b=c#d", ("https", "example.com", 443, "/a?b=c")),
        ("https://example.com.", ("https", "example.com", 443, "/")),
        ("http://127.0.0.1:8000/x", ("http", "127.0.0.1", 8000, "/x")),
        ("https://[2606:4700::1111]:443/", ("https", "2606:4700::1111", 443, "/")),
    ],
)
def test_address_is_taken_apart_once(url: str, parts: tuple[str, str, int, str]) -> None:
    target = target_of(url)
    assert (target.scheme, target.host, target.port, target.path) == parts


HOST = target_of("https://media.example.com/x")


@pytest.mark.parametrize("private", ["127.0.0.1", "10.0.0.7", "::1", "64:ff9b::7f00:1", "nonsense"])
@pytest.mark.parametrize("order", [1, -1])
def test_one_private_address_among_public_ones_refuses_the_host(private: str, order: int) -> None:
    with pytest.raises(NotAllowedError):
        public_address(HOST, lambda host, port: ["8.8.8.8", private][::order], seconds=5)


def test_name_is_asked_for_once() -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    assert public_address(HOST, lambda host, port: next(answers), seconds=5) == "8.8.8.8"


def test_name_without_address_may_have_one_later() -> None:
    def fails(host: str, port: int) -> Iterable[str]:
        raise OSError("no such host")

    for resolver in (fails, lambda host, port: []):
        with pytest.raises(NotFoundError):
            public_address(HOST, resolver, seconds=5)


def test_resolver_that_hangs_is_not_waited_for() -> None:
    def hangs(host: str, port: int) -> Iterable[str]:
        time.sleep(5)
        return ["8.8.8.8"]

    started = time.monotonic()
    with pytest.raises(NotFoundError):
        public_address(HOST, hangs, seconds=0.2)
    assert time.monotonic() - started < 4


@pytest.mark.parametrize("host", ["localhost", "0x7f000001", "2130706433", "0177.0.0.1", "127.1", "[::1]", "0"])
def test_spellings_of_this_machine_are_found_out(host: str) -> None:
    with pytest.raises((NotAllowedError, NotFoundError)):
        public_address(target_of(f"https://{host}/"), system_resolver, seconds=5)
