from __future__ import annotations

from functools import cache
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker import Matcher, Problem, load_institutes
from matchmaker.asides import asides, blanked
from matchmaker.matching.keywords import place
from matchmaker.text import normalise, prepare

NEED = "注塑件熔接痕明显"
ENGLISH_NEED = "weld lines on our moulded covers"

ASIDES = [
    "您好！",
    "尊敬的李主任：",
    "各位老师好，",
    "张工，您好！",
    "王老师：您好！",
    "不好意思，打扰了。",
    "非常感谢老师百忙之中的指导！",
    "谢谢大家",
    "盼复，谢谢！",
    "期待与贵院合作。",
    "此致\n敬礼",
    "顺颂商祺！\n王小明\n佛山某某五金制品有限公司\n技术部经理\n2026年3月5日",
    "聯絡人：陳先生",
    "联系人：刘工 13900001111",
    "电话：0757-81234567，传真：0757-81234568",
    "邮箱：someone@example.com",
    "微信：abc_12345（同手机）",
    "网址：www.example.com",
    "地址：广州市南沙区某某路18号3楼",
    "更多信息请联系周经理，电话13700002222。",
    "如有意向，欢迎来电咨询。",
    "发自我的手机",
    "发件人：王五 <wang@example.com>",
    "本邮件及其附件含有保密信息，仅供收件人使用。",
    "我司成立于2009年，注册资本800万元，占地60亩，现有员工260人。",
    "公司创立于1998年5月，是国家高新技术企业、省专精特新企业，年产值3.2亿元。",
    "本公司位于佛山市顺德区，成立于2012年，主要产品有电饭煲、电压力锅，产品远销东南亚。",
    "公司始终秉承客户至上的理念。",
    "需求单位：某某塑胶五金厂",
    "是否公开：是",
    "意向合作方式：□技术开发 ☑技术转让 □技术入股",
    "☑新材料 □电子信息 □生物医药",
    "□ 委托开发\n☑ 联合开发",
    "合作方式：联合开发或委托研发均可",
    "项目预算：约50万元",
    "预算面议",
    "填表日期：2026年1月15日",
    "企业技术需求征集表",
    "一、企业基本情况",
    "Dear Professor Wong,",
    "Hello everyone!",
    "I hope this email finds you well.",
    "Thank you very much for your time and help.",
    "We look forward to hearing from you soon.",
    "Best regards,\nAnnie Chan\nGlobal Talent Manager\nAcme Plastics Ltd",
    "Tel: +852 2345 6789 | Fax: +852 2345 6780",
    "E-mail: annie@example.com",
    "Address: 5/F, 88 Example Road, Kwun Tong",
    "Contact person: Annie Chan",
    "Our company was founded in 1998.",
    "We have over 300 employees.",
    "Budget: RMB 500,000",
    "Please feel free to contact us for more information.",
    "This e-mail is confidential and intended only for the person it is addressed to.",
    "Sent from my iPhone",
    "From: Annie Chan <annie@example.com>",
    "Sincerely,\nPeter Ng\nSales Director",
]
NEEDS = [
    "高温老化试验后手机外壳变形",
    "联系人识别算法误报",
    "成立专班攻关焊缝气孔",
    "电话录音转文字错字多",
    "手机：外壳跌落后开裂",
    "邮箱里的订单要自动录入系统",
    "微信小程序打开慢",
    "地址解析不准，快递分错路区",
    "网址钓鱼要自动识别",
    "签名笔迹真伪要鉴定",
    "感谢信自动生成软件的用词生硬",
    "预算编制靠手工，部门之间对不上",
    "资金流向异常要预警",
    "合作社的冷库耗电高",
    "需求：铸铝件砂眼多",
    "需求名称：玻璃划痕自动检查",
    "技术指标：漏检率不超过千分之一",
    "员工300人进出厂门要三十秒内过完",
    "占地不超过2平方米的烘干设备",
    "整机占地面积2平方米以内",
    "建立于2015年的数据库查询慢",
    "管网始建于1987年并且漏水",
    "我司成立于2003年的老厂区电费偏高",
    "工程师画图要三天，想自动出图",
    "博士团队做的算法要移植到单片机",
    "高新区污水提标",
    "ISO 9001文件太多，要自动归档",
    "专利5件想转让",
    "投资回报要两年以内",
    "位于海边的泵站腐蚀快",
    "日期喷码模糊，机器认不出",
    "祝酒杯杯口毛刺多",
    "敬老院老人跌倒要报警",
    "欢迎辞语音播报卡顿",
    "麻烦的是拐角处焊不到",
    "以上三种胶都粘不住",
    "我们是做压铸的，气孔多",
    "公司主要生产不锈钢水杯，内壁抛光发黑",
    "☑ 提高效率 □ 降低噪声",
    "Best-before dates are printed unreadably",
    "Hello Kitty toys crack at the seam",
    "Dear customers complain about noise",
    "Thanks to high humidity the labels peel off",
    "Contact resistance of the relay rises",
    "Phone housings warp at 60 degrees",
    "Mail sorting robots drop thin letters",
    "We have 300 employees who clock in by hand",
    "Please suggest a coating that survives salt spray",
    "From: 20 to 80 degrees the seal leaks",
    "Sent parts arrive scratched",
    "Our company needs a faster way to find leaks",
    "Regards the pump, its bearing fails within weeks",
    "Web tension varies when the roll changes",
    "Fax machines of the hospital must be replaced by secure messages",
]
PIECES = [*ASIDES, *NEEDS, "，", "。", "\n", "；", " ", ". ", "、", "：", "□"]
MESSAGES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)


