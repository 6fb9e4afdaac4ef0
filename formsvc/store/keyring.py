"""The keys of a store: what seals its content, keys its digests and signs its history.

One JSON file, readable by its owner alone: sealing keys by name, of which the last one seals and
all open; a key for digests and the chain, which never changes; an Ed25519 seed that signs receipts
and days. Whoever loses the file loses the content; a backup does not hold it unless told to.
"""

import base64
import hmac
import json
import os
import secrets
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from formsvc.errors import ConfigError, FormsvcError
from formsvc.storage import LocalFolder

_BYTES: Final = 32
_NONCE: Final = 12
_NAME: Final = 4  # bytes of a key's name in what it sealed


class Unopenable(FormsvcError):
    """Sealed content does not open: its key is not in the file, or it was changed."""


@dataclass(frozen=True, repr=False)
class Keyring:
    """`sealing` maps names of 4 bytes (hexadecimal) to keys, in the order in which they came;
    `path` is the file that they were read from, where a key that came later is looked for."""

    sealing: Mapping[str, bytes]
    secret: bytes
    seed: bytes
    path: Path | None = None

    @classmethod
    def new(cls) -> "Keyring":
        return cls({secrets.token_hex(_NAME): secrets.token_bytes(_BYTES)},
                   secrets.token_bytes(_BYTES), secrets.token_bytes(_BYTES))  # fmt: skip

    @classmethod
    def load(cls, path: Path) -> "Keyring":
        """ConfigError when there is no such file or it holds no keys."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"{path}: is no key file ({error})") from error
        return cls.parsed(content, path)

    @classmethod
    def parsed(cls, content: bytes, path: Path) -> "Keyring":
        """What `save` wrote. ConfigError, naming the file, when it is something else."""
        try:
            plain = json.loads(content)
            sealing = {name: base64.b64decode(key) for name, key in plain["sealing"].items()}
            ring = cls(sealing, base64.b64decode(plain["secret"]),
                       base64.b64decode(plain["seed"]), path)  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"{path}: is no key file ({error})") from error
        lengths = {len(key) for key in (*ring.sealing.values(), ring.secret, ring.seed)}
        if lengths != {_BYTES} or not ring.sealing:
            raise ConfigError(f"{path}: holds keys of another length than {_BYTES} bytes")
        return ring

    def save(self, path: Path) -> None:
        """Write the file anew, whole or not at all, for its owner alone."""
        sealing = {name: base64.b64encode(key).decode() for name, key in self.sealing.items()}
        plain = {"sealing": sealing, "secret": base64.b64encode(self.secret).decode(),
                 "seed": base64.b64encode(self.seed).decode()}  # fmt: skip
        with LocalFolder(path.parent).create(path.name) as stream:
            os.fchmod(stream.fileno(), 0o600)
            stream.write(json.dumps(plain, indent=1).encode())
        # What is sealed from now on must not outlive the name of this file in a power failure.
        there = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(there)
        finally:
            os.close(there)

    def rotated(self) -> "Keyring":
        """With a new key that seals from now on; the older ones still open."""
        fresh = {secrets.token_hex(_NAME): secrets.token_bytes(_BYTES)}
        return replace(self, sealing={**self.sealing, **fresh})

    def only_current(self) -> "Keyring":
        """Without the keys that seal nothing any more."""
        return replace(self, sealing={self.current: self.sealing[self.current]})

    def after(self, earlier: "Keyring") -> "Keyring":
        """With the keys of an earlier reading too: what was fetched before still opens."""
        return replace(self, sealing={
            **{name: key for name, key in earlier.sealing.items() if name not in self.sealing},
            **self.sealing,
        })  # fmt: skip

    @cached_property
    def current(self) -> str:
        """The name of the key that seals."""
        return list(self.sealing)[-1]

    def seal(self, content: bytes, place: str) -> bytes:
        """AES-256-GCM; it opens only at the same `place`, a name of the row or file."""
        nonce = os.urandom(_NONCE)
        cipher = AESGCM(self.sealing[self.current])
        return bytes.fromhex(self.current) + nonce + cipher.encrypt(nonce, content, place.encode())

    def unseal(self, sealed: bytes, place: str) -> bytes:
        """What `seal` was given. Raises Unopenable."""
        name, nonce = sealed[:_NAME].hex(), sealed[_NAME : _NAME + _NONCE]
        key = self.sealing.get(name) or self._later(name)
        try:
            if key is None:
                raise InvalidTag
            return AESGCM(key).decrypt(nonce, sealed[_NAME + _NONCE :], place.encode())
        except (InvalidTag, ValueError):
            raise Unopenable(f"{place}: does not open with the keys at hand") from None

    def _later(self, name: str) -> bytes | None:
        """A key that was added to the file after it was read."""
        if self.path is not None:
            with suppress(ConfigError):
                return Keyring.load(self.path).sealing.get(name)
        return None

    def is_current(self, sealed: bytes) -> bool:
        """Whether the key that seals now sealed this."""
        return sealed[:_NAME].hex() == self.current

    def digest(self, kind: str, value: str) -> bytes:
        """16 bytes that tell equal values, and nothing else to who has not the key."""
        return hmac.digest(self.derived("digest"), f"{kind}\0{value}".encode(), "sha256")[:16]

    def mac(self, content: bytes) -> bytes:
        """What only this key file can say of a content, 32 bytes."""
        return hmac.digest(self.derived("mac"), content, "sha256")

    def derived(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose; it outlasts the rotation of the sealing keys."""
        known = self._derived.get(purpose)
        if known is None:
            info = f"formsvc store {purpose}".encode()
            known = HKDF(SHA256(), _BYTES, salt=None, info=info).derive(self.secret)
            self._derived[purpose] = known
        return known

    @cached_property
    def _derived(self) -> dict[str, bytes]:
        return {}

    def sign(self, message: bytes) -> bytes:
        """An Ed25519 signature, 64 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)

    @cached_property
    def public_key(self) -> bytes:
        """The raw public key, 32 bytes, that checks signatures anywhere."""
        private = Ed25519PrivateKey.from_private_bytes(self.seed)
        return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


class KeyFile:
    """The keys in a file as they are now: read anew when the file was replaced. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._seen = self._stamp()
        self._ring = Keyring.load(path)

    @property
    def ring(self) -> Keyring:
        """The keys; those last read while the file is out of reach."""
        with suppress(OSError, ConfigError):
            if self._stamp() != self._seen:
                with self._lock:
                    # The stamp comes first: a file replaced between the two is read once more.
                    seen = self._stamp()
                    self._ring, self._seen = Keyring.load(self.path).after(self._ring), seen
        return self._ring

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            about = self.path.stat()
        except FileNotFoundError:
            return None
        return about.st_ino, about.st_mtime_ns, about.st_size


def is_signed(message: bytes, signature: bytes, public_key: bytes) -> bool:
    """Whether the owner of the key signed a message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
