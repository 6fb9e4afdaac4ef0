"""Filling PDF against the same form as a user of typst writes it, and a warm LibreOffice.

Packs are compared with one compilation over all. All but LibreOffice's are PDF/A-3a and PDF/UA-1.
"""

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
from functools import partial
from pathlib import Path
from typing import Any

import typst

from benchmarks.timing import Pair, pair, show
from formsvc import Form, Press, fill, load_forms
from formsvc.documents import Bound, pack
from formsvc.documents.authoring import office
from formsvc.documents.headers import code_picture
from formsvc.documents.printing import printed
from formsvc.documents.proof.marks import Proof

FORM = "jiangxi-training-summary"
SAMPLE = next(
    (Path(__file__).parent.parent / "samples").glob(f"*/{FORM}/*/valid/near-the-length-limits.json")
)
_LEAST = {"typst": 1 / 1.15, "LibreOffice": 10}
_BATCH = 8  # more documents in the longer of two runs of LibreOffice
_PACKS = (50, 200)
_STANDARDS = ["a-3a", "ua-1"]

# The form as somebody writes it in typst who knows it: its four pages with their tables, spans and
# row heights, the same sizes and line pitch, the same font, the codes and the attached data.
_TYPST = """
#set document(title: "总结书", author: "某单位", date: datetime(year: 1980, month: 1, day: 1))
#set text(font: "Noto Serif CJK SC", size: 10.5pt, lang: "zh", region: "cn",
  top-edge: 0.88em, bottom-edge: -0.12em)
#set par(justify: true, leading: 3.5pt, spacing: 3.5pt)
#set table(inset: 2pt, stroke: 0.5pt, align: center + horizon)
#let all = json(bytes(sys.inputs.documents))
#let label(body) = text(12pt, body)
#let section(body) = text(12pt, font: "Noto Sans CJK SC", body)
#let paragraphs(whole) = align(left + top, {
  for line in whole.split("\\n") { par(first-line-indent: (amount: 2em, all: true), line) }
})
#let form(number, given) = {
  let (values, codes, data) = given
  let value(name) = values.at(name)
  let edge(n) = pdf.artifact({
    place(dx: 477pt, dy: 18pt, image(bytes(codes.at(n).picture), alt: "校验码", width: 45pt))
    place(dx: 298pt, dy: 30pt, block(width: 175pt, align(right, text(6pt, codes.at(n).lines.join("\\n")))))
    if n > 0 { place(dx: 198pt, dy: 797pt, block(width: 200pt, align(center, text(9pt)[第 #(n + 1) 页 共 4 页]))) }
  })
  let sheet(n, body) = page(width: 595.3pt, height: 841.89pt, margin: (x: 70.9pt, y: 69.5pt), foreground: edge(n), body)
  sheet(0, {
    text(16pt, font: "Noto Sans CJK SC")[附件1]
    v(150pt)
    align(center, heading(text(22pt, weight: "regular")[江西省高层次高技能领军人才培养 #linebreak() 工程人选国（境）外研修总结书]))
    v(107pt)
    align(center, grid(columns: (96pt, 256pt), rows: 45pt, align: (right + bottom, center + bottom),
      ..for (name, title) in (("/person/name", "姓　　名："), ("/unit/name", "工作单位："), ("/unit/department", "主管部门：")) {
        (text(16pt, title), block(width: 100%, stroke: (bottom: 0.75pt), inset: 4pt, text(15pt, value(name))))
      }))
    v(190pt)
    align(center, text(16pt)[江西省人力资源和社会保障厅印制])
  })
  let cells(..pairs) = pairs.pos().map(((title, name, ..spans)) => {
    let (a, b) = if spans.pos().len() == 2 { spans.pos() } else { (1, 1) }
    (table.cell(colspan: a, label(title)), table.cell(colspan: b, value(name)))
  }).flatten()
  let pair((title, a, name, b)) = (table.cell(colspan: a, label(title)), table.cell(colspan: b, value(name)))
  sheet(1, table(
    columns: (82.1pt, 53.9pt, 42.6pt, 38.2pt, 35.5pt, 38.2pt, 21.3pt, 29.7pt, 38.3pt, 73.8pt),
    rows: (25.25pt, ..(26.1pt,) * 8, 25.5pt, ..(26.1pt,) * 4, 317.75pt),
    table.header(repeat: false, table.cell(colspan: 10, section[人选基本情况])),
    ..(
      ("姓名", 1, "/person/name", 2), ("性别", 1, "/person/gender", 1), ("出生日期", 2, "/person/birth_date", 3),
      ("民族", 1, "/person/ethnicity", 1), ("学历", 1, "/person/education", 2), ("学位", 1, "/person/degree", 2), ("职称", 1, "/person/professional_title", 1),
      ("办公电话", 1, "/person/office_phone", 4), ("住宅电话", 2, "/person/home_phone", 3),
      ("工作单位", 1, "/unit/name", 4), ("手　机", 2, "/person/mobile", 3),
      ("身份证号码", 1, "/person/id_number", 3), ("电子邮箱", 2, "/person/email", 4),
      ("通讯地址", 1, "/person/address", 6), ("邮政编码", 2, "/person/postcode", 1),
      ("从事专业", 1, "/person/specialty", 9),
      ("人选类别", 1, "/person/category", 4), ("入选年份", 2, "/person/selected_year", 3),
    ).map(pair).flatten(),
    table.header(level: 2, repeat: false, table.cell(colspan: 10, section[研修项目基本情况])),
    ..(
      ("项目名称", 1, "/training/project_name", 9), ("研修地点", 1, "/training/location", 9),
      ("起止时间", 1, "/training/period", 9), ("研修机构名称", 1, "/training/institution", 9),
    ).map(pair).flatten(),
    label[研修内容 \\ 及形式 \\ （不超过 \\ 500 字）], table.cell(colspan: 9, paragraphs(value("/training/content"))),
  ))
  sheet(2, table(columns: (70.8pt, 382.8pt), rows: 706pt,
    label[研修成效 \\ （不超过 \\ 1500 字，\\ 可另附纸）], paragraphs(value("/training/outcome"))))
  sheet(3, table(columns: (90.7pt, 22.7pt, 68pt, 45.3pt, 45.4pt, 68pt, 22.7pt, 90.8pt),
    rows: (25.25pt, 24.4pt, 25.5pt, 24.4pt, 24.4pt, 109.15pt, 76.55pt, 195.6pt, 195.6pt),
    table.header(repeat: false, table.cell(colspan: 8, section[研修经费来源])),
    ..(("省专项资金资助", 2, "/funding/provincial", 2), ("单位配套", 2, "/funding/unit", 2)).map(pair).flatten(),
    table.header(level: 2, repeat: false, table.cell(colspan: 8, section[研修经费支出构成])),
    ..("研修费用", "往返交通费", "生活补助费等", "其他", "金额总计").zip((1, 2, 2, 2, 1)).map(((title, span)) => table.cell(colspan: span, label(title))),
    ..("training", "travel", "living", "other", "total").zip((1, 2, 2, 2, 1)).map(((name, span)) => table.cell(colspan: span, value("/expenses/" + name))),
    label[单位 \\ 账号信息], table.cell(colspan: 7, align: left + horizon, par(leading: 6pt, {
      for (title, name) in (("开 户 名：", "holder"), ("开户银行：", "bank"), ("账　　号：", "number"), ("预算编码：", "budget_code")) {
        [#label(title) #value("/account/" + name) #linebreak()]
      }
    })),
    table.cell(colspan: 8, align: left)[本人保证以上所填内容均为真实情况。 \\ #h(250pt) 申请人签名： \\ #h(300pt) 年 月 日],
    ..("单位意见：", "主管单位意见：").map(title => table.cell(colspan: 8, align: left + top)[#label(title) #v(120pt) #h(280pt) 盖　章： \\ #h(300pt) 年 月 日]),
  ))
  pdf.attach("/" + str(number) + "-submission.json", bytes(data), relationship: "data",
    mime-type: "application/json", description: "数据")
}
#for (number, given) in all.enumerate() { form(number, given) }
"""