def rest(text: str) -> str:
    """What counts, without the marks and spaces beside it."""
    normalised = normalise(text)
    return blanked(normalised, asides(normalised)).replace("。", " ").strip(" \n,.;!")


@pytest.mark.parametrize("aside", ASIDES)
def test_an_aside_does_not_count_before_or_after_a_need(aside: str) -> None:
    assert rest(f"{aside}\n{NEED}。") == NEED
    assert rest(f"{NEED}。\n{aside}") == NEED
    assert rest(f"{ENGLISH_NEED}.\n{aside}") == ENGLISH_NEED


@pytest.mark.parametrize("need", NEEDS)
def test_what_only_looks_like_an_aside_counts(need: str) -> None:
    label, colon, value = normalise(need).partition(":")
    kept = value if colon and label in {"需求", "需求名称", "技术指标"} else normalise(need)
    assert rest(f"{need}\n{NEED}") == f"{kept}\n{NEED}"
    assert rest(f"{NEED}。\n{need}").replace(" ", "") == f"{NEED}\n{kept}".replace(" ", "")


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("我司成立于2003年，现因产品开裂需要新配方。", "现因产品开裂需要新配方"),
        ("您好，泵站夜里漏水，找不到漏点，谢谢！", "泵站夜里漏水,找不到漏点"),
        ("您好我司的胶条冬天发硬", "我司的胶条冬天发硬"),
        ("贴标歪斜 谢谢", "贴标歪斜"),
        ("我司是一家做铝合金压铸的高新技术企业，成立于2003年。气孔多。", "气孔多"),
        ("我司是一家做铝合金压铸的企业。气孔多。", "我司是一家做铝合金压铸的企业 气孔多"),
        ("我司成立于2003年，主要产品是铝合金压铸件，气孔多。", "主要产品是铝合金压铸件,气孔多"),
        ("Hi team, the pump leaks, thank you!", "the pump leaks"),
        ("Our company was founded in 1998, but the old boilers rust through.", "but the old boilers rust through"),
    ],
)
def test_clauses_are_told_apart_within_a_sentence(text: str, counted: str) -> None:
    assert rest(text) == counted


@pytest.mark.parametrize(
    "text", ["谢谢", "您好！", "联系人：刘工 13900001111", "Best regards,\nAnnie Chan", "您好，谢谢！"]
)
def test_a_text_of_nothing_but_asides_counts_as_it_is(text: str) -> None:
    asked = prepare(text)
    assert asides(asked.normalised.text) == []
    assert asked.counted == asked.told == asked.normalised.text


def test_the_title_is_the_first_line_that_counts() -> None:
    asked = prepare("您好，\n尊敬的专家：\n我司的胶条冬天发硬，谢谢。\n夏天又发粘")
    assert asked.title.keys() >= {"胶条", "发硬"}
    assert not asked.title.keys() & {"您好", "专家", "谢谢", "发粘"}
    assert asked.told == "我司的胶条冬天发硬\n夏天又发粘"
    assert list(asked.parts) == ["我司的胶条冬天发硬", "夏天又发粘"]


@cache
def matcher() -> Matcher:
    return Matcher(load_institutes())


LEAK = "供水管网夜间漏损，听音找不到漏点，想在线监测压力。"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("您好，\n", "\n谢谢！"),
        ("尊敬的专家：\n", "\n此致\n敬礼\n王小明\n佛山某某智能无人机有限公司\n电话：0757-81234567"),
        ("", "\nBest regards,\nAnnie Chan\nGlobal Talent Manager\nAcme Technology Transfer Ltd\nannie@example.com"),
        ("☑新材料 □海洋装备 □人工智能\n", "\n意向合作方式：□技术转让 ☑专利许可 □人才引进"),
        ("需求单位：某某工业机器人公司\n", "\n我司成立于2003年，是国家高新技术企业，员工300人。"),
    ],
)
def test_scores_and_reasons_are_those_of_the_need_alone(before: str, after: str) -> None:
    alone, dressed = matcher().match([Problem(description=LEAK), Problem(description=before + LEAK + after)], top=None)
    assert [(match.institute, match.score) for match in dressed.matches] == [
        (match.institute, match.score) for match in alone.matches
    ]
    shift = len(before)
    for one, other in zip(alone.matches, dressed.matches, strict=True):
        assert one.similarities == other.similarities
        assert [(reason.term, reason.found, (reason.start or 0) + shift) for reason in one.reasons] == [
            (reason.term, reason.found, reason.start) for reason in other.reasons
        ]


