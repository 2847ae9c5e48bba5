"""Whether a text holds several needs, and the problem that each of them makes.

A message may list several needs, and many needs list their parts: targets, research contents, steps, causes. A list is
a list of needs by what is said about it and by what its items say, in this order; in doubt the text is one need:

1. **The line before the list.** It speaks of *parts* (要求, 指标, 内容, 包括, 步骤, 原因; requirements, targets, steps,
   should), of problems that one *thing* has (设备存在以下问题; the pump has the following problems), or of making
   one (开发新型…; build a new …): one need. It speaks of *several needs* (需求如下, 几个问题; the following problems):
   rule 3. Anything else: rule 4.
2. **Marks that say it** (需求一, 第二个难题, Need 1): several, unless most items are targets.
3. **After a line that speaks of several needs** the text is split unless its title names one thing (a short name, no
   sentence, without a firm or a word such as 需求 in it), most items are targets (a figure with a limit), all are
   questions about one plan, an item names nothing of its own (fewer than six Chinese characters and nothing wrong, or
   general words alone), or one word that is not general stands in all items.
4. **After any other line** it is split only when, besides, every item says what is wrong or asks for something, none is
   a piece of research (研究…, 建立…; develop …), and no word that is not general stands in half of the items.
5. **Paragraphs that begin with 另外, 此外, Also, Another problem** are needs of their own when they say that they are
   another problem (还有一个问题); others when they say what is wrong or ask for something, speak of no conditions
   (预算, 必须; must), and share no word that is not general with what stands before them.

What stands before the list and after it holds for all and goes into every description, unless it only greets, thanks
or says that needs follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from matchmaker.domain import Problem, language_of
from matchmaker.intake.headings import simplified
from matchmaker.intake.labels import is_section
from matchmaker.intake.lists import Items, Line, cut, lines_of, lists_in, mark_of
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
    terms,
)
from matchmaker.messages import said, shortened

Split: TypeAlias = Literal["auto", "never"]
"""Whether a text is split: as the rules above say, or never."""

NEVER: Final = "--split never keeps it whole"
"""What to do about a split that was not meant."""
MAX_PARTS: Final = 50
"""Needs in one text; more are a table."""
_MAX_TITLE: Final = 60
_MOST_SHOWN: Final = 10
_SHORT: Final = 6
# A longer text is no message with a few needs, and to look at it would take long.
_MAX_TEXT: Final = 100_000
_MAX_LINES: Final = 2_000
_CLAUSE_ENDS: Final = r"[，,；;。！？!?：:]|\.\s"
_ENDS: Final = r"[。！？!?；;:：]$|\.$"
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
class _Parts:
    """Where the needs of a text begin and end; what is before them and after them is common to all."""

    spans: tuple[tuple[int, int], ...]
    shared: tuple[int, ...]


def split_needs(problem: Problem) -> tuple[Problem, ...]:
    """The needs that the title and the description of a problem hold, each a problem of its own.

    Each takes over all other fields, and what the text says of all needs at once. The id of a part is that of the
    problem and ``-1``, ``-2`` … after it.

    Args:
        problem: Any problem. A title that was given in a field of its own is read as the first line.

    Returns:
        The problem itself, unchanged, when it is one need; see above for the rules.
    """
    return split_lines(problem, [Line(problem.title), *lines_of(problem.description)])


def split_lines(problem: Problem, lines: Sequence[Line]) -> tuple[Problem, ...]:
    """As ``split_needs``, of a problem whose title and description are known as lines, the title first."""
    if sum(len(line.text) + 1 for line in lines) > _MAX_TEXT or len(lines) > _MAX_LINES:
        return (problem,)
    cut_lines = cut(lines)
    parts = _parts_of(cut_lines)
    if parts is None or not 1 < len(parts.spans) <= MAX_PARTS:
        return (problem,)
    first = parts.spans[0][0]
    says_nothing = {at: only_leads if at < first else only_thanks for at in parts.shared}
    shared = [cut_lines[at] for at, test in says_nothing.items() if not test(simplified(cut_lines[at].text))]
    found = [_part(problem, cut_lines[start:end], shared) for start, end in parts.spans]
    return tuple(part.model_copy(update={"id": f"{problem.id}-{n}"}) for n, part in enumerate(found, 1))


def split_finding(titles: Sequence[str]) -> str:
    """What to tell of a text that was split: how many needs, and the titles of the first ten."""
    more = ["…"] if len(titles) > _MOST_SHOWN else []
    shown = "; ".join([*map(shortened, titles[:_MOST_SHOWN]), *more])
    return said("split into {n} needs: {titles}", n=len(titles), titles=shown)


def closing_start(lines: Sequence[Line]) -> int:
    """Where lines that hold for all needs begin, at the end of the last need; the number of lines where none do.

    Such a line begins with 以上, 上述, 预算, all, both and the like, and is not the first one.
    """
    return next(
        (at for at, line in enumerate(lines) if at and re.match(_CLOSING, simplified(line.text.strip()))), len(lines)
    )


def _part(problem: Problem, own: Sequence[Line], shared: Sequence[Line]) -> Problem:
    title, rest = _title_of(own[0])
    lines = [rest, *(line.text.strip() for line in own[1:]), *(_unmarked(line) for line in shared)]
    description = "\n".join(line for line in lines if line)
    return problem.model_copy(update={"title": title, "description": description})


def _title_of(line: Line) -> tuple[str, str]:
    """The title that the first line of an item makes, and what is left of the line."""
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


def _unmarked(line: Line) -> str:
    mark = mark_of(line)
    return mark.rest if mark and mark.kind[0] in "-#" else line.text.strip()


def _parts_of(lines: Sequence[Line]) -> _Parts | None:
    lists = lists_in(lines)
    for number, found in enumerate(lists):
        items = _without_title(lines, found)
        around = [outer for outer in lists[:number] if outer.starts[0] < items.starts[0] < outer.end]
        if any(not _heads_needs(lines, outer, items.starts[0]) for outer in around):
            continue
        if 1 < len(items.starts) <= MAX_PARTS and _are_needs(lines, items):
            return _with_more(lines, items)
    return _by_paragraphs(lines)


def _without_title(lines: Sequence[Line], items: Items) -> Items:
    """Headings without a first one that is the title of all."""
    if items.kind[0] == "#" and items.starts[0] == 0 and len(items.starts) > 2 and not _names_one_thing(lines[0]):
        return Items(items.kind, items.starts[1:], items.end)
    return items


def _heads_needs(lines: Sequence[Line], outer: Items, at: int) -> bool:
    """Whether the item of a list around this line is a section (二、技术需求) in which needs may be listed."""
    start = max(start for start in outer.starts if start <= at)
    mark = mark_of(lines[start])
    head = simplified(mark.rest if mark else lines[start].text).rstrip("：: ")
    return is_section(head) and not speaks_of_parts(head)


def _are_needs(lines: Sequence[Line], items: Items) -> bool:
    lead = _lead(lines, items.starts[0])
    texts = [_text(lines[start:end]) for start, end in items.spans()]
    heads = [mark.rest if (mark := mark_of(lines[start])) else "" for start in items.starts]
    if speaks_of_parts(lead) or _most(has_limit(text) and not says_a_need(text) for text in texts):
        return False
    if items.kind[0].startswith("need "):
        return True
    is_titled = _names_one_thing(lines[0]) and items.starts[0] > 0
    if is_titled or any(is_section(simplified(head)) for head in heads):
        return False
    own = [terms(text) for text in texts]
    if any(map(_is_a_word, texts)) or not all(own) or all(map(is_question, texts)):
        return False
    if speaks_of_several(lead):
        return not set.intersection(*own)
    asks = all(map(says_a_need, texts)) and not any(map(is_research, heads))
    return asks and not _shared_by_half(own)


def _is_a_word(text: str) -> bool:
    """Whether an item is no more than the name of a property: fewer than six Chinese characters, and nothing wrong."""
    is_short = language_of(text) == "zh" and len(re.findall(r"[\u3400-\u9fff]", text)) < _SHORT
    return is_short and not says_a_need(text)


def _lead(lines: Sequence[Line], at: int) -> str:
    """The last sentence before a list."""
    above = (line.text.strip() for line in reversed(lines[:at]) if not line.is_blank and " | " not in line.text)
    before = next(above, "")
    sentences = [piece for piece in re.split(r"(?<=[。！？!?])|(?<=\.)\s", before) if piece and piece.strip()]
    return simplified(sentences[-1]) if sentences else ""


def _text(lines: Iterable[Line]) -> str:
    return simplified("\n".join(line.text.strip() for line in lines))


def _most(found: Iterable[bool]) -> bool:
    flags = list(found)
    return 2 * sum(flags) > len(flags)


def _shared_by_half(own: Sequence[set[str]]) -> bool:
    """Whether a word stands in half of the items or more, and in two at least."""
    return any(n >= 2 and 2 * n >= len(own) for word in set().union(*own) if (n := sum(word in words for words in own)))


def _names_one_thing(title: Line) -> bool:
    """Whether a title is the name of what is wanted, so that a list below it holds the parts of that."""
    text = simplified(title.text.strip())
    return (
        bool(text) and len(text) <= _MAX_TITLE and not re.search(_ENDS, text) and not re.search(_NAMES_NO_THING, text)
    )


def _with_more(lines: Sequence[Line], items: Items) -> _Parts:
    """The items of a list, and the paragraphs after it that are further needs; the last item without the closing."""
    *firsts, (start, end) = items.spans()
    end = start + closing_start(lines[start:end])
    spans = [*firsts, (start, end)]
    more = [at for at in _further(lines, end) if _is_further(lines, at, lines[items.starts[0] : end])]
    spans += [(at, at + 1) for at in more]
    taken = {at for start, end in spans for at in range(start, end)}
    shared = tuple(at for at, line in enumerate(lines) if at not in taken and not line.is_blank)
    return _Parts(tuple(spans), shared)


def _by_paragraphs(lines: Sequence[Line]) -> _Parts | None:
    """The needs of a text whose further needs each begin with 另外, Also or the like."""
    starts = [0]
    for at in _further(lines, 1):
        is_another = re.match(_ANOTHER, simplified(lines[at].text.strip()))
        if (is_another or says_a_need(_text(lines[starts[-1] : at]))) and _is_further(lines, at, lines[:at]):
            starts.append(at)
    if len(starts) < 2:
        return None
    bounds = [*starts, len(lines)]
    last = starts[-1] + closing_start(lines[starts[-1] :])
    spans = tuple((start, min(end, last)) for start, end in zip(starts, bounds[1:], strict=True))
    return _Parts(spans, tuple(range(last, len(lines))))


def _further(lines: Sequence[Line], first: int) -> list[int]:
    """Lines that begin a paragraph with 另外, Also or the like; none where there are more than a message has needs."""
    found = []
    for at in range(first, len(lines)):
        above = lines[at - 1].text.strip()
        begins = at == 1 or not above or re.search(_ENDS, above) or len(above) <= _MAX_TITLE
        if begins and re.match(_ALSO, simplified(lines[at].text.strip())):
            found.append(at)
    return found if len(found) < MAX_PARTS else []


def _is_further(lines: Sequence[Line], at: int, before: Sequence[Line]) -> bool:
    end = next((n for n in range(at + 1, len(lines)) if lines[n].is_blank), len(lines))
    text = _text(lines[at:end])
    if re.match(_ANOTHER, text):
        return not is_question(text)
    return says_a_need(text) and not is_condition(text) and not terms(text) & terms(_text(before))
