"""What the regulations demand, claim by claim, through the check that every shell uses."""

import copy
import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from formsvc import check, load_forms, pointers
from formsvc.catalogue import SAMPLES_ON
from formsvc.checks import formats
from formsvc.writing import words

CATALOGUE = load_forms(whole=False)
SUMMARY = CATALOGUE["jiangxi-training-summary"]
FUNDING = CATALOGUE["jiangxi-project-funding"]
GOOD = {
    SUMMARY: SUMMARY.samples / "valid" / "submitted-on-the-last-day.json",
    FUNDING: FUNDING.samples / "valid" / "all-ten-budget-items.json",
}
GOOD_DATA = {form: json.loads(path.read_text("utf-8")) for form, path in GOOD.items()}
GONE = object()
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def with_changes(form, changes):
    """A good submission of the form with some places changed, or taken away by GONE."""
    data = copy.deepcopy(GOOD_DATA[form])
    for pointer, value in changes.items():
        if value is GONE:
            *head, last = pointers.parse(pointer)
            pointers.get(data, pointers.format(head)).pop(last, None)
        else:
            pointers.set_(data, pointer, value)
    return data


def report_on(form, changes, on=SAMPLES_ON):
    return check(form, with_changes(form, changes), on=on)


def broken(form, changes, on=SAMPLES_ON):
    """Ids of the rules that a changed submission breaks, in order; notes aside."""
    findings = report_on(form, changes, on).findings
    return [finding.rule for finding in findings if finding.severity != "note"]


def notes(form, changes):
    """Ids of the notes that a changed submission calls for."""
    findings = report_on(form, changes).findings
    return [finding.rule for finding in findings if finding.severity == "note"]


def skipped(form, changes):
    return {rule.rule: rule.reason for rule in report_on(form, changes).skipped}


def numbers_as(kind, data):
    """The same submission with every amount of another number type."""
    if isinstance(data, dict):
        return {key: numbers_as(kind, value) for key, value in data.items()}
    if isinstance(data, list):
        return [numbers_as(kind, value) for value in data]
    return kind(str(data)) if isinstance(data, float) else data


# 字数


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("研修总结。", 5),
        ("本人于2024年9月赴MIT学习。", 12),
        ("共发表SCI论文3篇（一作2篇）", 14),
        ("人工智能 (AI) 技术", 7),
        ("C/C++、Python", 3),
        ("费用：￥12,345.67元", 6),
        ("他说：“你好”", 7),
        ("e-mail: a@b.cn", 2),
        ("10 000 元", 3),
        ("𠮷野家", 3),
        ("", 0),
        (" \n\t　", 0),
        ("第一段\n\n　　第二段", 6),
        ("迪丽娜尔·江", 6),
    ],
)
def test_words_are_counted_as_word_does(text, count):
    assert words.count(text) == count


@pytest.mark.parametrize(
    ("pointer", "rule", "limit"),
    [
        ("/training/content", "content-length", 500),
        ("/training/outcome", "outcome-length", 1500),
    ],
)
def test_a_text_may_be_exactly_as_long_as_its_limit(pointer, rule, limit):
    assert broken(SUMMARY, {pointer: "学" * limit}) == []
    assert broken(SUMMARY, {pointer: "学" * limit + "\n　 \n"}) == []
    assert broken(SUMMARY, {pointer: "学" * limit + "了"}) == [rule]
    assert broken(SUMMARY, {pointer: "学" * (limit - 1) + "electrochemistry"}) == []


def test_an_overlong_text_is_told_by_how_much():
    [finding] = report_on(SUMMARY, {"/training/content": "学" * 512}).findings
    assert (finding.value, finding.limit) == (512, 500)
    assert "超出 500 字的限制 12 字" in finding.message


# Citizen identity numbers


def identity(born, region="360102", sequence="101"):
    first = f"{region}{born:%Y%m%d}{sequence}"
    total = sum(weight * int(digit) for weight, digit in zip(ID_WEIGHTS, first, strict=True))
    return first + "10X98765432"[total % 11]


def age_findings(number, on=SAMPLES_ON):
    return broken(FUNDING, {"/person/id_number": number}, on)


