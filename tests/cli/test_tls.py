"""TLS: what is spoken, what is refused, and a certificate that is renewed under a running service."""

import asyncio
import json
import signal
import socket
import ssl
import subprocess
import warnings
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509

from service import errors, tls
from service.http import wire
from tests import certificates, postgres, service
from tests.cli.conftest import Terminal
from tests.cli.test_serve import MUNIMENT, Served, environ, muniment, served
from tests.cli.test_stopping import ops_port, until


def shown(
    port: int,
    trusted: Path | None = None,
    most: ssl.TLSVersion | None = None,
    named: str | None = "localhost",
) -> int:
    """The serial number of the certificate that is shown on a port of this machine, checked where one is trusted."""
    context = ssl.create_default_context(cafile=trusted)
    if trusted is None:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if most is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # an old version is the point
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.maximum_version = most
        context.set_ciphers("ALL:@SECLEVEL=0")
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname=named) as spoken,
    ):
        found = spoken.getpeercert(binary_form=True)
        assert found is not None
        return x509.load_der_x509_certificate(found).serial_number


def with_tls(place: Path, database: postgres.Database, **more: str) -> dict[str, str]:
    certificate, key = certificates.made(place / "tls")
    return environ(
        place / "data",
        database,
        MUNIMENT_ADMIN_TOKEN=service.ADMIN_TOKEN,
        TLS_CERT_FILE=str(certificate),
        TLS_KEY_FILE=str(key),
        **more,
    )


def heard(running: Served, event: str) -> bool:
    """Whether the service said so in its log; reads what it said meanwhile."""
    running.listen()
    return f'"event": "{event}"' in running.said


def test_the_service_speaks_tls_and_nothing_older_than_1_2(
    database: postgres.Database, tmp_path: Path
) -> None:
    """Its own address is https, the chain is the one in the file, TLS 1.1 is refused, and plain HTTP gets nothing.

    The operators' port stays plain, and the health check finds the way to both.
    """
    ours = with_tls(tmp_path, database, MUNIMENT_OPS_PORT="0")
    with served(ours) as running:
        address = urlsplit(running.ready())
        port = address.port or 0
        assert "https" == address.scheme
        assert 1 == shown(port, Path(ours["TLS_CERT_FILE"]))
        with pytest.raises((ssl.SSLError, ConnectionError)):
            shown(port, most=ssl.TLSVersion.TLSv1_1)
        lives = {"PORT": str(port), "MUNIMENT_OPS_PORT": ""}
        assert (0, f"The service on 127.0.0.1:{port} lives.\n") == checked(ours | lives)
        ops = str(ops_port(running))
        assert (0, f"The service on 127.0.0.1:{ops} is ready.\n") == checked(
            ours | {"MUNIMENT_OPS_PORT": ops}, "--ready"
        )
        assert 1 == checked(ours | lives | {"TLS_CERT_FILE": "", "TLS_KEY_FILE": ""})[0]
        assert 0 == running.stop()


def test_a_certificate_of_ones_own_is_named_to_who_compares(
    database: postgres.Database, tmp_path: Path
) -> None:
    """`rebuild --check` shows no token to whom it does not trust, says so, and compares once it may trust."""
    ours = with_tls(tmp_path, database)
    with served(ours) as running:
        asked = ours | {"BASE_URL": running.ready()}
        untrusting = muniment(asked, "rebuild", "--check")
        assert "is not trusted here; SSL_CERT_FILE names who signed it." in untrusting.stderr
        trusting = muniment(asked | {"SSL_CERT_FILE": ours["TLS_CERT_FILE"]}, "rebuild", "--check")
        assert (0, True) == (trusting.returncode, "is the same as the log's replay" in trusting.stderr)
        assert 0 == running.stop()


def checked(environ: dict[str, str], *arguments: str) -> tuple[int, str]:
    ran = muniment(environ, "healthcheck", *arguments)
    return ran.returncode, ran.stdout


def test_a_renewed_certificate_is_shown_without_a_restart(
    database: postgres.Database, tmp_path: Path
) -> None:
    """On SIGHUP at once. A broken one is told of as a warning, and the old one stays in use."""
    ours = with_tls(tmp_path, database)
    with served(ours) as running:
        port = urlsplit(running.ready()).port or 0
        certificates.made(tmp_path / "tls", serial=2)
        running.process.send_signal(signal.SIGHUP)
        until(lambda: shown(port) == 2)
        Path(ours["TLS_KEY_FILE"]).write_text("no key")
        running.process.send_signal(signal.SIGHUP)
        until(lambda: heard(running, "certificate kept"))
        line = next(line for line in running.said.splitlines() if "certificate kept" in line)
        assert "warning" == json.loads(line)["level"]
        assert 2 == shown(port)
        assert 0 == running.stop()


