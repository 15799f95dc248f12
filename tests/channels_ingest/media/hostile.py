"""A server that answers as badly as a test asks it to, with or without TLS."""

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

#: Writes an answer; the head of the request is given.
Behave = Callable[[socket.socket, str], None]


class Hostile:
    """What a server heard, and where it is."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heads: list[str] = []
        self.names: list[str | None] = []

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def served(behave: Behave, *, tls: ssl.SSLContext | None = None) -> Iterator[Hostile]:
    """A server on loopback; every connection is answered by `behave` in a thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Hostile(listener.getsockname()[1])
    is_over = threading.Event()

    def answer(raw: socket.socket) -> None:
        connection = raw
        with suppress(OSError):
            if tls is not None:
                connection = tls.wrap_socket(raw, server_side=True)
            head = connection.recv(65536).decode("latin-1")
            server.heads.append(head)
            behave(connection, head)
        connection.close()

    def accept() -> None:
        while not is_over.is_set():
            with suppress(OSError):
                raw, _ = listener.accept()
                raw.settimeout(30)
                threading.Thread(target=answer, args=(raw,), daemon=True).start()

    if tls is not None:
        tls.sni_callback = lambda _socket, name, _context: server.names.append(name)  # type: ignore[assignment]
    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        is_over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def says(body: bytes = b"hello", status: str = "200 OK", *headers: str) -> Behave:
    """One whole answer."""

    def behave(connection: socket.socket, head: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        connection.sendall("\r\n".join(lines).encode() + body)

    return behave


def leads_to(location: str) -> Behave:
    return says(b"", "302 Found", f"Location: {location}")


def certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for these names, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = built.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(private + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    client = ssl.create_default_context(cadata=pem.decode())
    return server, client