@given(
    born=st.dates(date(1900, 1, 1), date(2025, 12, 31)),
    region=st.from_regex(r"[0-9]{6}", fullmatch=True),
    sequence=st.integers(0, 999),
    last=st.sampled_from("0123456789X"),
)
@settings(max_examples=300, deadline=None)
def test_check_character_agrees_with_stdnum(born, region, sequence, last):
    number = f"{region}{born:%Y%m%d}{sequence:03}{last}"
    assert (formats.id_number(number) is None) == (last == ric.calc_check_digit(number))


@given(
    born=st.dates(date(1900, 1, 1), date(2025, 12, 31)),
    region=st.sampled_from(["110101", "310101", "360102", "440106", "650102"]),
    sequence=st.integers(0, 999),
)
@settings(deadline=None)
def test_birth_dates_older_than_a_county_are_accepted(born, region, sequence):
    first = f"{region}{born:%Y%m%d}{sequence:03}"
    number = first + ric.calc_check_digit(first + "0")
    assert formats.id_number(number) is None
    if born.year >= 1990:
        assert ric.is_valid(number)


@given(
    born=st.dates(date(1930, 1, 1), date(2005, 12, 31)),
    place=st.integers(0, 16),
    digit=st.sampled_from("0123456789"),
)
@settings(deadline=None)
def test_one_wrong_digit_is_noticed(born, place, digit):
    number = identity(born)
    mistyped = number[:place] + digit + number[place + 1 :]
    assert (formats.id_number(mistyped) is None) == (mistyped == number)


def test_a_birth_date_must_be_real():
    assert "19790230" in formats.id_number("36010219790230101X")
    assert formats.id_number(identity(date(1996, 2, 29))) is None


def test_fifteen_digits_have_a_message_of_their_own():
    assert "15 位的旧号码" in formats.id_number("360102830716101")
    assert "15 位的旧号码" not in formats.id_number("36010283071610")


def test_full_width_digits_and_a_small_x_are_accepted():
    number = "36070319910504107X"
    assert formats.id_number(number) is None
    wide = "".join(chr(ord(character) + 0xFEE0) for character in number)
    for spelling in (number.lower(), wide, wide.lower()):
        assert age_findings(spelling) == []


def test_full_width_digits_agree_with_birth_date_and_gender():
    number = GOOD_DATA[SUMMARY]["person"]["id_number"]
    wide = "".join(chr(ord(character) + 0xFEE0) for character in number)
    assert broken(SUMMARY, {"/person/id_number": wide}) == []
    assert broken(SUMMARY, {"/person/id_number": wide, "/person/gender": "女"}) == ["id-matches"]


@pytest.mark.parametrize("character", ["١", "Х", "零"])
def test_look_alikes_of_digits_are_refused(character):
    assert formats.id_number("36070319910504107" + character) is not None


def test_an_unknown_region_is_only_a_warning():
    report = report_on(FUNDING, {"/person/id_number": identity(date(1983, 7, 16), "990102")})
    assert [finding.rule for finding in report.findings] == ["id-region"]
    assert report.ok


@pytest.mark.parametrize("region", ["110103", "360421", "710000", "810000", "820000", "830000"])
def test_abolished_counties_and_permits_for_residents_are_known(region):
    assert age_findings(identity(date(1983, 7, 16), region)) == []


@pytest.mark.parametrize(
    ("born", "on", "fits"),
    [
        (date(2010, 3, 1), date(2026, 3, 1), True),
        (date(2010, 3, 2), date(2026, 3, 1), False),
        (date(2008, 2, 29), date(2024, 2, 28), False),
        (date(2008, 2, 29), date(2024, 2, 29), True),
        (date(1925, 3, 2), date(2026, 3, 1), True),
        (date(1925, 3, 1), date(2026, 3, 1), False),
    ],
)
def test_age_is_sixteen_to_a_hundred_on_the_day_of_the_check(born, on, fits):
    assert age_findings(identity(born), on) == ([] if fits else ["id-age"])


