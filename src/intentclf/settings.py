"""Every number that may be turned, in the groups of `params.yaml`: one group for each stage, read by that stage alone.

The defaults below are the ones that the shipped model was trained with; `params.yaml` in the repository states them
again for DVC, and a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from intentclf.errors import SettingsError, shorten

__all__ = ["CalibrateSettings", "EvaluateSettings", "FitSettings", "PrepareSettings", "Settings", "VectorSettings"]


@dataclass(frozen=True, slots=True)
class PrepareSettings:
    """How the labelled texts are split, once.

    Attributes
    ----------
    seed : int
        Enters the hash that assigns a group to a part; groups added later do not move the others.
    calibration, test : float
        Shares of the groups, 0 to 0.5 each; the rest is for training.
    near_duplicate : float
        Jaccard similarity of character 5-grams, 0 to 1, from which two texts belong to one group.
    """

    seed: int = 17
    calibration: float = 0.15
    test: float = 0.15
    near_duplicate: float = 0.7

    def __post_init__(self) -> None:
        for name in ("calibration", "test"):
            _check_range(f"prepare.{name}", getattr(self, name), 0.0, 0.5)
        _check_range("prepare.near_duplicate", self.near_duplicate, 0.1, 1.0)


@dataclass(frozen=True, slots=True)
class VectorSettings:
    """How sub-word vectors are learnt. No group of `params.yaml`: the vectors are an input of the pipeline.

    Attributes
    ----------
    bits : int
        Two to this power is the number of buckets, 4 to 24.
    dimensions : int
        Of a vector, 2 to 1,024.
    words : int
        Longest run of words, 1 or 2.
    shortest_chars, longest_chars : int
        Runs of characters inside words, 1 to 8.
    epochs : int
        Passes over the units.
    batch : int
        Units at a time.
    seed : int
    """

    bits: int = 17
    dimensions: int = 128
    words: int = 2
    shortest_chars: int = 2
    longest_chars: int = 5
    epochs: int = 6
    batch: int = 1024
    seed: int = 17

    def __post_init__(self) -> None:
        _check_range("bits", self.bits, 4, 24)
        _check_range("dimensions", self.dimensions, 2, 1024)
        _check_range("words", self.words, 1, 2)
        _check_range("shortest-chars", self.shortest_chars, 1, 8)
        _check_range("longest-chars", self.longest_chars, self.shortest_chars, 8)
        _check_range("epochs", self.epochs, 0, 1000)
        _check_range("batch", self.batch, 2, 100_000)
        _check_range("seed", self.seed, 0, 2**32 - 1)


@dataclass(frozen=True, slots=True)
class FitSettings:
    """The two views of a text and their heads. The lengths of n-grams are those of the vectors.

    Attributes
    ----------
    min_documents : int
        Texts that must hold an n-gram before the linear view knows it; counts from 5,000 texts on, below them every
        n-gram is known.
    max_weights : int
        Weights of the linear view that are kept, the largest first, three bytes each.
    c : float
        Inverse strength of regularisation of the linear support vector machines, over 0.
    description_copies : int
        How often the descriptions of each code (labels, names, definition; else the words of the code) are learnt from
        beside the texts; 0: not at all.
    contrast_epochs, contrast_batch : int
        Passes over the groups of training texts that bring the versions of one situation together, and groups at a
        time. 0 passes: the vectors are taken as they are.
    hidden : int
        Hidden units of the network.
    epochs, batch : int
        Passes over the training texts, and texts at a time.
    dropout, gram_dropout : float
        Shares of hidden units and of n-grams left out of a step, 0 to 0.9.
    gain : float
        Length that every pooled vector is given, over 0.
    table_rate, rate : float
        Steps of the vectors and of the other weights at the beginning, over 0.
    seed : int
        Order in which rows are visited, what is left out, where weights start.
    """

    min_documents: int = 3
    max_weights: int = 2_200_000
    c: float = 0.5
    description_copies: int = 2
    contrast_epochs: int = 6
    contrast_batch: int = 512
    hidden: int = 256
    epochs: int = 15
    batch: int = 256
    dropout: float = 0.5
    gram_dropout: float = 0.3
    gain: float = 16.0
    table_rate: float = 0.07
    rate: float = 0.003
    seed: int = 17

    def __post_init__(self) -> None:
        _check_range("fit.min_documents", self.min_documents, 1, 1000)
        _check_range("fit.max_weights", self.max_weights, 10_000, 1_000_000_000)
        _check_range("fit.c", self.c, 1e-6, 1e6)
        _check_range("fit.description_copies", self.description_copies, 0, 100)
        _check_range("fit.contrast_epochs", self.contrast_epochs, 0, 1000)
        for name in ("epochs", "batch", "contrast_batch", "hidden"):
            _check_range(f"fit.{name}", getattr(self, name), 1, 100_000)
        for name in ("dropout", "gram_dropout"):
            _check_range(f"fit.{name}", getattr(self, name), 0.0, 0.9)
        for name in ("gain", "table_rate", "rate"):
            _check_range(f"fit.{name}", getattr(self, name), 1e-6, 1e6)


@dataclass(frozen=True, slots=True)
class CalibrateSettings:
    """Weights of the two views and thresholds, from rows that the weights have not seen.

    Attributes
    ----------
    coverage : float
        Share of texts, 0.5 to 0.999, whose prediction set is to hold the right leaf.
    target_precision : float
        Share of accepted answers, 0.5 to 0.999, that are to be right.
    rule_bound : float
        Confidence of the one-sided lower bound (Wilson) on a rule's precision, 0.5 to 0.999.
    refit_share : float
        Up to this share of the rows, 0 to 1, the calibration rows are not learnt from in the end: training would take
        twice as long for next to nothing, and thresholds stand for the very weights that they were chosen with.
    """

    coverage: float = 0.9
    target_precision: float = 0.95
    rule_bound: float = 0.9
    refit_share: float = 0.1

    def __post_init__(self) -> None:
        for name in ("coverage", "target_precision", "rule_bound"):
            _check_range(f"calibrate.{name}", getattr(self, name), 0.5, 0.999)
        _check_range("calibrate.refit_share", self.refit_share, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class EvaluateSettings:
    """Attributes
    ----------
    bins : int
        Bins of equal mass for the expected calibration error, 2 to 100.
    """

    bins: int = 15

    def __post_init__(self) -> None:
        _check_range("evaluate.bins", self.bins, 2, 100)


@dataclass(frozen=True, slots=True)
class Settings:
    """All groups. `Settings()` holds the defaults; `Settings.load` reads a file and refuses what it does not know."""

    prepare: PrepareSettings = field(default_factory=PrepareSettings)
    fit: FitSettings = field(default_factory=FitSettings)
    calibrate: CalibrateSettings = field(default_factory=CalibrateSettings)
    evaluate: EvaluateSettings = field(default_factory=EvaluateSettings)

    @classmethod
    def load(cls, path: str | Path) -> Settings:
        """Read a YAML file with the groups prepare, fit, calibrate and evaluate; what is left out keeps its default.

        Raises
        ------
        SettingsError
            Where the file cannot be read, or a group, a name, a type or a range is wrong.
        """
        import yaml

        try:
            content = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
        except FileNotFoundError:
            raise SettingsError(f"{path}: no such settings file") from None
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise SettingsError(f"{path}: not a readable YAML file ({error})") from None
        return cls.from_dict(content, origin=str(path))

    @classmethod
    def from_dict(cls, content: object, *, origin: str = "settings") -> Settings:
        """Check a nested mapping against the groups; see `load`."""
        if not isinstance(content, Mapping):
            raise SettingsError(f"{origin}: settings must be a mapping of groups, got {shorten(content)}")
        groups = {
            "prepare": PrepareSettings,
            "fit": FitSettings,
            "calibrate": CalibrateSettings,
            "evaluate": EvaluateSettings,
        }
        unknown = sorted(set(map(str, content)) - set(groups))
        if unknown:
            raise SettingsError(f"{origin}: unknown group {shorten(unknown[0])}; known are {', '.join(groups)}")
        return cls(**{name: _group(kind, name, content.get(name), origin) for name, kind in groups.items()})

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """The groups as plain dictionaries, as they stand in `params.yaml`."""
        return asdict(self)


def _group(kind: type, name: str, values: object, origin: str) -> Any:
    if values is None:
        return kind()
    if not isinstance(values, Mapping):
        raise SettingsError(f"{origin}: group {name!r} must be a mapping, got {shorten(values)}")
    defaults = asdict(kind())
    for key, value in values.items():
        if key not in defaults:
            raise SettingsError(f"{origin}: unknown setting {name}.{key}; known are {', '.join(defaults)}")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or (isinstance(defaults[key], int) and not isinstance(value, int)):
            wanted = "a whole number" if isinstance(defaults[key], int) else "a number"
            raise SettingsError(f"{origin}: {name}.{key} must be {wanted}, got {shorten(value)}")
    return kind(**values)


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise SettingsError(f"{name} must be from {low} to {high}, got {value!r}")
