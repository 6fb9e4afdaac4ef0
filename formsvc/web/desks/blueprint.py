"""What the pages of a batch have in common: their blueprint, how one is found, the words they use.

Employers, reviewers and owners of a job read the same runs; they differ in the page that shows one.
"""

import re
from datetime import date, datetime
from typing import Any, Final

from flask import Blueprint, redirect, request, url_for
from markupsafe import Markup, escape
from werkzeug.exceptions import NotFound

from formsvc.bulk.lines import Row, file_title
from formsvc.bulk.results import Found, Results
from formsvc.forms import Form
from formsvc.web import csrf
from formsvc.web.desks.queries import Query
from formsvc.web.desks.uploads import is_read, title
from formsvc.web.runs.ownership import run_or_404, waited
from formsvc.web.runs.runs import OWNED, Run
from formsvc.writing import written
from formsvc.writing.notation import CHINA, today

# How long a post waits for its work before it answers with a page that shows how far it is.
MOMENT: Final = 1.2
DESKS: Final = {"unit": "单位汇总", "review": "批量审核", "jobs": "后台任务"}
# What the page says after a post that was answered by leading to it.
_SAID: Final = {
    "empty": (True, "请先选择文件，再按“上传”。"),
    "day": (True, "收件日期没有看懂，或者晚于今天；请写作 2026-03-01 或 2026年3月1日。"),
    "due": (True, "改正期限没有看懂，请写作 2026-03-31 或 2026年3月31日；其余的已经记下。"),
    "busy": (True, "这一批正在处理，没有办；请等进度走完再按一次。"),
    "several": (True, "这个文件里不是正好一份申报，没有换；请选只装着这一份的文件。"),
    "replaced": (False, "已换上改好的一份，全批重新比对过；原来的一份在它的页面上，标“改前”。"),
    "withdrawn": (False, "已撤下，不再算在这一批里；列在本页最后，可以放回。"),
    "restored": (False, "已放回这一批。"),
    "marked": (False, "已标好。"),
    "next": (False, "上一份已标好，这是下一份。"),
    "unmarked": (False, "没有可以标的：标过的不变，有问题的要逐份看过再标通过。"),
}

_NUMBER: Final = re.compile(r"(?<!\d)\d++(?:[-,.]\d++)++")

batches = Blueprint("batches", __name__)
csrf.install(batches)


@batches.app_template_filter("clock")
def _clock(seconds: float) -> str:
    """A time in China: 14:05 today, 12月7日 14:05 on another day, with the year of another one."""
    at = datetime.fromtimestamp(seconds, CHINA)
    day = "" if at.date() == today() else f"{at.month}月{at.day}日 "
    if at.year != today().year:
        day = f"{at.year}年{day}"
    return f"{day}{at:%H:%M}"


@batches.app_template_filter("whole")
def _whole(text: str) -> Markup:
    """A text whose numbers (0791-86386000, 100,000) are not broken at the end of a line."""
    return Markup(_NUMBER.sub(r'<span class="whole">\g<0></span>', str(escape(text))))  # noqa: S704  # escaped


batches.add_app_template_filter(title, "batch_title")
batches.add_app_template_filter(file_title, "file_title")


def home(desk: str) -> str:
    """Where the batches of a desk are listed."""
    return url_for("jobs.mine") if desk == OWNED else url_for("batches.start", desk=desk)


@batches.app_context_processor
def _shared() -> dict[str, object]:
    alarm, said = _SAID.get(request.args.get("done", ""), (False, ""))
    return {"desk_home": home, "desk_name": DESKS.get, "said_alarm": alarm, "said_now": said}


def read_run(desk: str, id: str) -> Run:
    """A run that is read. NotFound where it is not there, or not so far."""
    run = run_or_404(desk, id)
    if not is_read(run):
        raise NotFound
    return run


def item_of(batch: Results, number: int) -> tuple[Row, Found, Form | None]:
    """A submission of a batch, and the edition that it was judged by. NotFound."""
    row = batch.index.row(number)
    if row is None:
        raise NotFound
    (found,) = batch.found([number])
    return row, found, batch.form(row)


def day_of(text: str) -> date | None:
    """A day in whatever way it is written; None for what is none."""
    try:
        return date.fromisoformat(str(written.value(text, type="string", kind="date").value))
    except ValueError:
        return None


def settled(run: Run) -> bool:
    """Give the work a moment; whether it is over."""
    return waited(run, MOMENT)


def to_batch(run: Run, anchor: str = "", **terms: Any) -> Any:
    """The answer to a post: the page of the batch."""
    where: dict[str, Any] = {"_anchor": anchor or None, **terms}
    return redirect(url_for("batches.show", desk=run.status.kind, id=run.id, **where), 303)


def to_item(run: Run, number: int, **terms: Any) -> Any:
    """The answer to a post: the page of a submission, in the list that it was opened from."""
    where: dict[str, Any] = {**Query.of(request.args).terms(page=1), **terms}
    address = url_for("batches.item", desk=run.status.kind, id=run.id, number=number, **where)
    return redirect(address, 303)