def test_a_birth_in_the_future_is_told_as_such():
    [finding] = report_on(FUNDING, {"/person/id_number": identity(date(2026, 3, 2))}).findings
    assert finding.rule == "id-age"
    assert "2026年3月2日还没有到" in finding.message
    [finding] = report_on(FUNDING, {"/person/id_number": identity(date(2026, 3, 1))}).findings
    assert "年龄为 0 岁" in finding.message


def test_the_seventeenth_digit_tells_the_gender():
    born = {"/person/birth_date": "1990-01-02"}
    for sequence in range(10):
        number = identity(date(1990, 1, 2), sequence=f"10{sequence}")
        gender = "男" if sequence % 2 else "女"
        changes = {**born, "/person/id_number": number, "/person/gender": gender}
        assert broken(SUMMARY, changes) == []


# Unified social credit codes


@given(
    first=st.text(CREDIT_ALPHABET, min_size=17, max_size=17), last=st.sampled_from(CREDIT_ALPHABET)
)
@settings(max_examples=300, deadline=None)
def test_credit_codes_end_in_the_check_character_of_gb_32100(first, last):
    right = last == uscc.calc_check_digit(first)
    assert (formats.credit_code(first + last) is None) == right


@given(
    region=st.from_regex(r"[0-9]{8}", fullmatch=True),
    body=st.text(CREDIT_ALPHABET, min_size=9, max_size=9),
    last=st.sampled_from(CREDIT_ALPHABET),
)
@settings(deadline=None)
def test_credit_codes_with_digits_in_front_agree_with_stdnum(region, body, last):
    code = region + body + last
    assert (formats.credit_code(code) is None) == uscc.is_valid(code)


@pytest.mark.parametrize("registrar", ["A1", "N2", "Y1", "1A"])
def test_registrars_with_letters_are_accepted(registrar):
    first = f"{registrar}360000MB1A2B3CX"
    code = first + uscc.calc_check_digit(first)
    assert not uscc.is_valid(code)
    assert broken(FUNDING, {"/unit/credit_code": code}) == []


@pytest.mark.parametrize("letter", list("IOSVZ-中"))
def test_characters_that_credit_codes_never_use_are_named(letter):
    assert f"“{letter}”" in formats.credit_code(f"12360000{letter}B1A2B3CX1")


def test_a_credit_code_may_be_in_small_or_full_width_letters():
    code = GOOD_DATA[FUNDING]["unit"]["credit_code"]
    wide = "".join(chr(ord(character) + 0xFEE0) for character in code)
    assert broken(FUNDING, {"/unit/credit_code": code.lower()}) == []
    assert broken(FUNDING, {"/unit/credit_code": wide}) == []


# Accounts, codes, phones


@pytest.mark.parametrize(
    ("number", "fits"),
    [
        ("12345678", True),
        ("1234567", False),
        ("1" * 32, True),
        ("1" * 33, False),
        ("3600 1050 0000 0525 0001", True),
        ("1502-0610-0900-0000-303", True),
        ("1234 567", False),
        ("12345678a", False),
        ("１２３４５６７８", False),
        ("12345678\n", False),
        ("4111111111111112", True),
    ],
)
def test_a_bank_account_has_8_to_32_digits(number, fits):
    expected = [] if fits else ["schema.pattern"]
    assert broken(SUMMARY, {"/account/number": number}) == expected


@pytest.mark.parametrize(
    ("code", "fits"),
    [("360102", True), ("36010", False), ("1" * 21, True), ("1" * 22, False), ("36-0102", False)],
)
def test_a_budget_code_has_6_to_21_digits(code, fits):
    assert broken(FUNDING, {"/unit/budget_code": code}) == ([] if fits else ["schema.pattern"])


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/person/mobile", "12345678901"),
        ("/person/mobile", "1990000030"),
        ("/person/mobile", "13300000303\n"),
        ("/person/mobile", "１３３００００００３０３"),
        ("/person/postcode", "33004"),
        ("/person/postcode", "330046\n"),
        ("/person/email", "a@b"),
        ("/person/office_phone", "0791 86000123"),
    ],
)
def test_phones_postcodes_and_addresses_have_one_spelling(pointer, value):
    assert broken(SUMMARY, {pointer: value}) == ["schema.pattern"]


