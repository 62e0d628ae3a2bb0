"""The sockets of `serve`, taken before anything else is started, so that a start fails early and leaves nothing."""

import errno
import socket
from typing import Final

from service import errors

PACT_BROKER_PORT: Final = 9292
"""Taken most likely by a Pact Broker, whose default it is as well as ours."""
_BACKLOG: Final = 512


def on(host: str, port: int) -> socket.socket:
    """The socket on which clients are answered, by HOST and PORT. Raises Invalid with what would help."""
    return _taken(host, port, "HOST", "HOST or --host", "PORT or --port")


def for_operators(host: str, port: int) -> socket.socket:
    """The socket of metrics and probes. Raises Invalid with what would help."""
    return _taken(host, port, "MUNIMENT_OPS_HOST", "MUNIMENT_OPS_HOST", "MUNIMENT_OPS_PORT")


def _taken(host: str, port: int, variable: str, hosts: str, ports: str) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except socket.gaierror as failure:
        raise errors.Invalid(
            f"{variable} is {host}, which is no address of this machine: {failure.strerror}."
        ) from failure
    except OSError as failure:
        raise errors.Invalid(_why_not(failure, host, port, hosts, ports)) from failure


def _why_not(failure: OSError, host: str, port: int, hosts: str, ports: str) -> str:
    other = f"Choose another by {ports}; 0 takes a free one."
    match failure.errno:
        case errno.EADDRINUSE:
            broker = f"; a Pact Broker uses {PACT_BROKER_PORT} too" if port == PACT_BROKER_PORT else ""
            return f"Port {port} on {host} is taken by another program{broker}. {other}"
        case errno.EACCES:
            return f"Port {port} may only be opened by root. {other}"
        case errno.EADDRNOTAVAIL:
            return f"{host} is no address of this machine. {hosts} names another, such as 127.0.0.1."
        case _:
            return f"Nothing can listen on {host}, port {port}: {failure.strerror}."
