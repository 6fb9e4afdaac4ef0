"""How much a client may ask for that costs much: a bound shared by all workers.

A client has one number, the time until which what it asked for is paid; a request puts it off by
its share, and who would be more than a minute ahead is told to wait (the generic cell rate
algorithm). The numbers lie in memory that the workers share, at a place drawn by a secret: two
clients at one place share their bound, and no address is kept.
"""

import hmac
import ipaddress
import mmap
import secrets
import time
from typing import Final

_PLACES: Final = 1 << 14
_MINUTE: Final = 60.0


class Rates:
    """`a_minute` requests in a minute and client, all at once if need be. Made before workers."""

    def __init__(self, a_minute: int) -> None:
        self._share = _MINUTE / a_minute
        self._paid: memoryview[float] = memoryview(mmap.mmap(-1, _PLACES * 8)).cast("d")
        self._secret = secrets.token_bytes(16)

    def wait(self, client: str) -> int:
        """Seconds that this client is to wait; 0 when it may go on, and that is counted."""
        place = self._place(client)
        now = time.monotonic()
        paid = max(self._paid[place], now) + self._share
        if paid - now > _MINUTE:
            return int(paid - now - _MINUTE) + 1
        self._paid[place] = paid
        return 0

    def _place(self, client: str) -> int:
        digest = hmac.digest(self._secret, _network(client), "sha256")
        return int.from_bytes(digest[:4], "big") % _PLACES


def _network(client: str) -> bytes:
    """An IPv4 address, or the /64 that one IPv6 client has."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client.encode()
    return address.packed[:8] if address.version == 6 else address.packed