# Dates


@pytest.mark.parametrize(
    ("end", "last"),
    [
        ("2025-03-15", "2025-05-15"),
        ("2025-12-31", "2026-02-28"),
        ("2025-12-30", "2026-02-28"),
        ("2025-12-28", "2026-02-28"),
        ("2023-12-31", "2024-02-29"),
        ("2023-12-29", "2024-02-29"),
        ("2023-12-28", "2024-02-28"),
        ("2025-08-31", "2025-10-31"),
        ("2025-07-31", "2025-09-30"),
        ("2025-02-28", "2025-04-28"),
        ("2025-11-01", "2026-01-01"),
    ],
)
def test_the_summary_is_due_two_months_after_the_end(end, last):
    start = date.fromisoformat(end) - timedelta(days=300)
    study = {"/training/start_date": start.isoformat(), "/training/end_date": end}
    late = (date.fromisoformat(last) + timedelta(days=1)).isoformat()
    assert "deadline" not in broken(SUMMARY, {**study, "/submitted_on": last})
    assert "deadline" in broken(SUMMARY, {**study, "/submitted_on": late})


def test_without_a_day_of_submission_the_day_of_the_check_counts():
    absent = {"/submitted_on": GONE}
    assert broken(SUMMARY, absent, on=date(2026, 2, 28)) == []
    assert broken(SUMMARY, absent, on=date(2026, 3, 1)) == ["deadline"]


def test_a_stated_day_of_submission_outweighs_the_day_of_the_check():
    assert broken(SUMMARY, {}, on=date(2027, 1, 1)) == []


@pytest.mark.parametrize(
    ("start", "last"),
    [
        ("2024-03-01", "2024-08-31"),
        ("2024-09-01", "2025-02-28"),
        ("2023-09-01", "2024-02-29"),
        ("2024-01-15", "2024-07-14"),
        ("2024-08-29", "2025-02-28"),
        ("2024-08-30", "2025-02-28"),
        ("2024-08-31", "2025-02-28"),
        ("2023-08-31", "2024-02-29"),
        ("2024-12-31", "2025-06-30"),
        ("2024-02-29", "2024-08-28"),
        ("2024-10-31", "2025-04-30"),
    ],
)
def test_six_months_end_on_the_day_before_the_same_day(start, last):
    short = (date.fromisoformat(last) - timedelta(days=1)).isoformat()
    for end, expected in ((last, False), (short, True)):
        changes = {"/training/start_date": start, "/training/end_date": end, "/submitted_on": end}
        assert ("minimum-stay" in broken(SUMMARY, changes)) == expected


def test_the_last_day_needed_is_named():
    changes = {"/training/start_date": "2025-03-01", "/training/end_date": "2025-08-30"}
    report = report_on(SUMMARY, {**changes, "/submitted_on": "2025-10-01"})
    [finding] = report.findings
    assert (finding.value, finding.limit) == (5, 6)
    assert "至少应到2025年8月31日" in finding.message


@pytest.mark.parametrize(
    ("start", "end", "basic", "inside"),
    [
        ("2022-01-01", "2022-12-31", False, True),
        ("2021-12-31", "2022-12-31", False, False),
        ("2025-01-01", "2025-12-31", False, True),
        ("2025-01-01", "2026-01-01", False, False),
        ("2025-01-01", "2026-01-01", True, True),
        ("2027-01-01", "2027-12-31", True, True),
        ("2027-01-01", "2028-01-01", True, False),
    ],
)
def test_the_study_falls_in_the_training_period(start, end, basic, inside):
    changes = {
        "/training/start_date": start,
        "/training/end_date": end,
        "/submitted_on": end,
        "/person/selected_year": 2022,
        "/person/basic_research": basic,
        "/person/extension_years": 2 if basic else GONE,
    }
    report = report_on(SUMMARY, changes, on=max(SAMPLES_ON, date.fromisoformat(end)))
    assert [finding.rule for finding in report.findings] == ([] if inside else ["within-period"])
    assert report.ok


