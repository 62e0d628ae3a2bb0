"""The certificate that the service speaks TLS with: read at the start, and again when it changes, without a restart.

A new certificate is tried apart first, so that a broken one leaves the old one in use.
"""

import asyncio
import ssl
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509

from service import errors

CHECK_SECONDS: Final = 10.0
"""How often the files are looked at: often enough for who renews them days ahead, and three system calls."""
_log = structlog.get_logger("muniment.tls")
_Stamp = tuple[tuple[int, int, int], ...]


class Certificate:
    """A certificate chain and its key. `context` stays the same object and speaks with the newest sound ones.

    It hands each connection on to a context that holds one pair and no other: loading a new pair into the old context
    would leave an RSA certificate in use beside the EC one that is to replace it, for OpenSSL keeps one of each kind.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        """Read both. Raises Invalid, with what is wrong, where they cannot be used."""
        self._certificate, self._key = certificate, key
        self._stamp = self._stamped()
        self._newest = _context(certificate, key)
        self.context = _context(certificate, key)
        self.context.sni_callback = (
            self._hand_on
        )  # asked in every handshake, whether the client names a server or not
        self.expires_at = expires_at(certificate)

    def reload(self) -> None:
        """Read both again, whether they changed or not. Connections that are open go on with what they had."""
        self._stamp = self._stamped()
        try:
            newest, ends = _context(self._certificate, self._key), expires_at(self._certificate)
        except (errors.Invalid, OSError, ValueError) as failure:
            said = failure.sentence if isinstance(failure, errors.Invalid) else str(failure)
            _log.warning("certificate kept", sentence=f"The new certificate cannot be used: {said}")
            return
        self._newest, self.expires_at = newest, ends
        _log.info("certificate read", expires_at=self.expires_at.isoformat())

    async def watch(self) -> None:
        """Reload whenever a file is another one than it was, until cancelled."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            if self._stamped() != self._stamp:
                self.reload()

    def _hand_on(self, connection: ssl.SSLObject, _server: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._newest

    def _stamped(self) -> _Stamp:
        """What changes when a file does, also behind a link; nothing for one that is not there."""
        found = []
        for path in (self._certificate, self._key):
            try:
                status = path.stat()
            except OSError:
                continue
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        return tuple(found)


def expires_at(certificate: Path) -> datetime:
    """When the first certificate of the chain, the service's own, ends. Raises ValueError where there is none."""
    return x509.load_pem_x509_certificates(certificate.read_bytes())[0].not_valid_after_utc


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 and newer, with the ciphers that Python's own defaults allow."""
    for variable, path in (("TLS_CERT_FILE", certificate), ("TLS_KEY_FILE", key)):
        try:
            with path.open("rb"):
                pass
        except OSError as failure:
            raise errors.Invalid(
                f"{variable} names {path}, which cannot be read: {failure.strerror}.", variable
            ) from failure
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
        expires_at(certificate)
    except (ssl.SSLError, ValueError) as failure:
        raise errors.Invalid(
            f"TLS_CERT_FILE ({certificate}) and TLS_KEY_FILE ({key}) are no certificate chain with its unencrypted "
            f"key, in PEM: {failure}.",
            "TLS_CERT_FILE",
        ) from failure
    return context


def _no_password() -> str:
    """A service that asks its terminal for a password would wait for ever."""
    return ""
