"""What a loaded paper leaves to be chosen: it shows one thing and carries another.

A page that asks sends both texts along in hidden fields, so that no button goes on as if nothing
had to be chosen: what is open stays open until somebody chooses, or types something else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from werkzeug.datastructures import MultiDict

from formsvc.documents.printing import text_of
from formsvc.documents.proof.differences import excerpts
from formsvc.findings import Finding, Severity
from formsvc.forms import Form, answers
from formsvc.intake.reading import Reading
from formsvc.web.desks import entries
from formsvc.web.desks.entries import Entries

SHOWN, CARRIED, TAKE = "shown ", "carried ", "take "
_LISTED: Final = "、"
_SHORT: Final = 100  # characters of an amount, a day


@dataclass(frozen=True, slots=True)
class Choice:
    """A field with two entries to choose from; `carried` is "" where nothing else is known."""

    pointer: str
    label: str
    shown: str
    carried: str

    def texts(self, form: Form) -> tuple[str, str]:
        """Both as they stand on paper."""
        field = form.field(self.pointer)
        if field is None or field.type == "array":
            return self.shown, self.carried
        shown, carried = (
            text_of(field, answers.read(form, self.pointer, entry)[0])
            if len(entry) < _SHORT
            else entry
            for entry in (self.shown, self.carried)
        )
        return shown, carried

    def finding(self, form: Form) -> Finding:
        shown, carried = excerpts(*self.texts(form))
        message = (
            f"{self.label}：纸面上是{shown}，文件带的数据是{carried}；"
            "请在“纸面与数据不同”中选定以哪一个为准，或在栏中改写。"
        )
        return Finding("paper.differs", Severity.ERROR, self.pointer, self.label, message)


def of(form: Form, reading: Reading) -> tuple[Choice, ...]:
    """What a reading leaves open."""
    carried = entries.entered(form, reading.data)
    found = [
        Choice(each.pointer, each.label, _entry(each.value), _line(carried.get(each.pointer, "")))
        for each in reading.differences
    ]
    return (*found, *(Choice(each.pointer, each.label, each.text, "") for each in reading.unsure))


def posted(form: Form, sent: MultiDict[str, str], typed: Entries) -> tuple[Choice, ...]:
    """What a posted page still leaves open: what was not typed over."""
    found = []
    for name, shown in sent.items():
        pointer = name.removeprefix(SHOWN)
        carried = sent.get(CARRIED + pointer)
        field = form.field(pointer)
        if name == pointer or carried is None or field is None:
            continue
        if field.computed or _plain(_line(typed.get(pointer, ""))) == _plain(carried):
            found.append(Choice(pointer, form.label(pointer), _plain(shown), _plain(carried)))
    return tuple(found)


def taken(
    form: Form, choices: Iterable[Choice], sent: MultiDict[str, str], all_: str
) -> tuple[Entries, tuple[Choice, ...]]:
    """(pointer → the entry that was chosen, what is still open). `all_` is `shown` or `carried`
    where one was chosen for all fields."""
    chosen: Entries = {}
    left: list[Choice] = []
    for choice in choices:
        which = all_ or sent.get(TAKE + choice.pointer, "")
        if which not in ("shown", "carried"):
            left.append(choice)
            continue
        text = choice.shown if which == "shown" else choice.carried
        field = form.field(choice.pointer)
        is_list = field is not None and field.type == "array"
        chosen[choice.pointer] = [part for part in text.split(_LISTED) if part] if is_list else text
    return chosen, tuple(left)


def _entry(value: object) -> str:
    return _LISTED.join(map(str, value)) if isinstance(value, list) else entries.text(value)


def _line(entry: str | list[str]) -> str:
    return entry if isinstance(entry, str) else _LISTED.join(entry)


def _plain(text: str) -> str:
    """A text as it stood before a browser sent it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
