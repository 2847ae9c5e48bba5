"""A small made-up world for tests: three institutes, their sources, and the answers to a few problems."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matchmaker.domain import (
    Alliance,
    Basis,
    Capability,
    Citation,
    Evidence,
    Figure,
    Institute,
    Level,
    Match,
    MatchedCapability,
    NamedItem,
    Problem,
    Reason,
    Registry,
    Removal,
    Requirements,
    Shortlist,
    Source,
    Term,
    Text,
)
from matchmaker.matching.similarity import Reading


def table_of(reading: Reading, n_problems: int, n_capabilities: int) -> NDArray[np.float64]:
    """What a similarity gives for all pairs: shape (problems, capabilities)."""
    every = np.divmod(np.arange(n_problems * n_capabilities), max(n_capabilities, 1))
    return reading.of_pairs(*every, {}).reshape(n_problems, n_capabilities)


SEARCH_PATH = os.pathsep.join(map(str, (Path(__file__).parent, *sorted(Path(__file__).parent.glob("[a-z]*/")))))
"""Where other processes find the modules of tests."""

WATER = Text(zh="供水管网漏损检测", en="Leak detection in water networks")
VISION = Text(zh="机器视觉质检", en="Machine-vision inspection")
ALPHA = Text(zh="甲工业智能研究院", en="Alpha Institute of Industrial Intelligence")
BETA = Text(zh="乙软件应用技术研究院", en="Beta Institute of Software Application Technology")
CENTRE = Text(zh="丙技术转移中心", en="Gamma Technology Transfer Centre")


def small_registry() -> Registry:
    """Two research institutes, a transfer centre, an alliance; own, parent's and inferred capabilities; a copy."""
    return Registry(
        institutes=(_alpha(), _beta(), _centre()),
        sources={
            "NEWS": Source(
                title=Text(zh="漏损检测项目验收", en="Leak detection accepted"),
                publisher=Text(zh="示例日报", en="Example Daily"),
                date="2024-05-06",
                url="https://example.org/water/2024",
                quality="P",
            ),
            "COPY": Source(
                title=Text(zh="视觉质检上线", en="Inspection goes live"),
                date="not shown",
                copy=True,
                copy_url="https://example.org/copied",
                quality="M",
            ),
        },
        alliance=_alliance(),
        fingerprint="sha256:feed",
    )


def _alpha() -> Institute:
    water = Capability(
        id="alpha-water",
        name=WATER,
        summary=Text(zh="用压力数据找出漏水点。", en="Finds leaks from pressure data."),
        strength="A",
        keywords=(
            Term(zh="漏损检测", en="leak detection"),
            Term(zh="管道漏水", en="leaking pipe", inferred=True),
        ),
        industries=(Term(zh="供水企业", en="water utilities"),),
        evidence=(Evidence(claim=Text(zh="在两个城市应用", en="Used in two cities"), year=2024, source="NEWS"),),
    )
    return Institute(
        id="alpha",
        name=ALPHA,
        aliases=("AIII",),
        place=Text(zh="广州", en="Guangzhou"),
        website="https://example.org/alpha",
        summary=Text(zh="研究工业智能。", en="Works on industrial intelligence."),
        sources=("NEWS",),
        capabilities=(water,),
    )


def _beta() -> Institute:
    vision = Capability(
        id="beta-vision",
        name=VISION,
        strength="B",
        via_parent=True,
        keywords=(Term(zh="表面缺陷", en="surface defects"),),
        evidence=(Evidence(claim=Text(zh="上级单位的产线", en="A line of the parent"), year=2021, source="COPY"),),
    )
    return Institute(
        id="beta",
        name=BETA,
        parent=Text(zh="丁研究所", en="Delta Research Institute"),
        capabilities=(
            Capability(id="beta-data", name=Text(zh="数据治理", en="Data governance"), inferred=True),
            vision,
        ),
    )


def _centre() -> Institute:
    return Institute(
        id="centre",
        name=CENTRE,
        role="transfer_centre",
        capabilities=(Capability(id="centre-ip", name=Text(zh="知识产权服务", en="IP services")),),
    )