@pytest.mark.parametrize("end", ["2025-07-01", "2025-06-30", "2024-07-02"])
def test_a_study_ends_after_it_starts(end):
    assert "dates-ordered" in broken(SUMMARY, {"/training/end_date": end})


@pytest.mark.parametrize("day", ["2025-02-29", "2025-13-01", "2025-00-10", "2025-06-31"])
def test_a_day_that_does_not_exist_is_refused(day):
    assert broken(SUMMARY, {"/training/start_date": day}) == ["schema.format"]


@pytest.mark.parametrize("day", ["2025/07/01", "20250701", "2025-7-1", "２０２５-07-01", ""])
def test_a_day_is_written_in_one_way(day):
    assert broken(SUMMARY, {"/training/start_date": day}) == ["schema.pattern"]


# Money


def expenses(training, travel, living, other, total):
    names = ("training", "travel", "living", "other", "total")
    amounts = zip(names, (training, travel, living, other, total), strict=True)
    return {f"/expenses/{name}": amount for name, amount in amounts}


@pytest.mark.parametrize("kind", [float, Decimal])
def test_tenths_add_up_to_the_cent(kind):
    exact = [kind(amount) for amount in ("0.1", "0.2", "0.3", "99999.41", "100000.01")]
    assert broken(SUMMARY, expenses(*exact)) == []
    off = [*exact[:4], kind("100000")]
    assert broken(SUMMARY, expenses(*off)) == ["expenses-sum"]


CENTS = st.integers(0, 2_500_000)


@given(parts=st.tuples(CENTS, CENTS, CENTS, CENTS), gap=st.sampled_from([-1, 0, 1]))
@settings(max_examples=60, deadline=None)
def test_float_and_decimal_amounts_get_the_same_report(parts, gap):
    total = max(sum(parts) + gap, 0)
    amounts = [cents / 100 for cents in (*parts, total)]
    data = with_changes(SUMMARY, expenses(*amounts))
    reports = [check(SUMMARY, numbers_as(kind, data), on=SAMPLES_ON) for kind in (float, Decimal)]
    assert reports[0].to_dict() == reports[1].to_dict()
    rules = [finding.rule for finding in reports[0].findings]
    assert ("expenses-sum" in rules) == (total != sum(parts))
    assert not any(rule.startswith("schema.") for rule in rules)


def test_whole_amounts_may_be_integers_or_not():
    for whole in (100000, 100000.0, Decimal(100000), Decimal("1E+5"), Decimal("100000.00")):
        amounts = {"/funding/provincial": whole, "/funding/unit": Decimal("0.01")}
        assert broken(SUMMARY, amounts) == []


@pytest.mark.parametrize("amount", [0.07, 0.29, 1.1, 19.99, 4.35, 999999999.99])
def test_two_decimals_are_two_decimals_as_float_too(amount):
    for same in (amount, Decimal(str(amount))):
        assert broken(SUMMARY, {"/expenses/other": same})[-1:] != ["schema.multipleOf"]


@pytest.mark.parametrize("amount", [0.005, 10000.005, 0.1 + 0.2, Decimal("0.001"), 1e-7])
def test_a_third_decimal_is_refused(amount):
    assert broken(SUMMARY, {"/expenses/other": amount}) == ["schema.multipleOf"]


@pytest.mark.parametrize(
    ("provincial", "unit", "total", "expected"),
    [
        (100000, 0, 100000, []),
        (100000.01, 0, 100000.01, ["provincial-cap"]),
        (60000, 39999.99, 100000, ["funding-covers"]),
        (60000, 40000, 100000, []),
        (100000, 30000, 100000, []),
        (100000, 30000.01, 100000, ["surplus-with-unit"]),
        (100000, 0, 70000, []),
        (100000, 0, 69999.99, ["surplus-share", "surplus-with-unit"]),
        (100.01, 0, 70.01, []),
        (100.01, 0, 70, ["surplus-share", "surplus-with-unit"]),
        (0, 50000, 50000, []),
        (0, 50000.01, 50000, ["surplus-with-unit"]),
    ],
)
def test_funding_covers_the_expenses_and_leaves_at_most_thirty_percent(
    provincial, unit, total, expected
):
    changes = {"/funding/provincial": provincial, "/funding/unit": unit}
    assert broken(SUMMARY, {**changes, **expenses(0, 0, total, 0, total)}) == expected


