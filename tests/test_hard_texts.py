"""Forty texts that are hard to set, in both formats: nothing is cut, lost or set in another size.

Each was looked at, page by page, in Word as LibreOffice shows it and as PDF.
"""

import copy
import io
from collections import Counter, defaultdict

import pypdfium2
import pypdfium2.raw as raw
import pytest
from docx import Document
from docx.oxml.ns import qn

from formsvc import fill, pointers
from formsvc.documents.printing import printed
from tests.conftest import first_sample
from tests.pressing import from_pdfium, places, poppler_pages, squeezed

SUMMARY, FUNDING = "jiangxi-training-summary", "jiangxi-project-funding"
UNIT_56 = (
    "江西省赣州市南康区家具产业高质量发展促进中心暨现代家居智能制造公共技术服务平台（江西省家具产业计量测试中心）筹建办公室"
)[:56]
SENTENCE = "研修期间完成了原位表征平台的搭建，形成了可以推广的实验规范。"

HARD = {
    # Names
    "two characters": (SUMMARY, {"/person/name": "丁一"}),
    "one character": (FUNDING, {"/person/name": "奭"}),
    "Uyghur": (SUMMARY, {"/person/name": "阿卜杜热依木·买买提吐尔逊", "/person/ethnicity": "维吾尔族"}),
    "Uyghur, three parts": (FUNDING, {"/person/name": "古丽尼格尔·阿卜杜热合曼·伊斯坎德尔"}),
    "Tibetan": (SUMMARY, {"/person/name": "贡嘎仁增旺姆·次仁卓玛", "/person/ethnicity": "藏族"}),
    "Kirghiz in a small cell": (SUMMARY, {"/person/name": "萨尔塔洪·阿依古丽", "/person/ethnicity": "柯尔克孜族"}),
    "of 24 characters": (FUNDING, {"/person/name": "阿布都克里木·阿不都热依木·买买提艾力·吐尔逊江"}),
    "rare characters": (SUMMARY, {"/person/name": "𠮷䶮㛃"}),
    "extension G and compatibility": (FUNDING, {"/person/name": "𬀩﨎龦"}),
    "Latin": (SUMMARY, {"/person/name": "Jean-François Lévêque-Żółkiewski"}),
    "Latin with Han": (FUNDING, {"/person/name": "王Łukasz伟"}),
    # Units
    "unit of 56 characters": (SUMMARY, {"/unit/name": UNIT_56}),
    "unit of 56 characters, funding": (FUNDING, {"/unit/name": UNIT_56}),
    "unit in Latin": (FUNDING, {"/unit/name": "Gannan Institute of Technology (GIT) & Partners Co., Ltd."}),
    "unit with brackets": (SUMMARY, {"/unit/name": "江西省（国家）中药“材”质量·安全检测中心（南昌）有限责任公司"}),
    "department": (SUMMARY, {"/unit/department": "江西省人力资源和社会保障厅、江西省教育厅、江西省科学技术厅"}),
    # Addresses
    "long address": (SUMMARY, {"/person/address": "江西省吉安市井冈山经济技术开发区深圳大道与君华大道交叉口东南侧高新技术创业服务中心B座17层1702室"}),
    "long address, funding": (FUNDING, {"/person/address": "江西省景德镇市昌江区吕蒙乡紫晶路与瓷都大道交汇处陶瓷科技园3号楼2单元501室", "/unit/address": "江西省景德镇市昌江区吕蒙乡紫晶路8号陶瓷科技园A区综合楼"}),
    "address with numbers": (FUNDING, {"/person/address": "江西省南昌市红谷滩区丰和中大道1198号2-3-4-5-6-7栋B1-2305(后门)"}),
    "long mail": (SUMMARY, {"/person/email": "a.very.long.mail.name-2024@postgraduate.school.example.org"}),
    "two telephones": (SUMMARY, {"/person/office_phone": "0791-88888888转8001", "/person/mobile": "13800000000"}),
    # Titles
    "title of a project": (FUNDING, {"/project/name": "面向高温合金涡轮叶片单晶定向凝固过程多物理场耦合机理与缺陷（杂晶、雀斑、小角晶界）抑制的数字孪生平台关键技术研究及示范应用"}),
    "title in Latin": (FUNDING, {"/project/name": "CRISPR/Cas9-mediated knock-out of OsSPL14 in Oryza sativa L. ssp. indica"}),
    "professional title": (SUMMARY, {"/person/professional_title": "正高级工程师（教授级）"}),
    "professional title, funding": (FUNDING, {"/person/professional_title": "二级教授、主任医师、博士生导师"}),
    "specialty": (SUMMARY, {"/person/specialty": "Li₇La₃Zr₂O₁₂、β″-Al₂O₃与Na⁺超离子导体（固态电解质）"}),
    "institution": (SUMMARY, {"/training/institution": "Rheinisch-Westfälische Technische Hochschule Aachen（RWTH），Institut für Stromrichtertechnik und Elektrische Antriebe"}),
    "places": (SUMMARY, {"/training/country": "大不列颠及北爱尔兰联合王国", "/training/place": "Llanfairpwllgwyngyll（兰韦尔普尔古因吉尔）"}),
    # Money
    "large amounts": (SUMMARY, {"/funding/provincial": 1234567.89, "/expenses/total": 12345678.9, "/expenses/travel": 1234567.89}),
    "amount in words": (FUNDING, {"/project/amount": 299999.99}),
    # Paragraphs
    "empty paragraphs": (SUMMARY, {"/training/content": f"一、概况\n\n{SENTENCE}\n\n\n二、收获\n{SENTENCE}"}),
    "indents of one's own": (SUMMARY, {"/training/content": f"　　{SENTENCE}\n　　{SENTENCE * 3}\n    {SENTENCE}"}),
    "one paragraph of 500": (SUMMARY, {"/training/content": (SENTENCE * 20)[:500]}),
    "many short paragraphs": (SUMMARY, {"/training/content": "\n".join(f"{n}.完成实验；" for n in range(1, 21))}),
    "signs at the ends of lines": (SUMMARY, {"/training/content": "（《“‘甲’”》）、。，；：？！……——" * 12}),
    "words longer than a line": (SUMMARY, {"/training/content": "见 https://example.org/" + "a-long-path/" * 14 + " 所载。"}),
    "mixed Latin and numbers": (SUMMARY, {"/training/content": "使用XPS、ToF-SIMS与in-situ SEM表征LiNi0.8Co0.1Mn0.1O2，循环1,200次后容量保持率为92.3%（25℃，0.5C），优于文献值80%±3%。" * 5}),
    "three pages of 附页": (SUMMARY, {"/training/outcome": "\n".join([SENTENCE * 6] * 40)}),
    "附页 with empty paragraphs": (SUMMARY, {"/training/outcome": "\n\n".join([SENTENCE * 4] * 16)}),
    "ten items of long names": (FUNDING, {"/project/budget": [{"item": f"第{n}项：出版、文献、信息传播与知识产权事务费（含检索费）", "amount": 123456.78} for n in range(1, 11)]}),
}  # fmt: skip


