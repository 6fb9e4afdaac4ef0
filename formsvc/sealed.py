"""Files that can be read only with a key: AES-256-GCM by chunks; and a folder that hides names.

It has the shape of formsvc.storage.Folder, so whatever writes a run's files can write them here.
Each file has its own key, derived from the folder's key, its name and a random salt; a chunk's
number is its nonce, and the last chunk is marked, so that a shortened file does not open.
"""

import hashlib
import hmac
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from formsvc.storage import LocalFolder

CHUNK: Final = 1 << 16
_TAG: Final = 16
_SALT: Final = 16


def derived(key: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose."""
    return HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(key)


@contextmanager
def sealing(stream: IO[bytes], key: bytes, name: str) -> Iterator[IO[bytes]]:
    """A binary stream whose content goes to `stream` sealed; it opens under this name alone."""
    salt = os.urandom(_SALT)
    stream.write(salt)
    writer = _Writer(stream, _cipher(key, name, salt))
    yield cast(IO[bytes], writer)
    writer.finish()


def unsealed(stream: IO[bytes], key: bytes, name: str) -> IO[bytes]:
    """What `sealing` wrote, seekable; closing it closes `stream`. OSError when it does not open."""
    try:
        reader = _Reader(stream, _cipher(key, name, stream.read(_SALT)))
    except OSError:
        stream.close()
        raise
    return io.BufferedReader(reader, CHUNK)


def _cipher(key: bytes, name: str, salt: bytes) -> AESGCM:
    return AESGCM(derived(key, hashlib.sha256(name.encode() + salt).hexdigest()))


class SealedFolder:
    """Files by relative names with `/`; `create` makes a file visible only when it is complete.

    In a local folder, which may be gone after a power failure.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._folder = LocalFolder(path, shared=True)
        self._key = derived(key, "contents")
        self._names = derived(key, "names")

    @contextmanager
    def create(self, name: str, *, flush: bool = True) -> Iterator[IO[bytes]]:
        """A binary stream to write. Raises OSError when the disk refuses.

        What is here lives for hours: it need not outlast a power failure, so nothing is flushed.
        """
        hidden = self._folder.create(self._path(name), flush=False)
        with hidden as stream, sealing(stream, self._key, name) as sealed:
            yield sealed

    def flush(self) -> None:
        """Nothing is to be done: see `create`."""

    def open(self, name: str) -> IO[bytes]:
        """A seekable binary stream; FileNotFoundError when there is none."""
        return unsealed(self._folder.open(self._path(name)), self._key, name)

    def exists(self, name: str) -> bool:
        return self._folder.exists(self._path(name))

    def remove(self, name: str) -> None:
        self._folder.remove(self._path(name))

    @contextmanager
    def scratch(self) -> Iterator[None]:
        """Nowhere: what is put together for this folder stays in memory."""
        yield None

    def write(self, name: str, content: bytes) -> None:
        with self.create(name) as stream:
            stream.write(content)

    def read(self, name: str) -> bytes:
        with self.open(name) as stream:
            return stream.read()

    def _path(self, name: str) -> str:
        return "/".join(
            hmac.digest(self._names, part.encode(), "sha256").hex() for part in name.split("/")
        )


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


class _Writer(io.RawIOBase):
    """Seals what is written, chunk by chunk. `finish` seals the rest and marks it as the last."""

    def __init__(self, stream: IO[bytes], cipher: AESGCM) -> None:
        super().__init__()
        self._stream = stream
        self._cipher = cipher
        self._rest = bytearray()
        self._number = 0
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, block: object) -> int:
        given = bytes(block)  # type: ignore[call-overload]  # any buffer
        self._rest += given
        self._written += len(given)
        while len(self._rest) > CHUNK:
            self._seal(bytes(self._rest[:CHUNK]), b"")
            del self._rest[:CHUNK]
        return len(given)

    def finish(self) -> None:
        self._seal(bytes(self._rest), b"last")
        self._stream.flush()

    def _seal(self, chunk: bytes, mark: bytes) -> None:
        self._stream.write(self._cipher.encrypt(_nonce(self._number), chunk, mark))
        self._number += 1


class _Reader(io.RawIOBase):
    """Opens one chunk at a time, the last one first: so that none is missing.

    OSError when a chunk was changed or the key is another.
    """

    def __init__(self, stream: IO[bytes], cipher: AESGCM) -> None:
        super().__init__()
        self._stream = stream
        self._cipher = cipher
        sealed = stream.seek(0, os.SEEK_END) - _SALT
        self._chunks = max(-(-sealed // (CHUNK + _TAG)), 1)
        self._size = max(sealed - self._chunks * _TAG, 0)
        self._place = 0
        self._open(self._chunks - 1)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(base + offset, 0)
        return self._place

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # any buffer
        if self._place >= self._size:
            return 0
        number, start = divmod(self._place, CHUNK)
        piece = self._open(number)[start : start + len(view)]
        view[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _open(self, number: int) -> bytes:
        self._stream.seek(_SALT + number * (CHUNK + _TAG))
        mark = b"last" if number == self._chunks - 1 else b""
        try:
            sealed = self._stream.read(CHUNK + _TAG)
            return self._cipher.decrypt(_nonce(number), sealed, mark)
        except InvalidTag:
            raise OSError("cannot be opened with this key") from None
