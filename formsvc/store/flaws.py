"""What an audit finds, and what to do about it."""

from dataclasses import dataclass
from typing import Final

RESTORE: Final = "停止使用，先另存现在的数据库，再由备份恢复，并查明是谁改动了数据库。"
CONTENT: Final = "由最近的备份取回这一份的内容；密钥文件若换过，请放回旧的再核对一次。"
ROW: Final = "以历史记录为准；数据库可能被人直接改过，或者恢复得不完整。" + RESTORE
FILE: Final = "由最近的备份取回附件文件夹中的这个文件。"


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that is not as it was recorded: what, and what to do. Chinese."""

    said: str
    remedy: str
