"""What a client carries for us between two requests: text of ours under a MAC, which nobody else can have made.

It is no secret: whoever holds it can read it. One purpose's text is none of another's.
"""

import base64
import binascii
import hmac
from typing import Final

from service.log.keys import Keys

_MAC_BYTES: Final = 32


def sealed(keys: Keys, purpose: str, content: bytes) -> str:
    """The content behind its MAC, in characters that need no escape in an address."""
    return base64.urlsafe_b64encode(keys.mac(purpose, content) + content).decode().rstrip("=")


def opened(keys: Keys, purpose: str, text: str) -> bytes | None:
    """The content, or None for what we did not make for this purpose."""
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    mac, content = octets[:_MAC_BYTES], octets[_MAC_BYTES:]
    return content if hmac.compare_digest(mac, keys.mac(purpose, content)) else None
