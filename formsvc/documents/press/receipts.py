"""A receipt as one page, PDF/A-3a and PDF/UA-1, that carries its JSON."""

from datetime import datetime
from typing import Any, Final

from formsvc.documents.headers import code_picture
from formsvc.documents.press.fonts import Fonts
from formsvc.documents.press.typesetter import Typesetter
from formsvc.documents.proof.carriage import RECEIPT
from formsvc.documents.proof.marks import qr
from formsvc.documents.proof.receipts import Receipt, fingerprint
from formsvc.writing.notation import CHINA

_GROUP: Final = 8
_A_LINE: Final = 4  # groups


def draw(receipt: Receipt, setter: Typesetter) -> bytes:
    """The same bytes for the same receipt and fonts."""
    return setter.receipt(_job(receipt, setter.fonts))


def code(receipt: Receipt) -> str:
    """What the QR code says: number, version, the content's digest, and the head of the history."""
    plain = receipt.plain
    return "/".join(("FSR1", plain["number"], str(plain["version"]), plain["digest"].upper(),
                     str(receipt.count), receipt.head.upper()))  # fmt: skip


def _job(receipt: Receipt, fonts: Fonts) -> dict[str, Any]:
    plain = receipt.plain
    handed = _local(plain["handed"])
    whose = "、".join(filter(None, (plain["unit"], plain["person"])))
    to = f"{plain['to']}（{plain['stage']}）" if plain["to"] else "不经其他机构，已经办结"
    rows = [
        ("材料名称", [f"《{plain['title']}》"], False),
        ("表格版次", [f"{plain['form']} {plain['edition']}"], False),
        ("申报人", [plain["person"] or "——"], False),
        ("单位", [plain["unit"] or "——"], False),
        ("提交时间", [f"{handed:%Y年%m月%d日 %H:%M:%S}（北京时间）"], False),
        ("第几次提交", [f"第 {plain['version']} 版"], False),
        ("现送", [to], False),
        ("内容摘要", [*_grouped(plain["digest"]), "SHA-256"], True),
        ("登记记录", [f"第 {receipt.count} 条，以后的记录都接在它后面；哈希值：",
                  *_grouped(receipt.head)], True),
    ]  # fmt: skip
    notes = [
        "用本系统的“核对真假”打开这份 PDF，或运行 formsvc verify，都不必联网，也不必登录。",
        f"签发公钥开头为 {fingerprint(receipt.key)}，请与受理机构公布的核对。",
        "二维码是编号、版次、内容摘要和登记记录。内容改动一个字，摘要就完全不同。",
    ]
    return {
        "title": "提交回执",
        "under": f"编号　{plain['number']}",
        "opening": fonts.showable(f"{whose or '申报人'}：下列材料已经收到并登记。"),
        "rows": [
            {"label": label, "lines": [fonts.showable(line) for line in lines], "small": small}
            for label, lines, small in rows
        ],
        "notes": notes,
        "code": list(code_picture(qr(code(receipt)))),
        "alt": f"回执 {plain['number']} 的二维码",
        "place": fonts.showable(plain["to"] or plain["unit"] or "受理系统"),
        "day": f"{handed.year}年{handed.month}月{handed.day}日",
        "foot": "本回执由系统签发，电子签名有效，不另盖章；只证明收到，不表示审核通过。",
        "file": {"name": RECEIPT, "data": receipt.raw.decode(), "about": plain["number"]},
    }


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(CHINA)


def _grouped(text: str) -> list[str]:
    groups = [text[at : at + _GROUP] for at in range(0, len(text), _GROUP)]
    return [" ".join(groups[at : at + _A_LINE]) for at in range(0, len(groups), _A_LINE)]
