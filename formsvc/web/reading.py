"""An uploaded file → the bytes of the submission in it."""

from formsvc.documents import carriage
from formsvc.documents.sandbox import run_limited
from formsvc.errors import UnreadableDocument


def submission_in(content: bytes) -> bytes:
    """A JSON file is its submission; a DOCX or PDF of ours carries it.

    Raises UnreadableDocument (Chinese, for the sender). Documents are read in a process that can
    be killed.
    """
    try:
        carriage.format_of(content)
    except UnreadableDocument:
        return content
    carried = run_limited(carriage.carried, content)
    if not carried:
        raise UnreadableDocument(
            "这个文件里没有申报数据：只能载入本服务生成的 Word 或 PDF 表格（草稿预览不带数据）。"
        )
    return carried
