"""`muniment healthcheck`: whether the service that these settings start answers, for whoever restarts what does not.

It asks over the network as anybody would, and imports little: a container runs it every few seconds.
"""

import http.client
import json
import ssl
from typing import TYPE_CHECKING, Final

import click

from service import errors
from service.cli import options
from service.cli.main import ALLOWED, DENIED

if TYPE_CHECKING:  # imported when somebody asks, so that help stays fast
    from service.settings import Settings

_SECONDS_MAX: Final = 3.0
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@click.command()
@click.option(
    "--ready", is_flag=True, help="Ask whether it can serve now (/readyz), not only whether it lives."
)
def healthcheck(ready: bool) -> int:
    """Ask the service on this machine whether it lives (/healthz). Exit 0: yes, 1: no, with one sentence.

    A database that is away makes no healthy service unhealthy, since restarting it would not bring the database back
    and would end what it still answers. It asks on MUNIMENT_OPS_PORT where that is set, else on PORT.
    """
    path = "/readyz" if ready else "/healthz"
    try:
        connection = _connection(options.settings().settings)
    except errors.Invalid as failure:  # 2 is not an exit code that a container's check may have
        return _no(failure.sentence)
    where = f"{connection.host}:{connection.port}"
    try:
        connection.request("GET", path, headers={"User-Agent": "muniment healthcheck"})
        answer = connection.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException) as failure:
        return _no(f"Nothing answers on {where}: {str(failure) or type(failure).__name__}.")
    finally:
        connection.close()
    if answer.status != 200:
        return _no(_sentence(text) or f"{path} on {where} answered {answer.status}.")
    click.echo(f"The service on {where} {'is ready' if ready else 'lives'}.")
    return ALLOWED


def _connection(settings: "Settings") -> http.client.HTTPConnection:
    """To the operators' port, which is plain, else to the clients'. Raises Invalid where nobody knows the port."""
    if settings.ops_port:
        host = _EVERYWHERE.get(settings.ops_host, settings.ops_host)
        return http.client.HTTPConnection(host, settings.ops_port, timeout=_SECONDS_MAX)
    if not settings.port:
        raise errors.Invalid(
            "PORT is 0: the system chose the service's port, and only its log names it.", "PORT"
        )
    host = _EVERYWHERE.get(settings.host, settings.host)
    if settings.tls_cert_file is None:
        return http.client.HTTPConnection(host, settings.port, timeout=_SECONDS_MAX)
    # Whoever answers on this machine's own address is asked for nothing secret, under a name no certificate has.
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, settings.port, timeout=_SECONDS_MAX, context=anybody)


def _sentence(text: bytes) -> str:
    """What the answer says, in either port's shape; empty where it says nothing in them."""
    try:
        document = json.loads(text)
        return str(document["sentence"] if "sentence" in document else document["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ""


def _no(sentence: str) -> int:
    click.echo(sentence)
    return DENIED