def test_there_are_forty():
    assert len(HARD) == 40


def data_of(name):
    form, changes = HARD[name]
    data = copy.deepcopy(first_sample(form))
    for pointer, value in changes.items():
        pointers.set_(data, pointer, value)
    return data


class Filled:
    """A hard text in both formats. `texts` are what was changed, as it stands on paper."""

    def __init__(self, form, data, changes):
        self.form = form
        self.pdf, self.docx = fill(form, data, "pdf"), fill(form, data, "docx")
        self.shown = shown = printed(form, data)
        boxes = {box.name: [field.pointer for field, _ in box.parts] for box in form.boxes}
        self.texts = {
            name: shown[name]
            for name in dict.fromkeys(name for page in places(form, shown) for name, _ in page)
            if any(pointers.within(part, change)
                   for part in boxes.get(name, [name]) for change in changes)
        }  # fmt: skip

    def on_paper(self):
        """(pointer, what a PDF reader finds in its box, the sizes it has there) for each place."""
        with pypdfium2.PdfDocument(self.pdf) as opened:
            for page, found in zip(opened, places(self.form, self.shown), strict=False):
                text = page.get_textpage()
                for name, box in found:
                    if name in self.texts:
                        edges = box.left - 1, box.bottom - 1, box.right + 1, box.top + 1
                        yield name, from_pdfium(text.get_text_bounded(*edges)), sizes(text, edges)

    def in_word(self):
        """Text of a paragraph → the sizes that it is set in; a box may begin with it elsewhere."""
        found = defaultdict(set)
        for paragraph in Document(io.BytesIO(self.docx)).element.iter(qn("w:p")):
            texts = [text for text in paragraph.iter(qn("w:t")) if text.text]
            sizes = [text.getparent().find(f"{qn('w:rPr')}/{qn('w:sz')}") for text in texts]
            said = squeezed("".join(text.text for text in texts))
            found[said] |= {int(size.get(qn("w:val"))) / 2 for size in sizes if size is not None}
        return found


def sizes(page, edges):
    left, bottom, right, top = edges
    found = set()
    for index in range(page.count_chars()):
        x, y, _, _ = page.get_charbox(index)
        if left < x < right and bottom < y < top and not raw.FPDFText_IsGenerated(page, index):
            found.add(round(raw.FPDFText_GetFontSize(page, index) * 2) / 2)
    return found


@pytest.fixture(scope="module", params=HARD)
def filled(request, catalogue):
    form, changes = HARD[request.param]
    data = copy.deepcopy(first_sample(form))
    for pointer, value in changes.items():
        pointers.set_(data, pointer, value)
    return Filled(catalogue[form], data, changes)


def test_every_character_is_printed(filled):
    found = Counter(squeezed("".join(poppler_pages(filled.pdf))))
    for name, text in filled.texts.items():
        assert not Counter(squeezed(text)) - found, name


def test_a_text_stands_in_its_box_whole_or_goes_on_on_a_sheet(filled):
    for name, found, _ in filled.on_paper():
        text, there = squeezed(filled.texts[name]), squeezed(found)
        if "（续见附页）" in there:
            begun = there.replace("（续见附页）", "")
            assert len(begun) > 1000
            assert begun in text
        else:
            assert text in there, name


def test_a_value_has_one_size_in_word_and_pdf(filled):
    in_word, in_pdf = filled.in_word(), defaultdict(set)
    for name, _, found in filled.on_paper():
        if not filled.form.is_block(name) and "\n" not in filled.texts[name]:
            in_pdf[squeezed(filled.texts[name])] |= found
    for text in in_pdf:
        assert in_pdf[text] <= in_word[text], text
