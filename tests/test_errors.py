from __future__ import annotations

import pickle

import pytest

from matchmaker.errors import (
    EncodingError,
    Fault,
    InputError,
    MatchmakerError,
    MissingExtraError,
    ProblemError,
    ProfileError,
    SettingsError,
    TableError,
    did_you_mean,
)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault("a.yaml, id", "is empty", "fill it in"), "a.yaml, id: is empty; fill it in"),
        (Fault("a.yaml, id", "is empty"), "a.yaml, id: is empty"),
        (Fault("", "no institute is named 'x'"), "no institute is named 'x'"),
        (Fault("", "is empty", "fill it in"), "is empty; fill it in"),
    ],
)
def test_a_fault_gives_place_finding_remedy(fault: Fault, text: str) -> None:
    assert str(fault) == text


def test_an_error_shows_every_fault_on_a_line() -> None:
    error = ProfileError(Fault(name, "is empty") for name in ("a", "b"))
    assert [fault.place for fault in error.faults] == ["a", "b"]
    assert str(error) == "a: is empty\nb: is empty"
    assert str(ProblemError(Fault("a", "is empty"))) == "a: is empty"


def test_an_error_without_a_fault_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="at least one fault"):
        ProfileError([])


@pytest.mark.parametrize("kind", [EncodingError, ProfileError, ProblemError, TableError, SettingsError])
def test_wrong_input_is_one_family(kind: type[InputError]) -> None:
    assert issubclass(kind, InputError)
    assert issubclass(InputError, MatchmakerError)
    assert not issubclass(MissingExtraError, InputError)


def test_errors_travel_between_processes() -> None:
    error = ProblemError([Fault("a", "b", "c"), Fault("d", "e")])
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made a moment ago
    assert type(copy) is ProblemError
    assert copy.faults == error.faults


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("capabilites", ["capabilities", "keywords"], " (did you mean 'capabilities'?)"),
        ("sumary", ["summary", "name"], " (did you mean 'summary'?)"),
        ("工业智能研究所", ["广州工业智能研究院", "数据治理"], " (did you mean '广州工业智能研究院'?)"),
        ("zebra", ["capabilities", "keywords"], ""),
        ("", ["name"], ""),
        ("name", [], ""),
    ],
)
def test_the_nearest_word_is_suggested(word: str, known: list[str], hint: str) -> None:
    assert did_you_mean(word, known) == hint
    assert did_you_mean(word, reversed(known)) == hint


def test_of_equally_near_words_the_first_in_order_is_suggested() -> None:
    assert did_you_mean("alphx", ["alphz", "alphy"]) == did_you_mean("alphx", ["alphy", "alphz"])
    assert "'alphy'" in did_you_mean("alphx", ["alphz", "alphy"])
