"""The closed list of rule kinds. Each builds, once, a closure from its parameters in form.toml.

A kind's signature is its contract: `Place` parameters are JSON Pointers into the schema, the rest
are plain values. The closure answers with breaches, none when the rule is met, and raises
`Unjudged` when an operand is not there.
"""

from collections.abc import Callable, Mapping
from typing import Final

from formsvc.checks import amounts, choices, dates, identity
from formsvc.checks.operands import Evaluate

_KINDS = (
    amounts.word_limit, amounts.at_most, amounts.between_by, amounts.sum_equals,
    amounts.sum_covers, amounts.surplus_at_most, dates.dates_ordered, dates.at_least_months,
    dates.within_months_after, dates.within_years, choices.not_starting_with, choices.refused_if,
    choices.contains_all, choices.items_among, choices.none_contains, choices.one_of_by,
    choices.unique_across, identity.id_agrees, identity.id_age, identity.id_region,
)  # fmt: skip
KINDS: Final[Mapping[str, Callable[..., Evaluate]]] = {kind.__name__: kind for kind in _KINDS}
