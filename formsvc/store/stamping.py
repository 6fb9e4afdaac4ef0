"""Time stamps of an authority (RFC 3161), which says that something was there at a time."""

import urllib.request
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.errors import VerificationError

from formsvc.config import Settings
from formsvc.errors import ConfigError, FormsvcError

_PATIENCE: Final = 20  # seconds
_MOST: Final = 100_000  # bytes of an answer


class NotStamped(FormsvcError):
    """The authority gave no stamp, or one that is not right. It is asked again another time."""


@dataclass(frozen=True)
class Authority:
    """Who stamps: an address, "" where stamps are only verified; and the PEM certificates that
    its own must come from."""

    address: str
    roots: bytes

    @classmethod
    def of(cls, settings: Settings) -> "Authority | None":
        """What the operator set. ConfigError for certificates that are none."""
        if not settings.tsa_roots:
            return None
        made = cls(settings.tsa, settings.tsa_roots)
        try:
            made.certificates  # noqa: B018  # read now, so that a wrong file is told of
        except ValueError as error:
            raise ConfigError(f"FORMSVC_TSA_CA: {error}") from error
        return made

    @cached_property
    def certificates(self) -> list[x509.Certificate]:
        """The roots and what comes from them."""
        return x509.load_pem_x509_certificates(self.roots)

    def stamp(self, message: bytes) -> bytes:
        """A stamp on a message, DER. Raises NotStamped."""
        asked = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).build()
        request = urllib.request.Request(  # noqa: S310  # the operator's http(s) address
            self.address, asked.as_bytes(), {"Content-Type": "application/timestamp-query"}
        )
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310  # as above
                raw: bytes = answer.read(_MOST)
        except (OSError, ValueError) as error:
            raise NotStamped(f"the authority did not answer: {type(error).__name__}") from error
        if not self.stamped(message, raw, asked.nonce):
            raise NotStamped("the authority's answer is no stamp on this")
        return raw

    def stamped(self, message: bytes, raw: bytes, nonce: int | None = None) -> bool:
        """Whether a stamp is on a message, and from an authority of these certificates."""
        builder = VerifierBuilder(roots=self.certificates, nonce=nonce)
        try:
            return builder.build().verify_message(decode_timestamp_response(raw), message)
        except (VerificationError, ValueError, TypeError, AssertionError):
            return False
