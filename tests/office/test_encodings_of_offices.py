"""Forty texts as offices write them, in every encoding that can hold them, as documents and as tables."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from matchmaker.domain import Problem
from matchmaker.intake import read_problems
from matchmaker.office.encodings import decode

TEXTS = (
    # a line of a chat
    "水管漏水找不到漏点，有专家吗？",
    "老师好，我们注塑件翘曲，合格率不到八成[抱拳]",
    "求推荐做激光切割头的院所，急！",
    "锂电池隔膜起皱，谁能看看",
    "AGV 定位老是丢，反光地面",
    "請問邊間研究院可以做海水淡化？",
    "收到，明天下午三点开会对接",
    # titles
    "漏损检测",
    "焊接变形",
    "陶瓷釉面针孔",
    "污水处理技术",
    "芯片封装散热",
    "轴承早期磨损预警",
    "舊樓水管滲漏",
    "鋁合金壓鑄氣孔",
    "荔枝保鲜",
    # paragraphs
    "我公司主要生产铝合金汽车零部件，压铸件内部气孔多，X 光检测不合格率达 12%，希望与高校院所合作开发真空压铸工艺。",
    "电镀废水中总镍难以稳定达标（<0.1 mg/L），现有化学沉淀法加药量大、污泥多，寻求膜法或树脂法的成套解决方案。",
    "现有人工质检效率低，每条产线需 6 名工人，漏检率约 3%。需求：开发基于机器视觉的表面缺陷检测系统，检出率≥99.5%。",
    "荔枝采后常温下 2~3 天即褐变，冷链成本高。希望研究可食用涂膜或气调包装技术，把货架期延长到 15 天以上。",
    "本公司之冷氣系統耗電量大，希望引入人工智能節能控制，目標節省百分之十五電力，並保持室內溫度穩定於攝氏二十四度。",
    "香港建築廢料處理費用高昂，現尋求把廢混凝土再造為環保磚之技術，抗壓強度須達三十兆帕。",
    "需求背景：港口岸桥吊具定位依赖司机目测。\n技术指标：定位误差不超过 2 厘米；\n响应时间小于 100 毫秒。",
    "一、企业概况\n成立于二〇一〇年，现有员工二百人。\n二、技术难题\n高温合金叶片打孔时重铸层过厚。",
    # English
    "Leak detection in buried cast iron mains without digging up the road.",
    "Welding distortion of thin aluminium sheet, 2 mm, flatness within 0.5 mm/m",
    "We need an AI model to predict bearing failure 48 hours ahead; recall above 95%.",
    "Pump noise below 50 dB(A) at full load",
    # English with Chinese, units and signs
    "MES/ERP 数据对接：OPC UA 协议，每秒 2,000 点",
    "尺寸公差±0.02 mm，粗糙度 Ra≤0.8 μm，温度 25℃",
    "预算：50 万元（含税）；工期：2026-12-31 前",
    "联系人：陈工 13800000000，邮箱 chen@example.org",
    "PEEK 复合材料 3D 打印，层间强度＞80 MPa",
    "5G+工业互联网平台，时延<10 ms",
    "无人机巡检（RTK 厘米级定位）续航 ≥ 60 min",
    "【紧急】疫苗冷链运输温度监控，2℃~8℃",
    # ASCII and figures
    "AGV",
    "12345",
    "P-2026-001, 50000, 2026-12-31",
    "https://example.org/need?id=7",
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "gb18030", "big5")


def cases() -> list[tuple[str, str]]:
    found = []
    for text in TEXTS:
        for encoding in ENCODINGS:
            try:
                text.encode(encoding)
            except UnicodeEncodeError:
                continue
            found.append((text, encoding))
    return found


def as_table(text: str, encoding: str) -> str:
    rows = io.StringIO(newline="")
    headings = ("需求名稱", "備註") if encoding == "big5" else ("需求名称", "备注")
    csv.writer(rows).writerows([headings, (f"水 {text}", "")])
    return rows.getvalue()


def test_there_are_forty() -> None:
    assert len(set(TEXTS)) == 40
    assert len(cases()) > 40 * 4


@pytest.mark.parametrize(("text", "encoding"), cases())
def test_a_whole_document_comes_back(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), place="x")[0] == text


@pytest.mark.parametrize(("text", "encoding"), cases())
def test_a_table_comes_back(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(as_table(text, encoding).encode(encoding))
    (row,) = read_problems(path)
    assert isinstance(row, Problem)
    assert row.title == f"水 {text}"
