"""Whether a text holds several needs, and the problems they make.

A message may list several needs, and a single need often lists its parts: targets, research topics, steps, causes.
Whether a list is a list of needs depends on the text before it and on its items, by these rules in order; in doubt, the
text is one need:

1. **The line before the list.** If it announces *parts* (要求, 指标, 内容, 包括, 步骤, 原因; requirements, targets,
   steps, should), the problems of one *thing* (设备存在以下问题; the pump has the following problems), or the making of
   one (开发新型…; build a new …), the text is one need. If it announces *several needs* (需求如下, 几个问题; the
   following problems), rule 3 applies; otherwise, rule 4.
2. **Explicit marks** (需求一, 第二个难题, Need 1) mean several needs, unless most items are targets.
3. **After a line that announces several needs**, the text is split unless its title names one thing (a short name, not
   a sentence, without a company or a word such as 需求), most items are targets (a figure with a limit), all items are
   questions about one plan, an item names no subject (fewer than six Chinese characters and no trouble, or only general
   words), or a word that is not general occurs in all items.
4. **After any other line**, it is split only if, besides, every item describes trouble or asks for something, none is a
   task of a research project (研究…, 建立…; develop …), and no word that is not general occurs in half of the items.
5. **Paragraphs that begin with 另外, 此外, Also, Another problem** are separate needs if they claim to be another
   problem (还有一个问题); otherwise, if they describe trouble or ask for something, state no conditions (预算, 必须;
   must), and share no word that is not general with the text before them.

The text before and after the list holds for all needs and becomes part of every description, unless it only greets,
thanks or announces needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from matchmaker.domain import Problem, language_of
from matchmaker.intake.headings import simplify
from matchmaker.intake.labels import is_section
from matchmaker.intake.lists import ItemList, Line, cut_before_items, lists_in, mark_of, text_lines
from matchmaker.intake.needwords import (
    has_limit,
    is_condition,
    is_question,
    is_research,
    only_leads,
    only_thanks,
    says_a_need,
    speaks_of_parts,
    speaks_of_several,
    subject_terms,
)
from matchmaker.messages import Translatable, make_message, shortened

Split: TypeAlias = Literal["auto", "never"]
"""Whether a text is split: by the rules above, or never."""

NEVER_SPLIT: Final[Translatable] = "--split never keeps it whole"
"""The remedy for an unintended split."""
MAX_PARTS: Final = 50
"""Needs in one text; a text with more is a table."""
_MAX_TITLE: Final = 60
_MAX_SHOWN: Final = 10
_SHORT: Final = 6
# A longer text is not a message with a few needs, and examining it would take long.
_MAX_TEXT: Final = 100_000
_MAX_LINES: Final = 2_000
_CLAUSE_ENDS: Final = r"[，,；;。！？!?：:]|\.\s"
_SENTENCE_END: Final = r"[。！？!?；;:：]$|\.$"
_NAMES_NO_THING: Final = (
    r"(?i)需求|难题|问题|难点|课题|求助|咨询|请教|寻求|公司|集团|工厂|厂$|我们|我司|我厂|本厂|您好|你好|各位|老师|清单|汇总"
    r"|\b(?:needs?|problems?|challenges?|issues?|questions?|topics|requests?|enquir\w+|inquir\w+|help|hello|dear|we|our|ltd"
    r"|company)\b"
)
_FURTHER: Final = r"(?:another|one more|a further|a second|a different) (?:problem|need|issue|challenge|thing)\b"
_ALSO: Final = (
    r"(?i)(?:另外|此外|除此之外|另有|还有|再有|再者)[，,：:]?"
    r"|(?:also|in addition|besides(?: that)?|separately|apart from that|on another note),?\s+"
    rf"|(?={_FURTHER})"
)
_ANOTHER: Final = (
    r"(?i).{0,6}(?:另|还有|还想|再有).{0,4}[一两几]?(?:个|件|项|条)?(?:技术)?(?:问题|难题|需求|事|麻烦)"
    rf"|.{{0,20}}也(?:是|很).{{0,4}}(?:难题|问题|头疼|头痛)|{_FURTHER}"
)
_CLOSING: Final = (
    r"(?i)(?:以上|上述|这些|所有|各项|几件|几项|[两三四五](?:个|件|项|者)|均|都|预算|合作|联系|费用|经费|时间|希望尽快|谢谢|此致"
    r"|盼复)|(?:all|both|for (?:all|both|each)|these|each|either|budget|thanks|thank you|best regards|kind regards)\b"
)


@dataclass(frozen=True, slots=True)
class _NeedSpans:
    """The ranges of lines of the needs of a text, and the lines before and after that are shared by all."""

    spans: tuple[tuple[int, int], ...]
    shared: tuple[int, ...]


def split_needs(problem: Problem) -> tuple[Problem, ...]:
    """The needs in the title and the description of a problem, each as a problem of its own.

    Each part inherits all other fields, and the text that holds for all needs. Its id is that of the problem with
    ``-1``, ``-2`` … after it.

    Args:
        problem: Any problem; its title is read as the first line.

    Returns:
        The parts; for a problem that is one need, the problem itself, unchanged. For the rules see the module.
    """
    return split_lines(problem, [Line(problem.title), *text_lines(problem.description)])


def split_lines(problem: Problem, lines: Sequence[Line]) -> tuple[Problem, ...]:
    """As ``split_needs``, for a problem whose title and description are given as lines, the title first."""
    if sum(len(line.text) + 1 for line in lines) > _MAX_TEXT or len(lines) > _MAX_LINES:
        return (problem,)
    cut_lines = cut_before_items(lines)
    parts = _parts_of(cut_lines)
    if parts is None or not 1 < len(parts.spans) <= MAX_PARTS:
        return (problem,)
    first = parts.spans[0][0]
    tests = {index: only_leads if index < first else only_thanks for index in parts.shared}
    shared = [
        cut_lines[index] for index, says_little in tests.items() if not says_little(simplify(cut_lines[index].text))
    ]
    needs = [_part(problem, cut_lines[start:end], shared) for start, end in parts.spans]
    return tuple(part.model_copy(update={"id": f"{problem.id}-{n}"}) for n, part in enumerate(needs, 1))


def split_finding(titles: Sequence[str]) -> str:
    """The finding about a text that was split: the number of needs and the first ten titles."""
    more = ["…"] if len(titles) > _MAX_SHOWN else []
    shown = "; ".join([*map(shortened, titles[:_MAX_SHOWN]), *more])
    return make_message("split into {n} needs: {titles}", n=len(titles), titles=shown)


def closing_start(lines: Sequence[Line]) -> int:
    """The index at which the lines begin that hold for all needs, after the last need; the number of lines if none do.

    Such a line begins with 以上, 上述, 预算, all, both or the like, and is not the first.
    """
    return next(
        (index for index, line in enumerate(lines) if index and re.match(_CLOSING, simplify(line.text.strip()))),
        len(lines),
    )


def _part(problem: Problem, own: Sequence[Line], shared: Sequence[Line]) -> Problem:
    title, rest = _title_of(own[0])
    lines = [rest, *(line.text.strip() for line in own[1:]), *(_without_mark(line) for line in shared)]
    description = "\n".join(line for line in lines if line)
    return problem.model_copy(update={"title": title, "description": description})


def _title_of(line: Line) -> tuple[str, str]:
    """The title made from the first line of an item, and the rest of the line."""
    mark = mark_of(line)
    text = mark.rest if mark else re.sub(_ALSO, "", line.text.strip(), count=1)
    text = text.strip(" |")
    label = re.match(r"(?P<label>[^：:，,。；;|]{2,30})\s*[：:|]\s*(?P<rest>\S.*)", text, re.DOTALL)
    if label:
        return label["label"].strip(), label["rest"]
    if len(text) <= _MAX_TITLE:
        return text.rstrip("；;。"), ""
    clause = re.search(_CLAUSE_ENDS, text)
    return (text[: clause.start()], text[clause.end() :].strip()) if clause else (text, "")


def _without_mark(line: Line) -> str:
    mark = mark_of(line)
    return mark.rest if mark and mark.kind[0] in "-#" else line.text.strip()


def _parts_of(lines: Sequence[Line]) -> _NeedSpans | None:
    lists = lists_in(lines)
    for number, item_list in enumerate(lists):
        items = _without_title(lines, item_list)
        outer_lists = [outer for outer in lists[:number] if outer.starts[0] < items.starts[0] < outer.end]
        if any(not _heads_needs(lines, outer, items.starts[0]) for outer in outer_lists):
            continue
        if 1 < len(items.starts) <= MAX_PARTS and _are_needs(lines, items):
            return _with_more(lines, items)
    return _by_paragraphs(lines)


def _without_title(lines: Sequence[Line], items: ItemList) -> ItemList:
    """A list of headings, without a first one that is the title of the whole text."""
    if items.kind[0] == "#" and items.starts[0] == 0 and len(items.starts) > 2 and not _names_one_thing(lines[0]):
        return ItemList(items.kind, items.starts[1:], items.end)
    return items


def _heads_needs(lines: Sequence[Line], outer: ItemList, index: int) -> bool:
    """Whether the item of an outer list around this line is a section (二、技术需求) that may list needs."""
    start = max(start for start in outer.starts if start <= index)
    mark = mark_of(lines[start])
    head = simplify(mark.rest if mark else lines[start].text).rstrip("：: ")
    return is_section(head) and not speaks_of_parts(head)


def _are_needs(lines: Sequence[Line], items: ItemList) -> bool:
    lead = _lead_sentence(lines, items.starts[0])
    texts = [_joined_text(lines[start:end]) for start, end in items.spans()]
    heads = [mark.rest if (mark := mark_of(lines[start])) else "" for start in items.starts]
    if speaks_of_parts(lead) or _is_majority(has_limit(text) and not says_a_need(text) for text in texts):
        return False
    if items.kind[0].startswith("need "):
        return True
    is_titled = _names_one_thing(lines[0]) and items.starts[0] > 0
    if is_titled or any(is_section(simplify(head)) for head in heads):
        return False
    terms_of_items = [subject_terms(text) for text in texts]
    if any(map(_is_a_word, texts)) or not all(terms_of_items) or all(map(is_question, texts)):
        return False
    if speaks_of_several(lead):
        return not set.intersection(*terms_of_items)
    asks = all(map(says_a_need, texts)) and not any(map(is_research, heads))
    return asks and not _shared_by_half(terms_of_items)


def _is_a_word(text: str) -> bool:
    """Whether an item merely names a property: fewer than six Chinese characters, and no trouble."""
    is_short = language_of(text) == "zh" and len(re.findall(r"[\u3400-\u9fff]", text)) < _SHORT
    return is_short and not says_a_need(text)


def _lead_sentence(lines: Sequence[Line], index: int) -> str:
    """The last sentence before a list."""
    above = (line.text.strip() for line in reversed(lines[:index]) if not line.is_blank and " | " not in line.text)
    before = next(above, "")
    sentences = [piece for piece in re.split(r"(?<=[。！？!?])|(?<=\.)\s", before) if piece and piece.strip()]
    return simplify(sentences[-1]) if sentences else ""


def _joined_text(lines: Iterable[Line]) -> str:
    return simplify("\n".join(line.text.strip() for line in lines))


def _is_majority(found: Iterable[bool]) -> bool:
    flags = list(found)
    return 2 * sum(flags) > len(flags)


def _shared_by_half(terms_of_items: Sequence[set[str]]) -> bool:
    """Whether a word occurs in at least half of the items, and in at least two."""
    return any(
        n >= 2 and 2 * n >= len(terms_of_items)
        for word in set().union(*terms_of_items)
        if (n := sum(word in words for words in terms_of_items))
    )


def _names_one_thing(title: Line) -> bool:
    """Whether a title names one wanted thing, so that a list below it lists parts of that thing."""
    text = simplify(title.text.strip())
    return (
        bool(text)
        and len(text) <= _MAX_TITLE
        and not re.search(_SENTENCE_END, text)
        and not re.search(_NAMES_NO_THING, text)
    )


def _with_more(lines: Sequence[Line], items: ItemList) -> _NeedSpans:
    """The items of a list, without the closing lines, and the paragraphs after it that are further needs."""
    *firsts, (start, end) = items.spans()
    end = start + closing_start(lines[start:end])
    spans = [*firsts, (start, end)]
    further = [
        index for index in _further_starts(lines, end) if _is_further(lines, index, lines[items.starts[0] : end])
    ]
    spans += [(index, index + 1) for index in further]
    used = {index for start, end in spans for index in range(start, end)}
    shared = tuple(index for index, line in enumerate(lines) if index not in used and not line.is_blank)
    return _NeedSpans(tuple(spans), shared)


def _by_paragraphs(lines: Sequence[Line]) -> _NeedSpans | None:
    """The needs of a text in which each further need begins with 另外, Also or the like; ``None`` for one need."""
    starts = [0]
    for index in _further_starts(lines, 1):
        is_another = re.match(_ANOTHER, simplify(lines[index].text.strip()))
        if (is_another or says_a_need(_joined_text(lines[starts[-1] : index]))) and _is_further(
            lines, index, lines[:index]
        ):
            starts.append(index)
    if len(starts) < 2:
        return None
    bounds = [*starts, len(lines)]
    last = starts[-1] + closing_start(lines[starts[-1] :])
    spans = tuple((start, min(end, last)) for start, end in zip(starts, bounds[1:], strict=True))
    return _NeedSpans(spans, tuple(range(last, len(lines))))


def _further_starts(lines: Sequence[Line], first: int) -> list[int]:
    """The lines that begin a paragraph with 另外, Also or the like; none if there are ``MAX_PARTS`` or more."""
    starts = []
    for index in range(first, len(lines)):
        above = lines[index - 1].text.strip()
        begins = index == 1 or not above or re.search(_SENTENCE_END, above) or len(above) <= _MAX_TITLE
        if begins and re.match(_ALSO, simplify(lines[index].text.strip())):
            starts.append(index)
    return starts if len(starts) < MAX_PARTS else []


def _is_further(lines: Sequence[Line], index: int, before: Sequence[Line]) -> bool:
    end = next((n for n in range(index + 1, len(lines)) if lines[n].is_blank), len(lines))
    text = _joined_text(lines[index:end])
    if re.match(_ANOTHER, text):
        return not is_question(text)
    return (
        says_a_need(text) and not is_condition(text) and not subject_terms(text) & subject_terms(_joined_text(before))
    )
