"""Filling PDF against typesetting the same texts whole: typst reused, and a warm LibreOffice."""

import atexit
import copy
import itertools
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typst

from benchmarks.timing import Pair, pair, show
from formsvc import Form, fill, load_forms
from formsvc.documents import office
from formsvc.documents.printing import printed

FORM = "jiangxi-training-summary"
SAMPLE = Path(__file__).parent.parent / "samples" / FORM / "valid" / "near-the-length-limits.json"
_LEAST = {"typst": 1, "LibreOffice": 10}
_BATCH = 8  # more documents in the longer of two runs of LibreOffice

# Four pages like ours: a cover, a table of short cells with one long text, a page of text in a
# cell, a table of amounts; the same sizes and line pitch, in the same font.
_TYPST = """
#set page(paper: "a4", margin: 25mm)
#set text(font: "Noto Serif CJK SC", size: 10.5pt, lang: "zh", region: "cn")
#set par(justify: true, leading: 4.2pt, spacing: 4.2pt)
#let paragraphs(text) = align(left, {
  for line in text.split("\\n") { par(first-line-indent: (amount: 2em, all: true), line) }
})
#let pairs(keys) = keys.map(key => (labels.at(key), values.at(key))).flatten()
#v(60mm)
#align(center, text(20pt)[江西省高层次高技能领军人才培养 #linebreak() 工程人选国（境）外研修总结书])
#v(40mm)
#table(columns: (80pt, 1fr), stroke: none, ..pairs(cover))
#pagebreak()
#set page(footer: context align(center, text(9pt)[
  第 #counter(page).display() 页 共 #counter(page).final().first() 页
]))
#table(columns: (80pt, 1fr, 80pt, 1fr), align: center + horizon, ..pairs(short))
#table(columns: (80pt, 1fr), align: center + horizon,
  [研修内容及形式], paragraphs(values.at("/training/content")))
#pagebreak()
#table(columns: (80pt, 1fr), align: center + horizon,
  [研修成效], paragraphs(values.at("/training/outcome")))
#pagebreak()
#table(columns: (120pt, 1fr), align: center + horizon, ..pairs(money))
#table(columns: 1fr, rows: 100pt, [申请人签名], [单位意见], [主管单位意见])
"""


def main() -> None:
    form, data = load_forms()[FORM], json.loads(SAMPLE.read_text("utf-8"))
    ours, by_typst = _filler(form, data), _typesetter(form, data)
    sizes = f"{len(ours()):,} bytes; typst: {len(by_typst()):,} bytes"
    measured = pair(ours, by_typst, ours_calls=20)
    show("fill PDF", "typst, reused, the same texts whole", measured, _LEAST["typst"])
    by_office, size = _office(form, data)
    alone = [_timed(ours) for _ in range(30)]
    mine = statistics.median(alone)
    show(
        "fill PDF", "warm LibreOffice", Pair(mine, by_office, by_office / mine),
        _LEAST["LibreOffice"],
    )  # fmt: skip
    print(f"size: {sizes}; LibreOffice: {size:,} bytes")
    memory = {name: _peak(name) for name in ("ours", "typst", "none")}
    print(
        f"peak memory of a process that makes 20: {memory['ours']:,} MB; typst: "
        f"{memory['typst']:,} MB; with all loaded and nothing made: {memory['none']:,} MB"
    )


def _variants(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The submission again and again, no text twice, so that no cache can answer."""
    for number in itertools.count():
        other = copy.deepcopy(data)
        other["person"]["address"] += str(number)
        other["training"]["content"] = _numbered(number, other["training"]["content"])
        other["training"]["outcome"] = _numbered(number, other["training"]["outcome"])
        yield other


def _numbered(number: int, text: str) -> str:
    return "\n".join(f"{line[:-5]}{number % 10_000:04d}。" for line in text.split("\n"))


def _filler(form: Form, data: dict[str, Any]) -> Callable[[], bytes]:
    variants = _variants(data)
    return lambda: fill(form, next(variants), "pdf")


def _typesetter(form: Form, data: dict[str, Any]) -> Callable[[], bytes]:
    """One compiler for all documents, as its manual advises; texts come in by sys.inputs."""
    texts = printed(form, data)
    long = {"/training/content", "/training/outcome"}
    money = [name for name in texts if name.startswith(("/funding", "/expenses", "/account"))]
    cover = ["/person/name", "/unit/name", "/unit/department"]
    short = [name for name in texts if name not in {*long, *money, *cover[1:], "/materials"}]
    labels = {name: form.label(name) for name in texts}
    head = (
        "#let values = json(bytes(sys.inputs.values))\n"
        f"#let labels = json(bytes({json.dumps(json.dumps(labels))}))\n"
        f"#let cover = ({', '.join(map(json.dumps, cover))})\n"
        f"#let short = ({', '.join(map(json.dumps, short))})\n"
        f"#let money = ({', '.join(map(json.dumps, money))})\n"
    )
    source = Path(tempfile.mkdtemp(prefix="formsvc-")) / "form.typ"
    atexit.register(shutil.rmtree, source.parent)
    source.write_text(head + _TYPST, "utf-8")
    compiler = typst.Compiler(source)
    variants = _variants(data)

    def typeset() -> bytes:
        values = json.dumps(printed(form, next(variants)))
        made = compiler.compile(format="pdf", sys_inputs={"values": values})
        assert isinstance(made, bytes)
        return made

    return typeset


def _office(form: Form, data: dict[str, Any]) -> tuple[float, int]:
    """Seconds for one more document in a run of LibreOffice, and bytes of one."""
    variants = _variants(data)
    packages = [fill(form, next(variants), "docx") for _ in range(_BATCH + 1)]
    office.convert(packages[:1])
    one = _timed(lambda: office.convert(packages[:1]))
    start = time.perf_counter()
    made = office.convert(packages)
    return (time.perf_counter() - start - one) / _BATCH, len(made[0])


def _timed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _peak(engine: str) -> int:
    """Peak memory of a process of its own, in MB."""
    command = [sys.executable, "-m", "benchmarks.printing", engine]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def _make_twenty(engine: str) -> None:
    form, data = load_forms()[FORM], json.loads(SAMPLE.read_text("utf-8"))
    makers = {"ours": _filler, "typst": _typesetter}
    if engine in makers:
        make = makers[engine](form, data)
        for _ in range(20):
            make()
    # Not getrusage: a process starts with the ru_maxrss of the one that started it.
    status = Path("/proc/self/status").read_text()
    print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)


if __name__ == "__main__":
    _make_twenty(sys.argv[1])
