"""How much of what comes in is read: so many submissions, and no more than fits their reports."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from formsvc.intake.items import Item, refused

MAX_ITEMS: Final = 100_000
MAX_REPORTS: Final = 50_000_000  # bytes


def bounded(
    items: Iterable[Item],
    written: Callable[[], int],
    *,
    most: int = MAX_ITEMS,
    size: int = MAX_REPORTS,
) -> Iterator[Item]:
    """The items to the limit, then one that says so. `written` tells the bytes of reports so far:
    a line of two bytes may have a report of a thousand times as many."""
    for count, item in enumerate(items):
        if count >= most:
            message = f"一批最多 {most:,} 份，从这里起没有读取。"
        elif written() > size:
            message = f"报告超过 {size:,} 字节，从这里起没有读取；请改正以上问题，或分批提交。"
        else:
            yield item
            continue
        yield refused(item.source, "input.many", message)
        return