def main() -> None:
    form, data = load_forms()[FORM], json.loads(SAMPLE.read_text("utf-8"))
    ours, by_typst = _filler(form, data), _typesetter(form, data)
    sizes = f"{len(ours()):,} bytes; typst: {len(by_typst(1)):,} bytes"
    measured = pair(ours, lambda: by_typst(1), ours_calls=5)
    show("fill PDF", "typst alone, reused, the same form", measured, _LEAST["typst"])
    by_office, size = _office(form, data)
    alone = [_timed(ours) for _ in range(30)]
    mine = statistics.median(alone)
    show(
        "fill PDF", "warm LibreOffice", Pair(mine, by_office, by_office / mine),
        _LEAST["LibreOffice"],
    )  # fmt: skip
    print(f"size: {sizes}; LibreOffice: {size:,} bytes")
    for count in _PACKS:
        _packs(form, data, count, by_typst)
    memory = {name: _peak(name) for name in ("ours", "typst", "none")}
    print(
        f"peak memory of a process that makes 20: {memory['ours']:,} MB; typst: "
        f"{memory['typst']:,} MB; with all loaded and nothing made: {memory['none']:,} MB"
    )


def _packs(form: Form, data: dict[str, Any], count: int, by_typst: Callable[[int], bytes]) -> None:
    """A pack of so many documents, none like another, against one compilation over all."""
    variants = _variants(data)

    def ours() -> bytes:
        bound = [Bound(f"{number}", form, next(variants)) for number in range(count)]
        return pack(bound, Press(), title="打印包", duplex=True)

    measured = pair(ours, lambda: by_typst(count), rounds=3, ours_calls=1, theirs_calls=1)
    each = Pair(measured.ours / count, measured.theirs / count, measured.ratio)
    show(f"one of a pack of {count}", "typst alone, one compilation", each, _LEAST["typst"])
    sizes = len(ours()) // count, len(by_typst(count)) // count
    print(f"size of each: {sizes[0]:,} bytes; typst: {sizes[1]:,} bytes")


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