def _alliance() -> Alliance:
    return Alliance(
        name=Text(zh="示例联盟", en="Example Alliance"),
        note=Text(zh="原文为“目前”，可能是累计数。", en="The source says so far, so it may be cumulative."),
        reported="2025",
        period="2024",
        source="NEWS",
        figures=(
            Figure(
                key="events",
                value=30,
                at_least=True,
                unit=Text(zh="场", en="events"),
                label=Text(zh="供需对接活动", en="Matchmaking events"),
            ),
            Figure(
                key="problems_solved",
                value=1172,
                unit=Text(zh="项", en="problems"),
                label=Text(zh="解决企业技术难题", en="Enterprise technical problems solved"),
            ),
            Figure(
                key="benefit_cny",
                value=3_600_000_000,
                at_least=True,
                unit=Text(zh="元", en="yuan"),
                label=Text(zh="经济社会效益", en="Economic and social benefit"),
                source="COPY",
                year=2023,
            ),
        ),
    )


def match_example(
    rank: int = 1,
    institute: str = "alpha",
    *,
    score: float = 0.8712341,
    level: Level = "strong",
    reasons: Sequence[Reason] | None = None,
) -> Match:
    """A match of ``alpha`` with an own capability, or of any other institute through its parent."""
    is_own = institute == "alpha"
    found = Reason(kind="keyword", term="漏损检测", found="漏损点", similarity=0.8, start=12, end=15)
    inferred = Reason(kind="keyword", term="管道漏水", found="管道漏水", similarity=1.0, inferred=True)
    name, capability = (ALPHA, WATER) if is_own else (BETA if institute == "beta" else CENTRE, VISION)
    return Match(
        rank=rank,
        institute=institute,
        name=name,
        score=score,
        level=level,
        capability=MatchedCapability(
            id=f"{institute}-{'water' if is_own else 'vision'}",
            name=capability,
            via_parent=not is_own,
            strength="A" if is_own else "B",
        ),
        similarities={"keywords": 0.62, "lexical": 0.4100004, "semantic": 0.88},
        basis=Basis(via_parent=not is_own, strength="A" if is_own else "B", year=2024 if is_own else None),
        reasons=(found, inferred) if reasons is None else tuple(reasons),
        evidence=(
            Citation(
                claim=Text(zh="在两个城市应用", en="Used in two cities"),
                year=2024 if is_own else None,
                source="https://example.org/water/2024" if is_own else "视觉质检上线，日期不详",
                via_parent=not is_own,
                copy=not is_own,
            ),
        ),
    )


def shortlist_example(problem: Problem | None = None) -> Shortlist:
    """A problem that ``alpha`` fits strongly; ``beta`` is a near miss through its parent, the centre was removed."""
    return Shortlist(
        problem=problem or Problem(id="P-001", title="供水管网漏损严重", description="产销差高，漏损点难以定位。"),
        verdict="matched",
        matches=(match_example(), match_example(2, "beta", score=0.3, level="weak")),
        fallback=NamedItem(id="centre", name=CENTRE),
        removed=(Removal(institute="centre", name=CENTRE, limit="require.role: research_institute"),),
        settings="sha256:5e77",
        institutes="sha256:feed",
    )


def unmatched_example(problem: Problem | None = None) -> Shortlist:
    """A problem that no institute fits; ``beta`` is the only near miss."""
    return Shortlist(
        problem=problem or Problem(id="P-002", title="Marketing film for a tea brand", description="Two minutes long."),
        verdict="none",
        matches=(match_example(1, "beta", score=0.04, level="none", reasons=()),),
        fallback=NamedItem(id="centre", name=CENTRE),
        settings="sha256:5e77",
        institutes="sha256:feed",
    )


def empty_example() -> Shortlist:
    """A problem whose limits removed every institute."""
    return Shortlist(
        problem=Problem(id="P-003", title="只要乙院", require=Requirements(institutes=("beta",))),
        verdict="none",
        matches=(),
        fallback=None,
        removed=(Removal(institute="alpha", name=ALPHA, limit="require.institutes: beta"),),
        settings="sha256:5e77",
        institutes="sha256:feed",
    )
