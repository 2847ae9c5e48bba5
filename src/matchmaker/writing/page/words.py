"""The words of the report page in Chinese and English, beside those that all files share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from matchmaker.domain import Language
from matchmaker.writing import WORDS, level_names

REPORT_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    **WORDS,
    # the page
    "page_title": ("{title} · 机构匹配报告", "{title} · Matching report"),
    "listing_title_broker": (
        "机构匹配报告：{n:,} 项需求",
        "Matching report: {n:,} problem|Matching report: {n:,} problems",
    ),
    "listing_title_enterprise": (
        "候选机构：{n:,} 项需求",
        "Candidate institutes for {n:,} problem|Candidate institutes for {n:,} problems",
    ),
    "listing_title_institute": (
        "与贵单位相关的企业技术需求：{n:,} 项",
        "{n:,} technical problem for your institute|{n:,} technical problems for your institute",
    ),
    "kicker": ("机构匹配报告", "Matching report"),
    "kicker_enterprise": ("候选机构，供参考", "Candidate institutes, for your consideration"),
    "kicker_institute": ("企业技术需求，供贵单位审阅", "An enterprise's technical problem, for your review"),
    "skip": ("跳到正文", "Skip to content"),
    # the shortlist
    "shortlist": ("候选名单", "Shortlist"),
    "near_misses": ("最接近的机构", "Nearest institutes"),
    "leads": ("目前的线索", "Leads so far"),
    "leads_note": ("以下机构仅是线索，问清后再看。", "These are leads only; match again with the answers."),
    "near_misses_note": (
        "以下机构最接近，但不建议据此联系。",
        "These come nearest, but none of them is worth a call on this alone.",
    ),
    "institute_capability": ("机构与能力", "Institute and capability"),
    "chart": (
        "横条为评分，整条为 1.00；竖线为等级下限：{level_weak} {weak:.2f}，{level_fair} {fair:.2f}，"
        "{level_strong} {strong:.2f}。",
        "Bars show the score, a whole bar is 1.00; the lines are the least score of each level: {level_weak} "
        "{weak:.2f}, {level_fair} {fair:.2f}, {level_strong} {strong:.2f}.",
    ),
    "in_order": ("按相关程度排列。", "In order of relevance."),
    "relevance": ("相关程度", "Relevance"),
    "nobody": ("没有可列出的机构。", "There is no institute to list."),
    "whom_to_ask": ("可以联系", "Whom to ask"),
    # one match
    "why": ("为什么匹配", "Why it matches"),
    "reason_sentence": ("语义最接近的语句", "Sentence closest in meaning"),
    "in_problem": ("原文作", "in the problem: "),
    "no_reason": ("没有找到明显的关键词或语句。", "No clear keyword or sentence was found."),
    "no_evidence": ("资料中没有列出依据。", "The profile lists no evidence."),
    "evidence_below": ("依据见“{name}”", "Evidence: see “{name}”"),
    "not_covered_long": ("资料未覆盖的部分", "What the profile does not cover"),
    "marked_here": ("在需求原文中的位置", "Where this stands in the problem"),
    # the problem
    "problem_text": ("需求原文", "The problem as stated"),
    "legend_for": ("标记对应{name}：", "Marked for {name}:"),
    "legend_plain": ("标记：", "Marked:"),
    "mark_keyword": ("关键词", "keyword"),
    "mark_sentence": ("语义最接近的语句", "sentence closest in meaning"),
    "field_keywords": ("关键词", "Keywords"),
    "field_description": ("描述", "Description"),
    "field_targets": ("技术指标", "Targets"),
    "field_conditions": ("条件", "Conditions"),
    "field_industry": ("行业", "Industry"),
    "field_enterprise": ("企业", "Enterprise"),
    "field_region": ("地区", "Region"),
    "field_budget": ("预算", "Budget"),
    "field_deadline": ("期限", "Deadline"),
    "field_cooperation": ("合作方式", "Cooperation"),
    "field_tried": ("已尝试", "Tried so far"),
    "field_id": ("编号", "Id"),
    "yuan": ("{amount} 元", "CNY {amount}"),
    "some_enterprise": ("某企业", "an enterprise"),
    "other_institute": ("其他机构", "another institute"),
    # many problems
    "summary": ("概况", "Summary"),
    "count_problems": ("需求", "problem|problems"),
    "count_matched": ("有合适机构", "matched"),
    "count_unclear": ("说得太少、要先问", "too vague, to be asked back"),
    "count_none": ("没有合适机构", "without a fitting institute"),
    "count_rejected": ("行未能读取", "row rejected|rows rejected"),
    "load": ("各机构的首选次数", "First places per institute"),
    "load_caption": (
        "每项需求只计名次第一且值得联系的机构；绿色为“{level_strong}”，蓝色为“{level_fair}”。",
        "Each problem counts once, for the institute that stands first and is worth a call: green is "
        "“{level_strong}”, blue “{level_fair}”.",
    ),
    "first_places": ("首选", "First"),
    "of_them_strong": ("其中{level_strong}", "{level_strong}"),
    "nobody_fits": ("没有合适的机构", "No institute fits"),
    "list": ("需求清单", "Problems"),
    "list_caption": (
        "每项需求的最佳机构；展开“详情”查看候选名单、理由和原文。",
        "The best institute for each problem; open “Details” for the shortlist, the reasons and the text.",
    ),
    "list_institute": ("适合贵单位的需求", "Problems that suit your institute"),
    "list_institute_caption": (
        "经初步筛选、与贵单位相关的企业技术需求；展开“详情”查看理由和原文。",
        "Problems of enterprises picked for your institute; open “Details” for the reasons and the text.",
    ),
    "list_empty": ("没有可列出的需求。", "There is no problem to list."),
    "title": ("需求", "Problem"),
    "verdict": ("结论", "Verdict"),
    "verdict_matched": ("已匹配", "matched"),
    "verdict_unclear": ("说得太少，先问", "too vague, ask back"),
    "verdict_none": ("无合适机构", "none fits"),
    "best_institute": ("最佳机构", "Best institute"),
    "details": ("详情", "Details"),
    "search": ("查找", "Search"),
    "all_levels": ("全部等级", "All levels"),
    "all_institutes": ("全部机构", "All institutes"),
    "reset": ("重置", "Reset"),
    "shown_of": ("显示 {n} / {n_all} 项", "{n} of {n_all} shown"),
    "short_note": (
        "需求超过 {most:,} 项，详情从简：原文只列开头，不列名次靠后而不合适的机构，也不列未覆盖的部分。"
        "单项的完整报告请用 matchmaker report 另行生成。",
        "With more than {most:,} problems the details are short: the beginning of each text, no institute that neither "
        "fits nor stands first, nothing about what is not covered. Make a page of one problem for the whole of it.",
    ),
    "left_out": (
        "另有 {n:,} 项只计入概况，未列出；全部结果请用 matchmaker batch 输出为表格。",
        "{n:,} more problem counts in the summary but is not listed; write a table for all of them.|"
        "{n:,} more problems count in the summary but are not listed; write a table for all of them.",
    ),
    "evidence_all": ("能力与依据", "Capabilities and evidence"),
    # the foot
    "how_to_read": ("如何理解评分", "How to read the score"),
    "how_score": (
        "评分是 0 到 1 之间经校准的比例：这样的需求与机构中，评判者认为值得联系的占多少。",
        "The score is a calibrated share from 0 to 1: of such pairs of a need and an institute, how many assessors "
        "find worth a call.",
    ),
    "how_levels": (
        "{strong:.2f} 起为“{level_strong}”，{fair:.2f} 起为“{level_fair}”，{weak:.2f} 起为“{level_weak}”，"
        "更低为“{level_none}”。",
        "From {strong:.2f} the level is “{level_strong}”, from {fair:.2f} “{level_fair}”, from {weak:.2f} "
        "“{level_weak}”, below that “{level_none}”.",
    ),
    "how_levels_only": (
        "等级说明下一步怎么做，由程序依机构公开资料得出：“{level_strong}”和“{level_fair}”值得联系，后者先问清再定；"
        "“{level_weak}”和“{level_none}”不建议据此联系。",
        "The level says what to do next, as worked out by a program from public records: “{level_strong}” and "
        "“{level_fair}” are worth a call, the second to be sounded out before anything is promised; “{level_weak}” and "
        "“{level_none}” are not worth a call on this alone.",
    ),
    "how_confirm": (
        "结果依据公开资料得出，尚未与机构确认，请以双方沟通为准。",
        "It rests on public records and has not been confirmed by the institutes; talks decide.",
    ),
    "provenance": ("本报告的由来", "How this page was made"),
    "made_by": ("程序", "Program"),
    "made_settings": ("设置指纹", "Settings"),
    "made_profiles": ("机构资料指纹", "Profiles"),
    "made_institutes": ("参与比较的机构", "Institutes compared"),
    "made_source": ("输入文件", "Input"),
    # what can be forwarded
    "letters": ("可转发的文字", "Text to forward"),
    "letter_enterprise": ("致企业", "To the enterprise"),
    "letter_institute": ("致{name}", "To {name}"),
    "dear_enterprise": (
        "您好！针对贵单位提出的需求“{title}”，我们根据机构公开资料初步筛选出 {n} 家可能合适的机构，供参考。",
        "Thank you for telling us about your problem “{title}”. From public records we have picked {n} institute that "
        "may be able to help.|Thank you for telling us about your problem “{title}”. From public records we have "
        "picked {n} institutes that may be able to help.",
    ),
    "dear_enterprise_end": (
        "以上结果尚未与机构确认。如有意向，请回复我们，我们协助联系。",
        "None of this has been confirmed by the institutes yet. If you would like to talk to one of them, please "
        "let us know and we will help to make contact.",
    ),
    "dear_enterprise_unclear": (
        "您好！收到贵单位的需求“{title}”。要推荐合适的机构，还请补充以下几点：",
        "Thank you for telling us about your problem “{title}”. To recommend the right institute we need to know more:",
    ),
    "dear_enterprise_none": (
        "您好！针对贵单位提出的需求“{title}”，我们目前没有找到合适的研究机构。",
        "Thank you for telling us about your problem “{title}”. At present we have found no institute that fits.",
    ),
    "dear_enterprise_ask": (
        "建议联系{name}，由其协助寻找专家；也欢迎补充技术细节，我们再次匹配。",
        "We suggest asking {name}, which can help to find an expert. With more technical detail we will gladly look "
        "again.",
    ),
    "dear_enterprise_more": (
        "欢迎补充技术细节，我们再次匹配。",
        "With more technical detail we will gladly look again.",
    ),
    "dear_listing_enterprise": (
        "您好！针对贵单位提出的各项需求，我们根据机构公开资料初步筛选出可能合适的机构，供参考。",
        "Thank you for telling us about your problems. From public records we have picked institutes that may be able "
        "to help.",
    ),
    "dear_institute": (
        "您好！我们收到一项企业技术需求“{title}”，可能与贵单位的能力“{capability}”有关，现附上需求与理由，请审阅。",
        "We have received an enterprise's technical problem, “{title}”. It may concern your capability "
        "“{capability}”; the problem and our reasons are set out here for your review.",
    ),
    "dear_listing_institute": (
        "您好！以下企业技术需求与贵单位的能力较为相关，现附上需求与理由，请审阅。",
        "The following technical problems of enterprises look relevant to your capabilities; the problems and our "
        "reasons are set out here for your review.",
    ),
    "enterprise_unnamed": (
        "企业名称暂不公开；如有意对接，请回复我们，我们协助联系。",
        "The enterprise is not named for now; if you are interested, please let us know and we will help to make "
        "contact.",
    ),
    "enterprise_named": (
        "提出需求的企业为{name}；如有意对接，请回复我们，我们协助联系。",
        "The problem comes from {name}; if you are interested, please let us know and we will help to make contact.",
    ),
    "letter_line": ("{rank}. {name}（{level}）：{capability}", "{rank}. {name} ({level}): {capability}"),
    "fits_institute": ("依公开资料判断：{level}", "Judged by public records: {level}"),
    "fits_institute_score": (
        "依公开资料判断：{level}（评分 {score}）",
        "Judged by public records: {level} (score {score})",
    ),
}
"""Chinese and English of everything on the page; an English entry with ``|`` is singular | plural, by ``n``."""


def say(key: str, language: Language, /, **values: object) -> str:
    """The entry ``key`` of ``REPORT_WORDS`` in this language, filled in, in the number of ``n``."""
    one, _, many = REPORT_WORDS[key][language == "en"].partition("|")
    return (many if many and values.get("n") != 1 else one).format(**level_names(language), **values)