def _typesetter(form: Form, data: dict[str, Any]) -> Callable[[int], bytes]:
    """One compiler for all documents, as its manual advises; texts come in by sys.inputs."""
    folder = Path(tempfile.mkdtemp(prefix="formsvc-"))
    atexit.register(shutil.rmtree, folder)
    source = folder / "form.typ"
    source.write_text(_TYPST, "utf-8")
    compiler = typst.Compiler(source)
    variants = _variants(data)

    def given() -> list[Any]:
        submission = next(variants)
        proof = Proof(form, submission)
        codes = [proof.code(page, 4) for page in range(1, 5)]
        pictures = [
            {"lines": code.text.split("\n"), "picture": list(code_picture(code.modules))}
            for code in codes
        ]
        return [printed(form, submission), pictures, proof.record().data.decode()]

    def typeset(count: int) -> bytes:
        documents = json.dumps([given() for _ in range(count)])
        made = compiler.compile(
            format="pdf", sys_inputs={"documents": documents}, pdf_standards=_STANDARDS
        )
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
    if engine == "ours":
        make: Callable[[], bytes] = _filler(form, data)
    else:
        make = partial(_typesetter(form, data), 1)
    for _ in range(20 if engine != "none" else 0):
        make()
    # Not getrusage: a process starts with the ru_maxrss of the one that started it.
    status = Path("/proc/self/status").read_text()
    print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)


if __name__ == "__main__":
    _make_twenty(sys.argv[1])