def test_paying_the_rest_oneself_is_asked_about_and_not_refused():
    report = report_on(SUMMARY, {"/funding/unit": 0})
    assert [finding.rule for finding in report.findings] == ["funding-covers"]
    assert report.ok


def test_a_study_that_goes_on_is_not_summed_up_yet():
    assert broken(SUMMARY, {"/submitted_on": "2025-12-30"}) == ["not-finished"]
    assert broken(SUMMARY, {"/submitted_on": GONE}, on=date(2025, 12, 30)) == ["not-finished"]
    assert broken(SUMMARY, {"/submitted_on": "2025-12-31"}) == []


def test_the_money_goes_to_the_unit():
    unit = GOOD_DATA[SUMMARY]["unit"]["name"]
    report = report_on(SUMMARY, {"/account/holder": "另一家公司"})
    assert [(f.rule, f.severity) for f in report.findings] == [("holder-is-unit", "warning")]
    assert broken(SUMMARY, {"/account/holder": f" {unit} "}) == []


def test_only_basic_research_is_given_longer():
    longer = {"/person/extension_years": 1}
    assert broken(SUMMARY, {**longer, "/person/basic_research": False}) == ["extension-basic"]
    assert broken(SUMMARY, {**longer, "/person/basic_research": True}) == []


def test_an_unlikely_age_is_asked_about_as_our_own_check():
    for born, found in (("19200101", "warning"), ("20300101", "error")):
        code = f"360102{born}001"
        code += ric.calc_check_digit(code + "0")
        [finding] = report_on(FUNDING, {"/person/id_number": code}).findings
        assert (finding.rule, finding.severity) == ("id-age", found)
        assert finding.citation.article == "常理核对"


NATURAL, SOCIAL, SKILLED = "专业技术人才（自然科学类）", "专业技术人才（社会科学类）", "技能人才"


@pytest.mark.parametrize(
    ("category", "amount", "fits"),
    [
        (NATURAL, 100000, True),
        (NATURAL, 99999.99, False),
        (NATURAL, 200000, True),
        (NATURAL, 200000.01, False),
        (NATURAL, 50000, False),
        (SOCIAL, 50000, True),
        (SOCIAL, 49999.99, False),
        (SOCIAL, 50000.01, False),
        (SKILLED, 50000, True),
        (SKILLED, 100000, False),
    ],
)
def test_the_category_decides_the_amount(category, amount, fits):
    budget = [{"item": "劳务费", "amount": amount}]
    changes = {"/project/amount": amount, "/project/budget": budget, "/person/category": category}
    assert broken(FUNDING, changes) == ([] if fits else ["amount-by-category"])


def test_the_budget_adds_up_to_the_cent():
    rows = [{"item": "劳务费", "amount": 100000.1}, {"item": "其他", "amount": 0.2}]
    assert broken(FUNDING, {"/project/budget": rows, "/project/amount": 100000.3}) == []
    [rule] = broken(FUNDING, {"/project/budget": rows, "/project/amount": 100000.31})
    assert rule == "budget-sum"


# Account or budget code

WANTED = [
    ("省直厅局", "code"),
    ("省属高校", "code"),
    ("中央驻赣单位", "account"),
    ("省属企业", "account"),
    ("设区市所属事业单位", "code"),
    ("设区市所辖企业", "account"),
]
PLACES = {
    SUMMARY: {
        "account": "/account/number",
        "bank": "/account/bank",
        "code": "/account/budget_code",
    },
    FUNDING: {"account": "/unit/account_number", "bank": "/unit/bank", "code": "/unit/budget_code"},
}
FILLED = {"account": "3600105000000525", "code": "360102", "bank": "赣江银行"}
both_forms = pytest.mark.parametrize("form", [SUMMARY, FUNDING], ids=lambda form: form.id)


