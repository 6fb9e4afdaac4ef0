"""Values as submissions are compared by them: the same however they are typed."""

from collections.abc import Iterable, Sequence

from formsvc import pointers
from formsvc.forms import Form
from formsvc.forms.places import Unjudged
from formsvc.forms.programme import Alternatives
from formsvc.writing.notation import identity_code


def values(
    form: Form,
    data: object,
    wanted: Iterable[Alternatives],
    broken: Sequence[str],
    texts: dict[str, str],
) -> list[tuple[str, str]]:
    """(pointer, comparable text) for each wanted value. Raises Unjudged when one cannot be had.

    `texts` are those that were asked for already, by pointer; "" where none is.
    """
    found = []
    for known in wanted:
        for pointer in known if broken else ():
            if any(pointers.within(pointer, place) for place in broken):
                value = pointers.get(data, pointer)
                verb = "没有填写" if value is pointers.MISSING else "有误，改正后再检查"
                raise Unjudged(f"“{form.label(pointer)}”{verb}。")
        for pointer in known:
            text = texts.get(pointer)
            if text is None:
                text = texts[pointer] = _comparable(_text(pointers.get(data, pointer)))
            if text:
                found.append((pointer, text))
                break
        else:
            raise Unjudged(f"“{form.label(known[0])}”没有填写。")
    return found


def _text(value: object) -> str:
    """A text or a whole number as text; "" for nothing that can be compared."""
    return str(value) if isinstance(value, str) or type(value) is int else ""


def _comparable(text: str) -> str:
    """Full-width narrowed, letters raised, blanks and hyphens dropped: the same however typed."""
    return "".join(identity_code(text).replace("-", "").split())