def test_a_certificate_of_another_kind_of_key_takes_the_place_of_the_old_one(
    database: postgres.Database, tmp_path: Path
) -> None:
    """From EC to RSA and back: the certificate that was replaced is shown to nobody, named server or not.

    OpenSSL keeps one pair of each kind in a context and prefers EC, so a replaced one would go on past its end.
    """
    ours = with_tls(tmp_path, database)
    with served(ours) as running:
        port = urlsplit(running.ready()).port or 0
        kinds: tuple[certificates.Kind, ...] = ("rsa", "ec", "rsa")
        for serial, kind in enumerate(kinds, 2):
            certificates.made(tmp_path / "tls", serial=serial, kind=kind)
            running.process.send_signal(signal.SIGHUP)
            until(lambda: shown(port) == serial)  # noqa: B023  # asked within this turn
            assert serial == shown(port, Path(ours["TLS_CERT_FILE"]))
            assert serial == shown(port, most=ssl.TLSVersion.TLSv1_2)
            assert serial == shown(port, named=None)
        assert 0 == running.stop()


async def test_files_that_change_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who renews a certificate by replacing its files, as Kubernetes does, need not send a signal."""
    monkeypatch.setattr(tls, "CHECK_SECONDS", 0.02)
    certificate = tls.Certificate(*certificates.made(tmp_path))
    before = certificate.expires_at
    watching = asyncio.create_task(certificate.watch())
    certificates.made(tmp_path, days=200, serial=3)
    async with asyncio.timeout(10):
        while certificate.expires_at == before:
            await asyncio.sleep(0.02)
    watching.cancel()


@pytest.mark.parametrize("fault", ["missing", "no certificate", "another key", "encrypted"])
def test_a_certificate_that_cannot_be_used_is_named_at_the_start(tmp_path: Path, fault: str) -> None:
    """One sentence with the variable and the path, exit 2, nothing made, and nobody is asked for a password."""
    certificate, key = certificates.made(tmp_path)
    match fault:
        case "missing":
            key.unlink()
        case "no certificate":
            certificate.write_text("sesame")
        case "another key":
            certificates.made(tmp_path / "other")
            key = tmp_path / "other" / "tls.key"
        case _:
            subprocess.run(
                ["openssl", "pkcs8", "-topk8", "-in", key, "-out", tmp_path / "locked", "-passout", "pass:x"],
                check=True,
            )
            key = tmp_path / "locked"
    with pytest.raises(errors.Invalid, match="TLS_KEY_FILE") as caught:
        tls.Certificate(certificate, key)
    assert str(key) in caught.value.sentence
    ours = environ(tmp_path / "data", TLS_CERT_FILE=str(certificate), TLS_KEY_FILE=str(key))
    ran = subprocess.run([*MUNIMENT, "serve"], env=ours, capture_output=True, text=True, check=False)
    assert (2, f"muniment: {caught.value.sentence}\n") == (ran.returncode, ran.stderr)
    assert not (tmp_path / "data").exists()


def test_the_doctor_looks_at_the_certificate(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before clients do: one that ends soon or ended, and a key that anybody may read."""

    def lines(days: int) -> dict[str, str]:
        certificate, key = certificates.made(tmp_path, days=days)
        key.chmod(0o644 if days < 14 else 0o640)
        monkeypatch.setenv("TLS_CERT_FILE", str(certificate))
        monkeypatch.setenv("TLS_KEY_FILE", str(key))
        found = json.loads(terminal("doctor", "--json").out)["lines"]
        return {line["what"]: line["outcome"] for line in found if line["what"].startswith("tls")}

    assert {"tls": "ok"} == lines(90)
    assert {"tls": "warn", "tls key": "warn"} == lines(5)
    assert {"tls": "fail", "tls key": "warn"} == lines(-5)


async def test_who_agrees_on_nothing_is_let_go(database: postgres.Database, tmp_path: Path) -> None:
    """A connection that never says hello holds a place no longer than one that never ends its head."""
    certificate = tls.Certificate(*certificates.made(tmp_path / "tls"))
    async with service.running(database, tmp_path / "data") as running:
        hasty = wire.Patience(head=0.3)
        runner = wire.runner(service.edge_of(running.app), patience=hasty, shutdown_timeout=1.0)
        await runner.setup()
        listening = socket.create_server(("127.0.0.1", 0))
        await wire.Site(runner, listening, ssl_context=certificate.context).start()
        reader, writer = await asyncio.open_connection(*listening.getsockname()[:2])
        async with asyncio.timeout(10):
            assert b"" == await reader.read()
        writer.close()
        await runner.cleanup()