def said_about(form, kind, *given_):
    """(severity, pointer) of each finding when only these of account and code are filled."""
    filled = {"bank", *given_} if "account" in given_ else set(given_)
    changes = {
        place: FILLED[name] if name in filled else GONE for name, place in PLACES[form].items()
    }
    report = report_on(form, {**changes, "/unit/type": kind})
    assert {finding.rule for finding in report.findings} <= {"account-or-code"}
    return [(finding.severity.value, finding.pointer) for finding in report.findings]


@both_forms
@pytest.mark.parametrize(("kind", "wanted"), WANTED)
def test_the_type_of_unit_decides_between_account_and_code(form, kind, wanted):
    other = "account" if wanted == "code" else "code"
    missing, extra = ("error", PLACES[form][wanted]), ("warning", PLACES[form][other])
    assert said_about(form, kind, wanted) == []
    assert said_about(form, kind) == [missing]
    assert said_about(form, kind, "account", "code") == [extra]
    # 附件1 has no such note: there the one instead of the other only asks.
    instead = [("warning", missing[1])] if form is SUMMARY else [missing, extra]
    assert sorted(said_about(form, kind, other)) == sorted(instead)


@both_forms
def test_other_units_fill_at_least_one(form):
    assert said_about(form, "其他") == [("error", PLACES[form]["account"])]
    assert said_about(form, "其他", "account") == []
    assert said_about(form, "其他", "code") == []
    assert said_about(form, "其他", "account", "code") == []


def test_every_type_of_unit_is_covered():
    types = set(SUMMARY.fields["/unit/type"].schema["enum"])
    assert types == {kind for kind, _ in WANTED} | {"其他"}


# Country or region


@pytest.mark.parametrize(
    "country",
    ["德国", "中国香港", "香港", "中国澳门", "澳门", "中国台湾", "中国 香港", "印度", "中非共和国"],
)
def test_abroad_and_beyond_the_border_is_accepted(country):
    assert broken(SUMMARY, {"/training/country": country}) == []


@pytest.mark.parametrize(
    "country",
    ["中国", "中国江西", "中 国", "中华人民共和国", "内地", "中国大陆", "江西省", "上海", "China"],
)
def test_the_mainland_is_not_abroad(country):
    assert broken(SUMMARY, {"/training/country": country}) == ["abroad"]


@pytest.mark.parametrize("country", ["中国香港", "香 港", "中国澳门", "臺灣", "Hong Kong SAR"])
def test_where_no_embassy_stands_its_proof_is_not_asked_for(country):
    rest = [each for each in GOOD_DATA[SUMMARY]["materials"] if each != "使领馆留学证明"]
    changes = {"/training/country": country, "/materials": rest}
    assert broken(SUMMARY, changes) == []
    assert notes(SUMMARY, changes) == ["local-proof"]
    assert broken(SUMMARY, {**changes, "/materials": rest[1:]}) == ["materials-complete"]
    assert broken(SUMMARY, {"/materials": rest}) == ["materials-complete"]
    assert notes(SUMMARY, {}) == []


# Lists


@pytest.mark.parametrize("material", GOOD_DATA[SUMMARY]["materials"])
def test_each_of_the_four_materials_is_needed(material):
    rest = [other for other in GOOD_DATA[SUMMARY]["materials"] if other != material]
    [finding] = report_on(SUMMARY, {"/materials": rest}).findings
    assert finding.rule == "materials-complete"
    assert f"还缺{material}" in finding.message


def test_repeated_budget_items_are_named_by_row():
    rows = [{"item": "劳务费", "amount": 50000}] * 3
    report = report_on(FUNDING, {"/project/budget": rows, "/project/amount": 150000})
    assert [(finding.rule, finding.pointer) for finding in report.findings] == [
        ("budget-items", "/project/budget/1/item"),
        ("budget-items", "/project/budget/2/item"),
    ]


@pytest.mark.parametrize("item", ["手续费", "管理费", "单位管理费", "项目管理费及税费"])
def test_units_take_no_fee_from_the_grant(item):
    rows = [{"item": item, "amount": 150000}]
    changes = {"/project/budget": rows, "/project/amount": 150000}
    assert "no-management-fee" in broken(FUNDING, changes)


