"""Who asks, by which name, and over what: believed of a proxy only when it is one of ours."""

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

from formsvc.config import Network

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_FORWARDED = ("FOR", "PROTO", "HOST", "PORT", "PREFIX")


class Proxies:
    """WSGI middleware: X-Forwarded-For, -Proto, -Host and -Prefix hold when a trusted proxy asks.

    From anyone else they are taken away. Host names are put into small letters, as they have none.
    """

    def __init__(self, app: "WSGIApplication", trusted: tuple[Network, ...]) -> None:
        self._app = app
        self._behind = ProxyFix(app, x_for=1, x_proto=1, x_host=1, x_port=0, x_prefix=1)
        self._trusted = trusted

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        for name in ("HTTP_HOST", "HTTP_X_FORWARDED_HOST"):
            if name in environ:
                environ[name] = environ[name].lower()
        if self._is_trusted(environ.get("REMOTE_ADDR", "")):
            return self._behind(environ, start_response)
        for name in _FORWARDED:
            environ.pop(f"HTTP_X_FORWARDED_{name}", None)
        return self._app(environ, start_response)

    def _is_trusted(self, address: str) -> bool:
        if not self._trusted:
            return False
        try:
            peer = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(peer in network for network in self._trusted)
