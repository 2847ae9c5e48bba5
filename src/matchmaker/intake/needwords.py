"""The words that distinguish a list of needs from a list of parts of one need, in Simplified Chinese and English.

They are words of the language, not of any trade, and have no weights: a line contains such a word or it does not.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_NEEDS: Final = r"(?:需求|难题|问题|难点|难处|瓶颈|困难|困扰|痛点|课题|麻烦|事情|事|烦恼|诉求)"
_SEVERAL_NEEDS: Final = (
    rf"{_NEEDS}(?:主要)?(?:如下|清单|汇总|有(?:以下|下面|[两二三四五六七八九几]))"
    rf"|(?:以下|下面|下列|如下|这|下面这|下述)(?:这)?[些几两三四五六七八九十\d]{{0,2}}(?:个|项|件|条|方面"
    rf"|种)?(?:方面)?的?[^，,。：:]{{0,8}}{_NEEDS}"
    rf"|(?:[几两二三四五六七八九十若多]干?|\d)(?:个|项|件|条|大|方面|处|桩)[^，,。：:]{{0,8}}{_NEEDS}"
    r"|(?i:\b(?:following|these|two|three|four|five|six|several|few|some|couple of)(?: \w+){0,3} "
    r"(?:needs|problems|challenges|issues|headaches|difficulties|questions|requests|topics|tasks|things"
    r"|requirements)\b"
    r"|\b(?:our|open|current|technical) (?:needs|problems|challenges|issues|headaches|requests)\b)"
)
_PARTS: Final = (
    r"要求|指标|目标|参数|条件|内容|包括|包含|步骤|流程|工序|功能|特点|优势|原因|措施|方案|思路|路线|成果|方向"
    r"|模块|组成|分为|关键技术"
    r"|技术关键|关键问题|关键科学|标准|规格|性能|配置|建议|现状|背景|简介|阶段|效果|本项目|该项目|项目拟|课题拟"
    r"|本课题"
    r"|(?i:\b(?:targets?|specifications?|specs?|criteria|steps?|stages?|phases?|features?|functions?|parameters?"
    r"|conditions?"
    r"|causes?|reasons?|options?|should|must|shall|includ\w+|consists? of|objectives?|goals?|deliverables?"
    r"|work packages?"
    r"|scope|process|the (?:project|system|device|product) (?:needs|requires))\b)"
    r"|(?i:\brequirements?\b(?! (?:from|of) (?:our|the) (?:company|plant|factory)))"
)
# The problems of a thing are parts of one need; a company has several needs.
_OF_A_THING: Final = (
    r"(?:项目|课题|系统|装置|设备|产品|样机|机器人|平台|软件|模型|工艺|方法|机|泵|仪|器|材料|阀|车|船|电池|电机"
    r"|传感器)"
    r"(?:中|上|在[^，,。：:]{1,12}|目前|现在|主要|仍然|仍|还|都|也|使用|运行)*(?:有|存在|面临|遇到|碰到|出现"
    r"|的)(?:着|了)?"
    r"(?:以下|如下|下列|这|[几两二三四五六七八九若多])"
    r"|(?:开发|研发|研制|设计|制造|建设)(?:出)?(?:一[种款套台个条]|新型|新一代)"
    r"|(?i:\b(?:develop|build|design|mak|creat)(?:e|ing)? (?:a|an|our) new\b)"
)
_SUBJECT: Final = (
    r"(?i)\b(?:the|our|this|its|that)\s+(?P<subject>[\w -]{2,60}?)\s+(?:has|have|had|suffers? from|shows?|faces?)\b"
)
_OWNERS: Final = frozenset(
    """company factory plant works mill workshop site firm farm hospital group department line lines shop yard team
    business port brewery bakery foundry cold-store store park campus members factories plants""".split()
)
_TROUBLE: Final = (
    r"难以|很难|难于|太难|不好|无法|不能|不了|不住|不准|不够|不足|不稳|不齐|不均|不匀|不到|不上|不清|不知|不会"
    r"|不良|不一|不可靠|没法|没有|缺乏|缺少|过高|过低|过大|过多|过长|过慢|太\w"
    r"|偏高|偏低|偏大|偏差|容易|易[^于用拉\s]|经常|频繁|常常|总是|老是|总会|一直|[^误]差(?!异|别|分|速|压)|慢|漏"
    r"|堵|裂|锈|腐蚀|断|坏|卡|磨损|脱落|起泡|变形"
    r"|报废|返工|退货|投诉|浪费|耗时|费时|费力|全靠|只能靠|靠人|靠老|凭经验|依赖|超标|失效|故障|停机|停线|误报"
    r"|漏检|色差|翘曲|损失|严重|掉|波动|忽高忽低|头疼|难题|滞后|起毛|打滑|跑偏|污染|臭|噪"
    r"|(?i:\b(?:cannot|can't|can not|could not|unable|fail\w*|too|not|never|no longer|hardly|difficult\w*|hard to"
    r"|poor\w*|slow\w*|leak\w*"
    r"|crack\w*|clog\w*|block\w*|break\w*|broken|corro\w+|rust\w*|wear\w*|worn|drift\w*|los[et]s?|losses|losing"
    r"|wast\w+|scrap\w*"
    r"|reject\w*|complain\w*|unreadable|uneven|unstable|noisy|jam\w*|flak\w+|peel\w*|warp\w*|idle|stops?|stuck"
    r"|manual\w*|by hand"
    r"|guess\w*|suffer\w*|trouble\w*|damag\w*|defects?|downtime|melts?|fouling|expensive|costly|shrink\w*|fall\w*"
    r"|don't|do not|does not|without)\b)"
)
_REQUEST: Final = (
    r"希望|想(?!象)|需要|需(?!求)|急需|寻|求(?:购|助|一)|找|怎么|怎样|如何|能否|能不能|有没有|有无|是否有|期望"
    r"|期待|请问|求解|替代|改用|引进"
    r"|(?i:\b(?:need\w*|want\w*|wish\w*|looking for|look for|seek\w*|would like|how (?:to|can|could|do)|is there"
    r"|can (?:you|anyone|somebody)|"
    r"require\w*|search\w*|hope\w*|help)\b)"
)
_RESEARCH: Final = (
    r"(?:研究|开发|研发|研制|建立|设计|构建|搭建|完成|形成|制定|掌握|突破|探索|开展|优化|通过|基于|采用|利用|实现"
    r"|分析|提出|验证|集成|建设|攻克|首先|然后|最后|进行|对)"
    r"|(?i:(?:develop\w*|design\w*|study\w*|investigat\w+|build\w*|establish\w*|analy[sz]\w+|validat\w+|test"
    r"|integrat\w+|creat\w+|defin\w+"
    r"|implement\w*|demonstrat\w+|optimi[sz]\w+|explor\w+|show|let|work|allow|support|provide|use|cut|then"
    r"|finally)\b)"
)
_LIMIT: Final = (
    r"[≥≤＞＜><±≧≦～]|不(?:低|小|少|高|大|多|超|长|短)[于过]|[低小少高大多优]于|达到?\s*\d|以[上下内]|(?:提高"
    r"|降低|减少|缩短|提升|增加)[到至]?\s*\d"
    r"|(?i:\b(?:at least|at most|less than|more than|lower than|higher than|below|above|under|over|within|up to"
    r"|no more than|not exceed\w*|minimum|maximum|max|min)\b)"
)
_QUESTION: Final = r"[?？]\s*$"
_ASKS_FOR_A_WAY: Final = (
    r"怎么|怎样|如何|有没有|能否找|有什么|(?i:\bhow (?:to|can|could|do)\b|\bis there\b|\bwho can\b)"
)
_CONDITION: Final = (
    r"价格|费用|预算|成本|经费|交付|付款|试用|保密|验收|工期|周期不|资料|必须|须|要求|不得|不能超过|设备(?:要|需"
    r"|应)|系统(?:要|需|应)|产品(?:要|需|应)|合作|联系|现场|考察|电话"
    r"|(?i:\b(?:must|shall|should|budget|price|cost|payment|deadline|deliver\w*|confidential\w*|contact|visit"
    r"|required|requires?|please|contract)\b)"
)
_LEADING: Final = (
    r"各位|老师|专家|教授|领导|您好|你好|大家好|以下|下面|如下|下列|请|帮忙|麻烦|看看|推荐|介绍|合适|能做|团队|院所|研究院|研究所|近期"
    r"|近来|本月|本年度|年度|待解决|难事|难处|困扰|几件|几项|企业|谢谢|感谢|此致|敬礼|盼复|清单|汇总"
    r"|(?i:\b(?:dear|professors?|sir|madam|hello|kind|best|regards|thanks?|thank you|open|current|technical|needs"
    r"|issues|headaches|topics|requests|please|following|alone|solve|recommend|institutes?|suitable)\b)"
)
# Words that may occur in any need, and so do not distinguish one subject from another.
_GENERAL: Final = tuple(
    """
    我们公司 我司 我们 他们 公司 企业 工厂 厂里 厂区 车间 生产线 产线 生产 产品 工人 员工 师傅 人员 客户 设备 系统
    装置 机器 技术 工艺 方法 办法 方案 方式 手段 问题 难题 需求 课题 需要 希望 急需 寻求 寻找 想要 想找 想 解决 研究
    开发 研发 研制 设计 改造 改进 优化 提高 提升 降低 减少 避免 防止 实现 采用 进行 使用 利用 应用 管理 控制 检测
    监测 检查 识别 测量 测试 分析 判断 诊断 数据 信息 自动化 自动 智能化 智能 数字化 在线 实时 远程 人工 手工 靠人
    经验 传统 目前 现在 现有 当前 近期 今年 明年 去年 每天 每年 每月 每周 每次 每个 每台 一天 两天 一年 小时 分钟
    经常 频繁 容易 严重 总是 老是 一直 难以 无法 不能 不稳定 稳定 不稳 不准确 不准 准确 精度 效率 质量 成本 能耗 耗能
    时间 速度 产量 良率 合格率 不良率 寿命 性能 功能 效果 要求 指标 左右 以上 以下 以内 比较 非常 特别 很多 较多 较大
    较高 较差 过高 过低 过大 很高 很大 很低 太高 太大 太多 太慢 太低 偏高 偏低 波动 原因 影响 导致 造成 出现 存在
    产生 发现 发生 之后 以后 之前 时候 情况 环境 条件 范围 能够 能否 能不能 是否 可以 如何 怎么 怎样 什么 哪里 有没有
    没有 不到 不知道 知道 国产 进口 替代 供应商 厂家 专家 院所 老师 帮忙 合作 一个 一种 一套 一台 一批 几个 两个 三个
    多个 各种 不同 同一 其他 其它 部分 全部 主要 关键 核心 只能 全靠 而且 但是 因为 所以 如果 由于 以及 或者 并且 需
    另外 此外 还有 也 了 的 是 有 在 和 与 及 或 对 把 被 让 使 将 从 到 向 用 不 要 会 能 可 就 都 还 再 又 很 太 更
    最 较 过 后 前 时 中 上 下 里 内 外 等 个 一 二 两 三 四 五 几 多 少 大 小 高 低 这 那 此 其 为 以 于 者 我 你 它
    他 请 找 做 靠 没 着 吗 呢 吧 之 所 而 且 但 并 则 年 月 日 天 次 人 元 万
    """.split()
)
_GENERAL_ENGLISH: Final = frozenset(
    """
    about above across after again against along also although always among another around because been before
    behind being below between both cannot come company could days does doing done down during each easily either
    enough even ever every factory fails find first from give goes hand hard have having help here hour hours inside
    into issue just keep know last later least less like line long look looking made make makes making many method
    minute minutes more most much must need needs never next nobody nothing often once only other over part parts
    people plant problem problems process product production quality same second several should since some still
    such system take takes technology than that their them then there these they thing things third this those three
    through time times today together under until used using very want week weeks well were what when where which
    while whole will with within without work worker workers works would year years your yield machine machines
    equipment automatic automatically manual manually detect detection monitor monitoring control measure
    measurement reduce improve high higher lower cost costs rate data solution solutions reliable reliably stop
    stops four five percent cause causes develop challenge challenges question questions
    """.split()
)


def only_leads(line: str) -> bool:
    """Whether a line before needs only greets the reader or announces needs, without naming any subject."""
    return not subject_terms(re.sub(_LEADING, " ", line))


def only_thanks(line: str) -> bool:
    """Whether a line after needs only thanks the reader or says goodbye."""
    return not any(map(str.isalnum, re.sub(_LEADING, "", line)))


def speaks_of_parts(lead: str) -> bool:
    """Whether a line announces parts of one need, or the problems of one thing."""
    return _names_a_thing(lead) or bool(re.search(_PARTS, lead) and not _is_counted(lead))


def speaks_of_several(lead: str) -> bool:
    """Whether a line announces several needs."""
    return bool(re.search(_SEVERAL_NEEDS, lead))


def _is_counted(lead: str) -> bool:
    """Whether a line counts needs after its last word of parts: 包括三个问题."""
    ends_of_counts = [match.end() for match in re.finditer(_SEVERAL_NEEDS, lead)]
    ends_of_parts = [match.end() for match in re.finditer(_PARTS, lead)]
    return bool(ends_of_counts) and ends_of_counts[-1] > ends_of_parts[-1]


def _names_a_thing(lead: str) -> bool:
    """Whether the problems are those of a thing (设备存在以下问题; the pump of our plant has), not of a company."""
    if re.search(_OF_A_THING, lead):
        return True
    match = re.search(_SUBJECT, lead)
    return match is not None and match["subject"].casefold().split(" of ")[0].split()[-1] not in _OWNERS


def says_a_need(text: str) -> bool:
    """Whether a text describes trouble or asks for something."""
    return bool(re.search(_TROUBLE, text) or re.search(_REQUEST, text))


def has_limit(text: str) -> bool:
    """Whether a text contains a figure with a limit, as targets do (≥ 95 %, 不低于5年)."""
    return bool(re.search(r"\d", text) and re.search(_LIMIT, text))


def is_research(text: str) -> bool:
    """Whether a text begins with a task of a research project (研究…, develop …)."""
    return bool(re.match(_RESEARCH, text.strip()))


def is_question(text: str) -> bool:
    """Whether a text asks whether or how much, rather than how to do something."""
    return bool(re.search(_QUESTION, text.strip()) and not re.search(_ASKS_FOR_A_WAY, text))


def is_condition(text: str) -> bool:
    """Whether a text states conditions (price, deadline, cooperation) rather than a need."""
    return bool(re.search(_CONDITION, text))


def subject_terms(text: str) -> set[str]:
    """The terms that distinguish subjects: English words and pairs of Chinese characters, without general ones."""
    english = {
        word.removesuffix("s")
        for word in re.findall(r"[a-z][a-z-]{3,}", text.casefold())
        if word not in _GENERAL_ENGLISH and word.removesuffix("s") not in _GENERAL_ENGLISH
    }
    english |= {word.casefold() for word in re.findall(r"(?<![A-Za-z])[A-Z][A-Z0-9]{1,7}(?![A-Za-z])", text)}
    runs = re.findall(r"[\u3400-\u9fff]+", re.sub(_general(), " ", text))
    return english | {run[index : index + 2] for run in runs for index in range(len(run) - 1)}


@lru_cache(maxsize=1)
def _general() -> str:
    return "|".join(sorted(map(re.escape, _GENERAL), key=len, reverse=True))
