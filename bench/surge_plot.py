"""The trade-off of the surge detector as a picture: found and delay against false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Protocol

__all__ = ["plot"]

# Of Okabe and Ito's palette, told apart by the colour-blind; the marks differ too.
_LOOKS = (("#0072B2", "o"), ("#D55E00", "s"))


class _Week(Protocol):
    @property
    def allowed(self) -> float: ...
    @property
    def hours(self) -> tuple[float, float]: ...
    @property
    def planted(self) -> int: ...
    @property
    def found(self) -> int: ...
    @property
    def false(self) -> int: ...
    @property
    def delays(self) -> tuple[int, ...]: ...
    @property
    def told(self) -> tuple[int, ...]: ...


def plot(weeks: Sequence[_Week], file: Path) -> None:
    """Draw an SVG: to the left the share found, to the right the median delay, each against false alarms a week."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams["svg.hashsalt"] = "surge"  # the same figures give the same file
    figure, (found, delay) = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for (colour, mark), hours in zip(_LOOKS, sorted({week.hours for week in weeks}), strict=False):
        points = [_point([w for w in weeks if (w.hours, w.allowed) == (hours, rate)]) for rate in _rates(weeks, hours)]
        false, share, told, waits = zip(*sorted(points), strict=True)
        name = f"{hours[0]:g} to {hours[1]:g} hours long"
        found.plot(false, share, marker=mark, color=colour, label=name)
        found.plot(false, told, marker=mark, color=colour, linestyle=":", alpha=0.6, label=f"{name}, told the topics")
        delay.plot(false, waits, marker=mark, color=colour, label=name)
    found.axhline(0.9, color="0.6", linewidth=0.8)
    delay.axhline(30, color="0.6", linewidth=0.8)
    found.set(xlabel="false alarms a week", ylabel="surges found, share", ylim=(0, 1.02))
    delay.set(xlabel="false alarms a week", ylabel="median delay, queries of the surge", ylim=(0, None))
    found.legend(fontsize=7)
    figure.savefig(file, format="svg", metadata={"Date": None})
    pyplot.close(figure)


def _rates(weeks: Sequence[_Week], hours: tuple[float, float]) -> list[float]:
    return sorted({week.allowed for week in weeks if week.hours == hours})


def _point(weeks: Sequence[_Week]) -> tuple[float, float, float, float]:
    """False alarms, share found, share found when told the topics, median delay."""
    planted = sum(week.planted for week in weeks)
    delays = [delay for week in weeks for delay in week.delays]
    return (
        sum(week.false for week in weeks) / len(weeks),
        sum(week.found for week in weeks) / planted,
        sum(len(week.told) for week in weeks) / planted,
        float(median(delays)) if delays else float("nan"),
    )
