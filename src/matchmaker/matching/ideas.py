"""How many specific ideas a need names: its telling words, greetings, filler, buzzwords and trades set aside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from matchmaker.matching.encoder import Encoder
from matchmaker.matching.postings import strings_from, strings_to_array
from matchmaker.matching.profiles import Statement
from matchmaker.text import CHINESE_RUN, WORD, PreparedText

if TYPE_CHECKING:
    from matchmaker.matching.postings import Arrays

LEAST_IDEAS: Final = 2
"""A need with fewer says too little; one with a single idea may still be told by its score."""
_LEAST_TELLING = 1.4  # of a word of the table that counts as an idea; words of every kind of text stay below
_MOST_CHARACTERS = 150  # a longer need is not looked at: it says something

# Who asks, greetings, and what any request says.
_FILLER = """
    老板 领导 董事长 总经理 负责人 公司 企业 单位 工厂 厂家 厂里 车间 集团 客户 我司 我厂 我方 我们 你们 您好 你好
    尊敬 请问 麻烦 谢谢 感谢 想找 寻找 寻求 征集 求助 求推荐 推荐 介绍 咨询 了解 看看 需要 需求 希望 打算 计划 准备
    考虑 要求 必须 今年 明年 目前 现在 有没有 没有 哪家 哪些 哪里 什么 怎么 怎样 如何 能否 是否 可以 能不能 知道
    方面 相关 有关 合适 适合 靠谱 专业 优秀 一流 专家 老师 教授 团队 院校 高校 大学 学校 研究院 研究所 科研院所
    科研机构 科研 机构 供应商 服务商 合作 合作伙伴 对接 洽谈 交流 联系 联合 携手 共同 支持 帮助 帮忙 协助 指导 贵院
    贵所 产学研 一下 一些 一套 一个 一种 一家 东西 事情 问题 难题 困难 瓶颈 技术 工艺 方法 方案 办法 思路 成果 项目
    课题 产品 设备 装置 机器 系统 平台 软件 工具 服务 产业 行业 业务 市场 生产线 产线 生产 制造 加工 应用 研发 开发
    研究 设计 建设 建立 搭建 引进 导入 采购 购买 实现 解决 攻关 突破 探索 推进 推行 推动 落地 打造 不好 不行 太差
    比较 非常
"""
# What is wanted of everything, and what is in fashion.
_BUZZ = """
    人工智能 大模型 大语言模型 机器学习 深度学习 大数据 云计算 区块链 元宇宙 物联网 互联网 工业互联网 数字孪生
    机器人 智能体 智能 智慧 智能化 智慧化 智能制造 数字化 数字化转型 数智化 数智 信息化 自动化 网络化 绿色化 高端化
    国产化 数据 数字 信息 转型 转型升级 升级 改造 升级改造 技改 改进 改善 改良 提升 提高 提质 优化 创新 降低 减少
    增加 增强 加快 降本 增效 降本增效 效率 效益 成本 质量 品质 性能 竞争力 水平 能力 高效 先进 前沿 高端 老旧 新型
    新技术 新产品 新材料 新能源 新质生产力 高科技 黑科技 高质量 可持续 解决方案 一体化 人工 工业 产业链 核心技术
    关键技术
"""
_ENGLISH = """
    hello hi dear sir madam thanks thank regards boss boss's ceo manager management owner company companies firm
    enterprise business factory factories plant plants team teams staff customer customers client partner partners
    partnership cooperation cooperate collaboration collaborate collaborating institute institutes institution
    university universities professor expert experts specialist specialists consultant supplier suppliers vendor
    provider somebody someone anybody anyone something anything everything looking seek seeking find finding search
    searching interested want wants wanted wish hope hoping plan plans planning consider considering know recommend
    recommendation recommendations suggest suggestion advice introduce help helping support supporting assistance
    assist contact talk discuss project projects product products production process processes system systems
    platform platforms software hardware tool tools equipment machine machines machinery device devices service
    services solution solutions technology technologies technical tech technique method methods approach idea ideas
    research develop developing development design designing build building built create creating make making
    implement implementing introduce introducing adopt adopting apply applying application applications provide
    solve solving problem problems issue issues challenge challenges trouble difficulty question questions good
    better best great quality performance efficiency efficient cost costs competitive competitiveness productivity
    improve improving improved improvement improvements increase increasing reduce reducing lower enhance enhancing
    boost optimise optimize optimising optimizing optimisation optimization upgrade upgrading modernise modernize
    modernisation modernization transform transforming transformation innovate innovation innovative advanced modern
    cutting-edge new newest latest state-of-the-art high-tech high tech industry industries industrial manufacturing
    manufacture manufacturer manufacturers market sector field fields area areas possible suitable reliable ai a.i
    artificial intelligence machine-learning deep-learning learning llm llms gpt chatgpt large language model models
    smart intelligent digital digitalise digitalize digitalisation digitalization digitise digitize automation
    automate automated automatic automating robot robots robotics data big cloud blockchain metaverse internet iot
    things stay green sustainable sustainability
"""


def compile_trades(capabilities: Sequence[Sequence[Statement]]) -> Arrays:
    """The keywords of trades among what is said of capabilities, each once."""
    trades = {one.text for said in capabilities for one in said if one.is_keyword and one.facet == "trade"}
    return {"trades": strings_to_array(sorted(trades))}


class Ideas:
    """Tells what specific ideas a need names.

    An idea is a word of the table that is telling, or an English word that the table does not know. What any request
    says, what is in fashion, and the keywords of trades of the profiles are no ideas.

    Args:
        arrays: What ``compile_trades`` gives.
        encoder: The table of words.
    """

    def __init__(self, arrays: Arrays, encoder: Encoder) -> None:
        self._encoder = encoder
        trades = strings_from(arrays["trades"])
        chinese = [*_FILLER.split(), *_BUZZ.split(), *(one for one in trades if CHINESE_RUN.search(one))]
        english = [*_ENGLISH.split(), *(one for one in trades if not CHINESE_RUN.search(one))]
        self._no_ideas = re.compile(
            rf"{_longest_first(chinese)}|(?<![a-z0-9])(?:{_longest_first(english)})(?![a-z0-9])"
        )

    def count(self, problem: PreparedText) -> int:
        """How many different ideas a need names; of a long one that it names enough."""
        if len(problem.said) > _MOST_CHARACTERS:
            return LEAST_IDEAS
        left = self._no_ideas.sub("\n", problem.said)
        cut = self._encoder.lexicon.cut([left])
        told = {int(row) for row in cut.rows[self._encoder.telling(cut.rows) >= _LEAST_TELLING]}
        known = set(cut.places.tolist())
        words = {word.group() for word in WORD.finditer(left) if word.start() not in known}
        return len(told) + sum(any(map(str.isalpha, word)) and len(word) > 1 for word in words)


def are_too_few(n_ideas: int, *, is_strong: bool, asks_service: bool) -> bool:
    """Whether a need says too little to tell who could solve it.

    A single idea is enough where a service is asked for, and where the best institute is a strong match.

    Args:
        n_ideas: What ``Ideas.count`` gives.
        is_strong: Whether its best score reaches the level strong.
        asks_service: Whether it asks for a service.
    """
    if n_ideas >= LEAST_IDEAS:
        return False
    return not (n_ideas and (is_strong or asks_service))


def _longest_first(words: Sequence[str]) -> str:
    return "|".join(map(re.escape, sorted(set(words), key=lambda word: (-len(word), word))))
