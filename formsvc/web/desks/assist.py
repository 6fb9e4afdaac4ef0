"""What a page says beside a field while one types: 字数, 大写, totals, which box is asked for.

The rules themselves say it, in the code that checks them; amounts are said in words too.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from formsvc import pointers
from formsvc.checks import checker
from formsvc.checks.kinds import Aside
from formsvc.forms import Form
from formsvc.writing.notation import is_amount, yuan_in_words

Asides = Mapping[str, list[Aside]]


def asides(form: Form, data: Mapping[str, Any], on: date) -> Asides:
    """By pointer, in the order in which they are shown."""
    found: dict[str, list[Aside]] = defaultdict(list)
    for rule in checker(form).rules(on):
        for aside in rule.asides(data):
            found[aside.pointer].append(aside)
    for field in form.leaves:
        for pointer in field.places(data) if field.kind == "money" else ():
            value: Any = pointers.get(data, pointer)
            if is_amount(value) and value >= 0:
                found[pointer].append(Aside(pointer, f"大写：{yuan_in_words(value)}"))
    return found
