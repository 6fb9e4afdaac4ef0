"""Synthetic batches: valid samples with other people and employers, some of them made faulty.

    python benchmarks/generate.py 5000 --units 200 > batch.jsonl

The same seed gives the same batch. All people, numbers and accounts are invented.
"""

import argparse
import copy
import json
import random
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parent.parent / "samples"
# The day that the samples, and so these batches, are checked as of.
ON = date(2026, 3, 1)
# What a batch is made of where nothing else is asked for: the forms that come in by the thousand.
_COMMON = ("jiangxi-training-summary", "jiangxi-project-funding")
_FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗欧阳"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰飞宇轩浩然思雨欣怡子涵"
_PLACES = ["南昌", "九江", "赣州", "上饶", "宜春", "吉安", "抚州", "景德镇", "萍乡", "新余", "鹰潭"]
_KINDS = ["第一人民医院", "职业技术学院", "机床厂有限公司", "农业科学研究所", "大学", "铜业集团"]

Data = dict[str, Any]


def batch(
    count: int, *, units: int = 200, faulty: float = 0.3, seed: int = 1, form: str | None = None
) -> Iterator[Data]:
    """`count` submissions of `units` employers; about that share of them has an error."""
    random_ = random.Random(seed)
    bases = _bases(form)
    names = [_unit(number) for number in range(units)]
    for number in range(count):
        data = copy.deepcopy(random_.choice(bases))
        # One in a hundred is someone who has sent another submission before.
        person = random_.randrange(number) if number and random_.random() < 0.01 else number
        _settle(data, random_.choice(names), person, random_)
        if random_.random() < faulty:
            for spoil in random_.sample(_FAULTS, random_.choice([1, 1, 1, 2, 3])):
                spoil(data, random_)
        yield data


def id_number(number: int, random_: random.Random) -> tuple[str, date, str]:
    """An ID number with a right check character, its birth date and gender; no two are alike."""
    born = date(1966, 1, 1) + timedelta(days=number * 7 % 9000)
    order = number // 9000 * 2 % 1000 + random_.randrange(2)
    digits = f"36010{1 + number // 4_500_000}{born:%Y%m%d}{order:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    check = "10X98765432"[sum(w * int(d) for w, d in zip(weights, digits, strict=True)) % 11]
    return digits + check, born, "男" if order % 2 else "女"


def _bases(form: str | None) -> list[Data]:
    names = [form] if form else _COMMON
    paths = sorted(path for name in names for path in SAMPLES.glob(f"*/{name}/*/valid/*.json"))
    return [json.loads(path.read_text("utf-8-sig")) for path in paths]


def _unit(number: int) -> str:
    place = _PLACES[number % len(_PLACES)]
    kind = _KINDS[number // len(_PLACES) % len(_KINDS)]
    return f"江西省{place}市第{number + 1}{kind}"


def _settle(data: Data, unit: str, number: int, random_: random.Random) -> None:
    """Give the submission a person and an employer of its own."""
    person, code = data["person"], id_number(number, random_)
    person["name"] = random_.choice(_FAMILY) + "".join(random_.choices(_GIVEN, k=2))
    if "id_number" in person:
        person["id_number"] = code[0]
    if "birth_date" in person:
        person["birth_date"] = code[1].isoformat()
    if "gender" in person:
        person["gender"] = code[2]
    data["unit"]["name"] = unit
    account = sum(map(ord, unit)) * 7919 % 10**9
    if "number" in data.get("account", {}):
        data["account"] |= {"holder": unit, "number": f"3600{account:012d}"}
    if "account_number" in data["unit"]:
        data["unit"]["account_number"] = f"3600{account:012d}"


def _wrong_check_character(data: Data, random_: random.Random) -> None:
    code = data["person"].get("id_number")
    if code:
        data["person"]["id_number"] = code[:17] + ("0" if code[17] != "0" else "1")
    else:
        data["person"].pop("name", None)


def _no_name(data: Data, random_: random.Random) -> None:
    data["person"].pop("name", None)


def _odd_amount(data: Data, random_: random.Random) -> None:
    if "expenses" in data:
        data["expenses"]["total"] = data["expenses"]["total"] + random_.randrange(1, 5000)
    elif "project" in data and "amount" in data["project"]:
        data["project"]["amount"] = random_.choice([1, 300_001, 66_000])
    else:
        data["person"].pop("name", None)


def _too_long(data: Data, random_: random.Random) -> None:
    if "training" in data and "content" in data["training"]:
        data["training"]["content"] = "研修期间参加课题讨论并完成实验。" * random_.randrange(33, 60)
    else:
        data["unit"]["type"] = "民办学校"


def _stranger(data: Data, random_: random.Random) -> None:
    data["unit"]["remarks"] = "备注"


def _text_for_number(data: Data, random_: random.Random) -> None:
    for group in ("funding", "project"):
        for name, value in data.get(group, {}).items():
            if isinstance(value, int | float):
                data[group][name] = f"{value}元"
                return
    data["unit"].pop("type", None)


def _incomplete(data: Data, random_: random.Random) -> None:
    if data.get("materials"):
        data["materials"].pop()
    else:
        data["unit"].pop("address", None)
        data["unit"].pop("type", None)


_FAULTS: list[Callable[[Data, random.Random], None]] = [
    _wrong_check_character, _no_name, _odd_amount, _too_long, _stranger, _text_for_number,
    _incomplete,
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--faulty", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--form")
    given = parser.parse_args()
    for data in batch(
        given.count, units=given.units, faulty=given.faulty, seed=given.seed, form=given.form
    ):
        sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