def test_thanks_do_not_stand_under_what_nothing_covers() -> None:
    problem = Problem(description=f"您好！{LEAK}奶茶要少糖。\n谢谢！")
    institutes = {institute.id: institute for institute in matcher().registry.institutes}
    explained = matcher().explain(problem, institutes["giii"])
    assert [reason.found for reason in explained.uncovered] == ["奶茶要少糖"]
    assert not any("谢谢" in mark.found or "您好" in mark.found for mark in explained.marks)


def test_a_signature_is_no_reason_for_a_talent_pool() -> None:
    text = "Weld lines show on our moulded covers.\n\nKind regards,\nAnnie Chan\nHead of Global Talent\nAcme Ltd"
    (shortlist,) = matcher().match([Problem(description=text)], top=None)
    assert not any("talent" in reason.found.lower() for match in shortlist.matches for reason in match.reasons)


@pytest.mark.parametrize(
    "text",
    ["海工项目，水下机械手抓不稳", "供水管，网压力低，漏损检。测不出", "pipes leak, detection is slow"],
)
def test_no_reason_quotes_across_a_mark(text: str) -> None:
    (shortlist,) = matcher().match([Problem(description=text)], top=None)
    found = [reason.found for match in shortlist.matches for reason in match.reasons if reason.kind == "keyword"]
    assert found
    assert not [quoted for quoted in found if set(quoted) & set("，。,\n")]


@given(MESSAGES | st.text(max_size=60))
def test_positions_point_into_the_original(text: str) -> None:
    asked = prepare(text)
    assert len(asked.counted) == len(asked.normalised.text)
    for start, end in asked.spans:
        assert asked.counted[start:end] == asked.normalised.text[start:end]
        first, last = asked.normalised.span(start, end)
        assert 0 <= first < last <= len(text)


@pytest.mark.parametrize(
    "piece",
    [
        "谢谢 ",
        "复√ ",
        "□，",
        "现有",
        "工程技术",
        "2018年",
        "请联系",
        "同微信，",
        "此致\n",
        "公司位于",
        "thanks for your help and ",
    ],
)
def test_texts_made_to_be_slow_are_not(piece: str) -> None:
    times = []
    for size in (4_000, 16_000):
        start = process_time()
        prepare(piece * (size // len(piece)) + "x")
        times.append(process_time() - start)
    assert times[1] < 8 * times[0] + 0.5  # where time grows with the square, it is 16 times as long


@given(st.lists(st.sampled_from([*ASIDES, *NEEDS]), min_size=1, max_size=8).map("\n".join))
def test_removing_asides_once_is_enough(text: str) -> None:
    asked = prepare(text)
    assert prepare(asked.told).told == asked.told


@given(MESSAGES)
def test_what_counts_is_never_all_removed(text: str) -> None:
    asked = prepare(text)
    assert any(map(str.isalnum, asked.told)) == any(map(str.isalnum, asked.normalised.text))
    stretches = asides(asked.normalised.text)
    assert all(start < end for start, end in stretches)
    assert all(one[1] < other[0] for one, other in pairwise(stretches))


@pytest.mark.parametrize(
    ("keyword", "text", "found"),
    [
        ("水下机器人", "海工项目，水下机械手抓不稳", "水下机"),
        ("项目水下机器人", "海工项目，水下机械手抓不稳", "水下机"),
        ("柔性引才", "走柔性引进这条路", "柔性引"),
        ("global talent pool", "we have a global.\ntalent pools are small", "talent pools"),
        ("0.5mm薄壁铸造", "厚0.5mm薄壁件铸造", "0.5mm薄壁件铸"),
    ],
)
def test_a_fuzzy_keyword_is_shown_within_one_clause(keyword: str, text: str, found: str) -> None:
    normalised = normalise(text)
    start, end = place(keyword, normalised)
    assert normalised[start:end] == found


@given(
    st.lists(st.sampled_from(["水下", "机器人", "漏损", "检测", "leak", "，", "。", "\n", "、", " "]), max_size=12).map(
        "".join
    )
)
def test_no_keyword_is_shown_across_a_mark(text: str) -> None:
    start, end = place("水下漏损检测机器人", text)
    if any(map(str.isalnum, text)):
        assert not set(text[start:end]) & set("，。、\n")
