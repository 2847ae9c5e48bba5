"""Whether a need asks for a service (incubation, patents, talent, testing, a site) and not for a technical solution."""

from __future__ import annotations

import re

from matchmaker.text import PreparedText

_CHINESE = (
    "孵化 入驻 场地 办公室 园区 落户 融资 投资人 风投 贷款 补贴 扶持 政策 申报 资质认定 高企认定 专利 "
    "知识产权 商标 软著 著作权 人才 招聘 招人 引才 博士 实习 培训 培养 课程 认证 检验 检测 测试 测评 评测 "
    "试验 标定 校准 鉴定 验收 评估 评价 技术转移 成果转化 技术交易 技术合同 登记 挂牌 找专家 请专家 "
    "特派员 对接会 路演 大赛 加速器 共享实验 仪器共享 商业计划 尽职调查 技术经理人"
)
_ENGLISH = (
    r"incubat\w*", "office space", "premises", "co-?working", "accelerator", "fund(?:ing|s)?", r"invest\w*", "loan",
    r"subsid\w*", "grant", "polic(?:y|ies)", r"patent\w*", "intellectual property", "trade ?marks?", "copyright",
    r"licen[cs]\w*", r"talent\w*", r"recruit\w*", "hir(?:e|ing)", "interns?(?:hip)?", "train(?:ing|ed)?", "courses?",
    r"certif\w*", r"inspect\w*", "test(?:s|ed|ing)?", r"calibrat\w*", r"apprais\w*", "acceptance", r"evaluat\w*",
    "technology transfer", r"commerciali[sz]\w*", "valuation", "due diligence", "roadshow", "experts?", "business plan",
)  # fmt: skip
_ASKED = re.compile("|".join([*_CHINESE.split(), rf"\b(?:{'|'.join(_ENGLISH)})\b"]))


def asks_for_service(problem: PreparedText) -> bool:
    """Whether words of a service stand in a problem. Broad: it decides only whether services may match at all."""
    return _ASKED.search(problem.said) is not None
