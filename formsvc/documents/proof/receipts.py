"""Receipts: what a store says that it was handed, so that anybody can check it without the store.

A receipt is canonical JSON. It holds the fields of its event, the hash before it and the hash of
it, which was the head of the history at that moment; the public key; and a signature over the rest.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from formsvc import submissions
from formsvc.documents.proof.marks import canonical
from formsvc.errors import UnreadableDocument

KIND: Final = "formsvc-receipt-1"
_EVENT: Final = b"formsvc-event-1\n"
_EVENT_FIELDS: Final = ("number", "at", "kind", "person", "office", "filing", "details")
_EVENT_TEXTS: Final = ("at", "kind", "details", "hash", "previous")
_EVENT_IDS: Final = ("person", "office", "filing")
_TEXTS: Final = ("number", "form", "title", "edition", "digest", "handed", "person", "unit", "to",
                 "stage", "key", "signature")  # fmt: skip
_SHORT: Final = 16  # hexadecimal digits of a key, to be compared by eye


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as it was read: `plain` is its JSON, `raw` its canonical bytes."""

    plain: Mapping[str, Any]
    raw: bytes

    @property
    def key(self) -> bytes:
        """The public key that it names; b"" for what is none."""
        return _unhex(self.plain["key"])

    @property
    def count(self) -> int:
        """How long the history was."""
        return int(self.plain["event"]["number"])

    @property
    def head(self) -> str:
        """The last hash of the history at that moment."""
        return str(self.plain["event"]["hash"])


def line_hash(fields: Sequence[object], previous: str) -> str:
    """SHA-256 over an event and the hash before it, hexadecimal. `fields` are number, time, kind,
    person, office, filing and details."""
    content = json.dumps([*fields, previous], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(_EVENT + content.encode()).hexdigest()


def is_signed(message: bytes, signature: bytes, public_key: bytes) -> bool:
    """Whether the owner of an Ed25519 key signed a message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def message(plain: Mapping[str, Any]) -> bytes:
    """What is signed of a receipt: all but the signature."""
    rest = {name: value for name, value in plain.items() if name != "signature"}
    return KIND.encode() + b"\n" + canonical(rest)


def looks_like(raw: bytes) -> bool:
    """Whether an upload is JSON that may be a receipt, by its first character."""
    return raw[:200].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def parsed(raw: bytes) -> Receipt:
    """UnreadableDocument when it is no receipt of ours."""
    plain = submissions.parse(raw).data
    if not isinstance(plain, dict) or plain.get("kind") != KIND:
        raise UnreadableDocument("这个 JSON 文件不是本系统出的回执。")
    event = plain.get("event")
    is_whole = (
        isinstance(event, dict)
        and {*event} == {*_EVENT_FIELDS, "previous", "hash"}
        and all(isinstance(event[name], str) for name in _EVENT_TEXTS)
        and all(event[name] is None or _is_number(event[name]) for name in _EVENT_IDS)
        and all(isinstance(plain.get(name), str) for name in _TEXTS)
        and {*plain} == {*_TEXTS, "kind", "version", "event"}
        and all(map(_is_number, (event["number"], plain["version"])))
    )  # fmt: skip
    if not is_whole:
        raise UnreadableDocument("回执不完整，或不是本系统的格式。")
    return Receipt(plain, canonical(plain))


def faults(receipt: Receipt) -> list[str]:
    """What is wrong with a receipt in itself, in Chinese; nothing for one that is whole."""
    plain, event = receipt.plain, receipt.plain["event"]
    found = []
    if not is_signed(message(plain), _unhex(plain["signature"]), receipt.key):
        found.append("签名与内容不符，回执被改动过")
    if line_hash([event[name] for name in _EVENT_FIELDS], event["previous"]) != event["hash"]:
        found.append("所载记录与它的哈希值不符")
    try:
        details = json.loads(event["details"])
        told = (details["digest"], details["version"], details["edition"], event["at"])
    except (ValueError, KeyError, TypeError):
        told = None
    if told != (plain["digest"], plain["version"], plain["edition"], plain["handed"]):
        found.append("内容与所载记录不符")
    return found


def is_from(receipt: Receipt, issuers: Collection[bytes]) -> bool:
    """Whether one of these public keys is the receipt's."""
    return receipt.key in issuers


def told(receipt: Receipt) -> str:
    """What a receipt says, in Chinese."""
    plain = receipt.plain
    return (f"编号 {plain['number']}，《{plain['title']}》版次 {plain['edition']}，"
            f"第 {plain['version']} 版，内容摘要 {plain['digest']}；"
            f"当时的记录共 {receipt.count} 条，末条哈希 {receipt.head}")  # fmt: skip


def fingerprint(key: bytes) -> str:
    """The beginning of a key, in groups of four, as it can be read out."""
    text = key.hex()[:_SHORT]
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
