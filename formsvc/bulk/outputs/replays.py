"""What a replay found, as JSON or as a workbook: streamed, for batches of any size."""

import json
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import IO, Final

from formsvc.bulk.outputs import workbook
from formsvc.bulk.outputs.workbook import Cells
from formsvc.bulk.replay import VERDICTS, Replay, ReplayCounts
from formsvc.bulk.titles import Titles
from formsvc.findings import Plain
from formsvc.storage import LocalFolder

KINDS: Final = {"new": "改后不合要求", "gone": "改后合要求", "limit": "限值改变，仍不合要求"}
UNITS: Final = {"worse": "结论变差", "better": "结论变好", "touched": "只有规则改变"}


def totals(tally: ReplayCounts) -> dict[str, Plain]:
    """The counts as JSON has them."""
    return {
        "submissions": tally.submissions,
        "verdicts": tally.turned,
        "touched": tally.touched,
        "rules": [
            {"rule": rule, "before": before, "after": after, **{k: counts[k] for k in KINDS}}
            for (rule, before, after), counts in tally.rules.items()
        ],
        "units": [
            {"unit": unit, **{k: counts[k] for k in UNITS}} for unit, counts in tally.units.items()
        ],
    }


def write_json(replay: Replay, tally: ReplayCounts, stream: IO[str]) -> None:
    """One JSON object: the totals, then every submission for which something changes."""
    head = json.dumps(totals(tally), ensure_ascii=False, indent=2)
    stream.write(head.removesuffix("\n}") + ',\n  "changed": [')
    mark = "\n"
    for each in replay.replayed():
        stream.write(f"{mark}    {json.dumps(each.to_dict(), ensure_ascii=False)}")
        mark = ",\n"
    stream.write("\n  ]\n}\n")


def write_workbook(
    replay: Replay, tally: ReplayCounts, titles: Titles, stream: IO[bytes], on: date
) -> None:
    """An XLSX with a sheet of changes, one by rule and one by unit."""
    with LocalFolder(Path(tempfile.gettempdir())).scratch() as scratch:
        workbook.write_tables(
            stream,
            scratch,
            on,
            [
                ("按规则", _RULES_HEAD, _rule_rows(tally, titles)),
                ("按单位", _UNITS_HEAD, _unit_rows(tally)),
                ("变化", _CHANGES_HEAD, _change_rows(replay, titles)),
            ],
        )


_RULES_HEAD: Final = (
    ("规则", 24), ("原来的限值", 30), ("改后的限值", 30), *((name, 16) for name in KINDS.values()),
)  # fmt: skip
_UNITS_HEAD: Final = (("单位", 34), *((name, 14) for name in UNITS.values()))
_CHANGES_HEAD: Final = (
    ("序号", 8), ("单位", 28), ("姓名", 12), ("表", 22), ("原来", 10), ("改后", 10), ("变化", 18),
    ("程度", 7), ("栏目", 20), ("原来的限值", 20), ("改后的限值", 20), ("说明", 50), ("规则", 20),
    ("来源", 40),
)  # fmt: skip


def _rule_rows(tally: ReplayCounts, titles: Titles) -> Iterator[Cells]:
    names = titles.rules(tally.forms, [rule for rule, *_ in tally.rules])
    for (rule, before, after), counts in tally.rules.items():
        yield (names[rule], before, after, *(counts[kind] for kind in KINDS))


def _unit_rows(tally: ReplayCounts) -> Iterator[Cells]:
    for unit, counts in tally.units.items():
        yield (unit, *(counts[kind] for kind in UNITS))


def _change_rows(replay: Replay, titles: Titles) -> Iterator[Cells]:
    for each in replay.replayed():
        line = each.line
        whose = (
            line.number, line.unit, line.person, titles.form(line.report.form),
            VERDICTS[each.before], VERDICTS[each.after],
        )  # fmt: skip
        for shift in each.shifts:
            yield (
                *whose, KINDS[shift.kind], shift.severity.label,
                shift.label, shift.before, shift.after, shift.message,
                titles.rule(line.report.form, shift.rule), line.source,
            )  # fmt: skip
