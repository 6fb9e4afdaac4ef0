"""CPU time of a PDF whose data was never set before; alone, so that other commits can be measured.

    python benchmarks/cost.py
    PYTHONPATH=<a worktree of another commit> python benchmarks/cost.py

The near-limit sample, and all samples in turn; every text differs from every earlier one.
"""

import copy
import itertools
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from formsvc import fill, load_forms

_SAMPLES = Path(__file__).parent.parent / "samples"
_WARM, _ROUNDS = 3, 10
_FAMILY, _GIVEN = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗",
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞",
)

Data = dict[str, Any]


def main() -> None:
    samples = [
        json.loads(path.read_text("utf-8-sig")) for path in sorted(_SAMPLES.glob("**/valid/*.json"))
    ]
    near = [
        json.loads(path.read_text("utf-8"))
        for path in _SAMPLES.glob("**/valid/near-the-length-limits.json")
    ]
    for name, several in (("near the length limits", near), (f"{len(samples)} samples", samples)):
        variants = _variants(several)
        for _ in range(_WARM * len(several)):
            size = len(_fill(next(variants)))
        costs = [_cost(next(variants)) for _ in range(_ROUNDS * len(several))]
        kind = "median" if len(several) == 1 else "mean"
        print(f"{name}: {kind} {getattr(statistics, kind)(costs) * 1e3:.1f} ms, "
              f"least {min(costs) * 1e3:.1f} ms; the last {size:,} bytes")  # fmt: skip


_FORMS = load_forms()


def _fill(data: Data) -> bytes:
    return fill(_FORMS[data["form"]], data, "pdf")


def _variants(several: list[Data]) -> Iterator[Data]:
    """All again and again, with another person, place and paragraphs each time."""
    for number in itertools.count(1):
        for data in several:
            other = copy.deepcopy(data)
            person = other["person"]
            person["name"] = _FAMILY[number % 20] + _GIVEN[number * 7 % 19]
            other["unit"]["name"] = f"{number}{other['unit']['name'][2:]}"
            training = other.get("training", {})
            for name in ("content", "outcome"):
                if name in training:
                    lines = training[name].split("\n")
                    training[name] = "\n".join(f"{line[:-5]}{number:04d}。" for line in lines)
            yield other


def _cost(data: Data) -> float:
    start = time.process_time()
    _fill(data)
    return time.process_time() - start


if __name__ == "__main__":
    main()
