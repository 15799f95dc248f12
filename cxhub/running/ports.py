"""The two loopback ports of the hub."""

import socket

from cxhub.running.supervisor import StartError

HOST = "127.0.0.1"


def choose(wanted: int) -> int:
    """The port of web, free now as is the next one, which is live's; 0 means any. StartError names a taken one."""
    if not 0 <= wanted <= 65534:
        raise StartError(f"--port {wanted}: expected a number from 1 to 65534, or 0 for a free one.")
    if wanted:
        for port in (wanted, wanted + 1):
            if not _is_free(port):
                raise StartError(
                    f"port {port} is taken (web uses --port, live the next one).\n"
                    "Stop what uses it, or choose another: manage.py up --port N, or --port 0 for a free one."
                )
        return wanted
    for _ in range(100):
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            found: int = probe.getsockname()[1]
        if found < 65535 and _is_free(found) and _is_free(found + 1):
            return found
    raise StartError("no two neighbouring free ports were found; name one with --port N.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
