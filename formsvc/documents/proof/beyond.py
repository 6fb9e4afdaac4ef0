"""What a document has beyond the texts that it shows: seals, looks, and what no form may have.

Runs where it can be killed: (format, labels, sizes) and the documents go in, names come out.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from formsvc.documents.docx import BODY
from formsvc.documents.formats import Format
from formsvc.documents.proof import codes, seals
from formsvc.documents.proof.carriage import package, xml
from formsvc.documents.proof.foreign import foreign_in_docx, foreign_in_pdf, is_look

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# What hides a text or adds to it, without being text, and what it is called.
_DISGUISES: Final = {
    f"{_W}{name}": said
    for name, said in (
        ("vanish", "隐藏文字"), ("webHidden", "隐藏文字"), ("strike", "删除线"),
        ("dstrike", "删除线"), ("drawing", "图片"), ("pict", "图片"), ("object", "对象"),
        ("sym", "符号"), ("altChunk", "嵌入的文件"), ("numPr", "自动编号"),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beyond:
    """Things that must not be, looks that change nothing, and how many seals there are."""

    things: tuple[str, ...] = ()
    looks: tuple[str, ...] = ()
    seals: int = 0

    @classmethod
    def from_json(cls, raw: bytes) -> "Beyond":
        things, looks, count = json.loads(raw)
        return cls(tuple(things), tuple(looks), count)


def payload(ours: bytes, found: bytes, format: Format, labels: Iterable[str], code: str) -> bytes:
    """What `seen` takes; `code` is the document's own, which a picture of it may show."""
    head = json.dumps([format, [*labels], len(ours), code]).encode()
    return b"".join((head, b"\n", ours, found))


def seen(raw: bytes) -> bytes:
    """A `Beyond` as JSON. UnreadableDocument when a document cannot be read."""
    line, _, rest = raw.partition(b"\n")
    format, labels, size, code = json.loads(line)
    ours, found = rest[:size], rest[size:]
    if format == "pdf":
        return json.dumps([foreign_in_pdf(ours, found), [], 0]).encode()
    own, (other, count) = package(ours), seals.without(package(found), labels)
    other = _without_own_code(other, own, code)
    names = foreign_in_docx(seals.without(own, labels)[0], other)
    things = [name for name in names if not is_look(name)]
    hidden = sorted({*(_disguises(other) - _disguises(own))})
    looks = [name for name in names if is_look(name)]
    return json.dumps([[*hidden, *things], looks, count]).encode()


def _without_own_code(
    members: Mapping[str, bytes], own: Mapping[str, bytes], code: str
) -> dict[str, bytes]:
    """Without the code's picture where it is another than ours: signed with a key that is not
    here, or of an earlier version."""
    ours = set(own.values())
    return {
        name: content
        for name, content in members.items()
        if not name.startswith("word/media/")
        or content in ours
        or codes.in_small_picture(content) != code
    }


def _disguises(members: Mapping[str, bytes]) -> Counter[str]:
    return Counter(
        _DISGUISES[node.tag] for node in xml(members[BODY]).iter() if node.tag in _DISGUISES
    )
