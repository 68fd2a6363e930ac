"""The keyword rules as spaCy's matchers see them: a second way to count them, and for pipelines of spaCy.

Plain phrases go to its PhraseMatcher, phrases with stems, alternatives or gaps to its Matcher. The answers of the
model come from `predict.phrase_index`, which finds the same and needs no spaCy; a test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from intentclf.intake.language import LANGUAGES
from intentclf.predict.features import normalize
from intentclf.predict.phrase_index import GAP, sequences
from intentclf.predict.rules import ANY_LANGUAGE, Rule, rules_for
from intentclf.records import Reading, RuleHit

if TYPE_CHECKING:
    from spacy.matcher import Matcher, PhraseMatcher
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

__all__ = ["SpacyRuleMatcher", "spacy_matchers"]

_WORD = re.compile(r"\w+")


def spacy_matchers(rules: Sequence[Rule], vocab: Vocab) -> tuple[PhraseMatcher, Matcher]:
    """The rules as matchers for documents of a vocabulary; the words of a document must be folded by `normalize`."""
    from spacy.matcher import Matcher, PhraseMatcher

    phrases, patterns = PhraseMatcher(vocab, attr="ORTH"), Matcher(vocab)
    for rule in rules:
        if any(sign in rule.pattern for sign in "*|~"):
            patterns.add(rule.id, _token_patterns(rule.pattern))
        else:
            phrases.add(rule.id, [_document(vocab, normalize(rule.pattern))])
    return phrases, patterns


class SpacyRuleMatcher:
    """Finds rules in texts as `predict.rules.RuleMatcher` does.

    Parameters
    ----------
    rules : sequence of Rule
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self._matchers: dict[str, tuple[Vocab, PhraseMatcher, Matcher]] = {}

    def find(self, reading: Reading) -> tuple[RuleHit, ...]:
        """All hits in a reading, by place and id."""
        if not self.rules or not reading.text:
            return ()
        language = reading.language.code
        vocab, phrases, patterns = self._matcher(language if language in LANGUAGES else ANY_LANGUAGE)
        folded = normalize(reading.text)
        places = [word.span() for word in _WORD.finditer(folded)]
        found: dict[str, tuple[int, int]] = {}
        with vocab.memory_zone():  # the vocabulary of a long run would grow without bound
            document = _document(vocab, folded)
            for matches in (matcher(document) for matcher in (phrases, patterns) if len(matcher)):
                for key, start, end in matches:
                    rule, place = vocab.strings[key], (places[start][0], places[end - 1][1])
                    found[rule] = min(found.get(rule, place), place)
        ordered = sorted(found.items(), key=lambda item: (item[1], item[0]))
        return tuple(_hit(self.rules[name], *place) for name, place in ordered)

    def _matcher(self, language: str) -> tuple[Vocab, PhraseMatcher, Matcher]:
        if language not in self._matchers:
            from spacy.vocab import Vocab

            vocab = Vocab()
            self._matchers[language] = (vocab, *spacy_matchers(rules_for(self.rules.values(), language), vocab))
        return self._matchers[language]


def _hit(rule: Rule, start: int, end: int) -> RuleHit:
    return RuleHit(rule.id, rule.book, rule.code, rule.precision, rule.source, start, end)


def _document(vocab: Vocab, folded: str) -> Doc:
    from spacy.tokens import Doc

    return Doc(vocab, words=_WORD.findall(folded))


def _token_patterns(pattern: str) -> list[list[dict[str, Any]]]:
    """Matcher patterns: one, or several where alternatives have different numbers of words."""
    gap = [{"OP": "?"}] * GAP
    return [
        [token for choices in row for token in (gap if choices is None else [_token(choices)])]
        for row in sequences(pattern)
    ]


def _token(words: Sequence[str]) -> dict[str, Any]:
    """One token that is any of some words; a set where there are no stems, which is far quicker to build and match."""
    if not any(word.endswith("*") for word in words):
        return {"ORTH": {"IN": list(words)}}
    choices = [re.escape(word.removesuffix("*")) + (".*" if word.endswith("*") else "") for word in words]
    return {"ORTH": {"REGEX": f"^(?:{'|'.join(choices)})$"}}