def test_the_former_programme_gets_no_project_money():
    assert broken(FUNDING, {"/person/legacy_programme": True}) == ["legacy-excluded"]
    assert broken(FUNDING, {"/person/legacy_programme": False}) == []
    assert broken(FUNDING, {"/person/legacy_programme": GONE}) == ["schema.required"]


# Three outcomes of a rule


def test_a_rule_that_is_met_says_nothing():
    report = report_on(SUMMARY, {})
    assert report.findings == ()
    assert {rule.rule for rule in report.skipped} == {
        "once-abroad", "extension-basic", "extension-for-basic-research",
        "on-the-list", "title-withdrawn",
    }  # fmt: skip


def test_a_rule_without_its_operand_is_skipped_with_the_reason():
    reasons = skipped(SUMMARY, {"/training/end_date": GONE})
    for rule in ("dates-ordered", "minimum-stay", "within-period", "deadline"):
        assert "研修结束日期" in reasons[rule]
    assert broken(SUMMARY, {"/training/end_date": GONE}) == ["schema.required"]


def test_an_optional_operand_that_is_absent_is_skipped_without_a_finding():
    reasons = skipped(FUNDING, {"/person/id_number": GONE, "/project/budget": GONE})
    assert set(reasons) >= {"id-age", "id-region", "budget-sum", "budget-items"}
    assert broken(FUNDING, {"/person/id_number": GONE, "/project/budget": GONE}) == []


@pytest.mark.parametrize(
    ("pointer", "value", "rules"),
    [
        ("/training/end_date", "2025-02-30", {"dates-ordered", "minimum-stay", "deadline"}),
        ("/funding/provincial", "80000", {"provincial-cap", "funding-covers", "surplus-share"}),
        ("/expenses/other", -1, {"expenses-sum"}),
        ("/expenses", "无", {"expenses-sum", "funding-covers", "surplus-share"}),
        ("/person/id_number", "360600", {"id-matches", "id-age", "id-region", "once-abroad"}),
        ("/unit/type", "国企", {"account-or-code"}),
        ("/materials/1", "护照", {"materials-complete"}),
    ],
)
def test_a_rule_with_a_broken_operand_is_skipped_not_judged(pointer, value, rules):
    reasons = skipped(SUMMARY, {pointer: value})
    assert rules <= set(reasons)
    assert all("有误" in reasons[rule] for rule in rules)
    assert broken(SUMMARY, {pointer: value})[0].startswith("schema.")
    assert not rules & set(broken(SUMMARY, {pointer: value}))


def test_across_submissions_is_left_to_the_batch():
    assert "批量" in skipped(SUMMARY, {})["once-abroad"]
    assert "批量" in skipped(FUNDING, {})["once-project"]


# Order


REQUIRED = [
    field.pointer for section in SUMMARY.sections for field in section.fields if field.required
]


@given(gone=st.sets(st.sampled_from(REQUIRED), min_size=2))
@settings(max_examples=40, deadline=None)
def test_findings_stand_in_the_order_of_the_paper(gone):
    report = report_on(SUMMARY, dict.fromkeys(gone, GONE))
    found = [finding.pointer for finding in report.findings if finding.rule == "schema.required"]
    assert found == [pointer for pointer in REQUIRED if pointer in gone]


def test_rows_stand_in_their_order():
    rows = [{"item": "劳务费", "amount": -1} for _ in range(10)]
    found = report_on(FUNDING, {"/project/budget": rows}).findings
    places = [finding.pointer for finding in found if finding.rule == "schema.minimum"]
    assert places == [f"/project/budget/{row}/amount" for row in range(10)]


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    ),
    pointer=st.sampled_from([*SUMMARY.fields]),
)
@settings(max_examples=300, deadline=None)
def test_whatever_stands_in_a_field_gives_a_report(value, pointer):
    if "*" not in pointer:
        report = report_on(SUMMARY, {pointer: value})
        assert report.form == SUMMARY.id
