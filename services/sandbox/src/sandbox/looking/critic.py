"""Says of a picture what its measurements deserve, in an answer made for whatever schema was asked for."""

from typing import Any

from sandbox.looking.impression import CRITERIA, Impression
from sandbox.looking.sentences import ENGLISH, FRENCH, measurements

_WEAK_BELOW, _STRONG_FROM = 55, 80
_SAME = {"color": "colour", "sharpness": "focus", "narrative": "story"}


def judge(answer: Any, seen: Impression, instructions: str) -> Any:
    """The answer with its marks and sentences about the picture put in; what is not about one stays as it is.

    A criterion is a member of that name with a whole number and a text in it; an overall mark is called `score`; a
    list of texts called `improvements` gets the advice for the weakest sides. Asked for French it speaks French.
    """
    return _Critic(seen, instructions)(answer)


class _Critic:
    def __init__(self, seen: Impression, instructions: str) -> None:
        asked = instructions.lower()
        french = "french" in asked or "français" in asked
        self._words = FRENCH if french else ENGLISH
        self._tone = "roast" if "roast" in asked else "kind" if "encouraging" in asked else "professional"
        self._seen = seen
        self._measured = measurements(seen, french=french)

    def __call__(self, value: Any, name: str = "") -> Any:
        criterion = _SAME.get(name, name)
        if isinstance(value, dict):
            if criterion in CRITERIA:
                return {key: self._member(criterion, inner) for key, inner in value.items()}
            return {key: self(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            if name == "improvements" and all(isinstance(one, str) for one in value):
                return self._advice(len(value))
            return [self(one) for one in value]
        if name == "score" and isinstance(value, int):
            return self._seen.score
        return value

    def _member(self, criterion: str, value: Any) -> Any:
        if isinstance(value, int):
            return self._seen.marks[criterion]
        return self._sentence(criterion) if isinstance(value, str) else value

    def _sentence(self, criterion: str) -> str:
        mark = self._seen.marks[criterion]
        level = 0 if mark < _WEAK_BELOW else 2 if mark >= _STRONG_FROM else 1
        sentence = self._words.criteria[criterion][level].format(**self._measured)
        opening = self._words.openings[self._tone][level]
        return opening + (sentence[0].lower() + sentence[1:] if opening.endswith(": ") else sentence)

    def _advice(self, count: int) -> list[str]:
        weakest = sorted(CRITERIA, key=lambda criterion: self._seen.marks[criterion])
        wanted = [self._words.improvements[criterion] for criterion in weakest] + list(self._words.refinements)
        return [words.format(**self._measured) for words in wanted[:count]]
