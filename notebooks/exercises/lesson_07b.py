"""The exercises of lesson 07b, Numbers and bands."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from checks import array_of, exercise, expect, numbers, show

SIDE = 1 / 20  # what a band of 90 % leaves out on each side


@exercise("07b.1", "skill = ...  # with one fault of 100 in the last value of the test part")
def fault_at_the_end(skill) -> str:
    (given,) = numbers(skill, 1, "skill")
    dice = np.random.default_rng(0)
    clean = np.sin(2 * np.pi * np.arange(1600) / 50)
    found = {}
    for place in (700, 1599):
        test = clean + dice.standard_normal(1600) / 5
        test[place] += 100
        missed, naive = (clean - test)[1:], (test[:-1] - test[1:])
        found[place] = 1 - (missed @ missed) / (naive @ naive)
    said = f"`skill` is not {show(given)}"
    expect(given <= 1, f"{said}: nothing has a skill above 1.")
    middle, end = found.values()
    expect(
        abs(given - middle) > 1 / 20,
        f"{said}: that is the skill with the fault in the middle. How often is the fault among the "
        "errors of persistence there, and how often at the end?",
    )
    expect(
        given < 2 / 3,
        f"{said}: then persistence would have by far the larger squared error. The fault "
        "outweighs all other errors together: who misses it?",
    )
    expect(
        given > -1 / 20,
        f"{said}: then persistence would be the better one. Does it see the fault coming?",
    )
    expect(
        abs(given - end) < 1 / 20,
        f"{said}. Count how often the fault is among the errors of the forecaster, and how often "
        "among those of persistence.",
    )
    return (
        f"you said {show(given)}. Measured on a sine with such a fault it is ≈{abs(end):.2f}, and "
        f"with the fault in the middle ≈{middle:.2f}. One value, and its place, decide what the "
        "skill is."
    )


@exercise(
    "07b.2",
    """
    levels = ...  # the three levels that the network is trained for
    coverage = ...  # in per cent
    width_share = ...  # of the width of the band of 90 %
    """,
)
def band_of_eighty(levels, coverage, width_share) -> str:
    given = numbers(levels, 3, "levels")
    expect(
        ((given > 0) & (given < 1)).all(),
        f"`levels` lie between 0 and 1, and are neither; yours are {show(given)}.",
    )
    low, middle, high = given
    said = f"with levels of {show(given)}"
    expect(low < middle < high, f"{said} they do not rise.")
    expect(abs(2 * middle - 1) < 1e-9, f"{said} the middle one is not the median.")
    expect(
        abs(low + high - 1) < 1e-9,
        f"{said} there is {low:.0%} below the band and {1 - high:.0%} above it. Let them be alike.",
    )
    inside = round(100 * (high - low))
    expect(
        inside == 80,
        f"{said} {inside} % lie inside. How much does a band of 80 % leave out, on each side?",
    )
    (cover,), (share,) = numbers(coverage, 1, "coverage"), numbers(width_share, 1, "width_share")
    expect(cover > 1, f"`coverage` is in per cent; {show(cover)} is a share.")
    expect(
        abs(cover - inside) < 6,
        f"the levels are right, but a coverage of {show(cover)} % is not what they promise.",
    )
    normal = NormalDist()
    truth = normal.inv_cdf(high) / normal.inv_cdf(1 - SIDE)
    said = f"`width_share` is not {show(share)}"
    expect(share < 1, f"{said}: the band of 80 % is the narrower one.")
    expect(
        abs(share - 8 / 9) > 1 / 50,
        f"{said}: that is 80 / 90. Coverage and width do not grow alike: the outer values lie far "
        "apart.",
    )
    expect(
        abs(share - truth) < 1 / 20,
        f"{said}. At one moment the noise is normal: compare the two factors that the task names.",
    )
    return (
        f"the levels are, and you said {show(cover)} % and {show(share)}; for normal noise it is "
        f"{inside} % and {truth:.2f}. Now train it, and see how near a network comes to both."
    )


@exercise(
    "07b.3",
    """
    def grouped(said, y):  # validation: said[0][0], y[0]; test: said[1][0]; gives (low, high)
        ...
    """,
)
def two_widths(grouped) -> str:
    said, y, calm = _uneven(0)
    given = grouped([part.copy() for part in said], [part.copy() for part in y])
    ok = isinstance(given, (tuple, list)) and len(given) == 2
    expect(ok, f"`grouped` should give two ends, low and high; it gives {show(given)}.")
    ends = zip(given, ("low", "high"), strict=True)
    low, high = (array_of(end, f"the {word} end", (1500, 1)) for end, word in ends)
    expect((high > low).all(), "the high end of your band is not above the low one.")
    middle = (high + low) / 2
    expect(
        np.abs(middle - said[1][0]).max() < 1e-6,
        "your band does not lie around what the first member says of the test part.",
    )
    half = (high - low) / 2
    other = [y[0], y[1] + 5]
    again = np.asarray(grouped(said, other)[1], dtype=float)
    expect(
        np.allclose(again, high),
        "your band changes with `y[1]`, the truth of the test part. It must not know that.",
    )
    widths = {group: half[calm if group == "below" else ~calm] for group in ("below", "above")}
    expect(
        max(np.ptp(part) for part in widths.values()) < 1e-9,
        "your band has more than two widths, or groups other moments together. In the test part a "
        "moment's group is known only from what the network says there: less than 0, or not.",
    )
    errors = np.abs(y[0] - said[0][0])
    mine = {group: part[0] for group, part in widths.items()}
    calm_then = said[0][0] < 0
    groups = {"below": errors[calm_then], "above": errors[~calm_then]}
    level = 1 - 2 * SIDE
    right = {group: np.quantile(part, level) for group, part in groups.items()}
    expect(abs(mine["below"] - mine["above"]) > 1e-9, "both groups have the same width.")
    expect(
        abs(mine["below"] / right["above"] - 1) > 1 / 30,
        "the widths are exchanged: where the network says less than 0, you use the errors of the "
        "other group.",
    )
    words = {"below": "less than 0", "above": "0 or more"}
    for group, size in right.items():
        share = np.mean(groups[group] <= mine[group])
        expect(
            abs(mine[group] / size - 1) < 1 / 30,
            f"where the network says {words[group]}, your half width is {mine[group]:.3f}. In the "
            f"validation part {share:.0%} of this group's errors are within that, in size; asked "
            "for is a band of 90 %.",
        )
    inside = (low <= y[1]) & (y[1] <= high)
    one = np.quantile(errors, level)
    plain, kept = _score(said[1][0] - one, said[1][0] + one, y[1]), np.abs(y[1] - said[1][0]) <= one
    return (
        f"on the check's wave {inside[calm].mean():.0%} are inside where the network says less "
        f"than 0, and {inside[~calm].mean():.0%} elsewhere; with one width it is "
        f"{kept[calm].mean():.0%} and {kept[~calm].mean():.0%}. The interval score is "
        f"{_score(low, high, y[1]):.2f}, with one width {plain:.2f}. Groups work if one knows what "
        "to group by."
    )


@exercise(
    "07b.4",
    """
    def make_band(said, y, new):  # each (1500,); said and y: forecasts and truth, validation
        ...  # low and high, (1500,) each: a band of 90 % around new forecasts
    """,
)
def narrow_band(make_band) -> str:
    scores, rivals, covered = [], {"one width": [], "two widths": []}, []
    for seed in range(4):
        said, y, _ = _uneven(seed)
        old, new = (part[0][:, 0] for part in said)
        known, truth = (part[:, 0] for part in y)
        given = make_band(old.copy(), known.copy(), new.copy())
        ok = isinstance(given, (tuple, list)) and len(given) == 2
        expect(ok, f"`make_band` should give two ends, low and high; it gives {show(given)}.")
        ends = zip(given, ("low", "high"), strict=True)
        low, high = (array_of(end, f"the {word} end", (1500,)) for end, word in ends)
        expect((high >= low).all(), "the high end of your band is below the low one.")
        scores.append(_score(low, high, truth))
        covered.append(np.mean((low <= truth) & (truth <= high)))
        errors = np.abs(known - old)
        one = np.quantile(errors, 1 - 2 * SIDE)
        below, above = (np.quantile(errors[g], 1 - 2 * SIDE) for g in (old < 0, old >= 0))
        for each, half in zip(rivals.values(), (one, np.where(new < 0, below, above)), strict=True):
            each.append(_score(new - half, new + half, truth))
    score, share = np.mean(scores), np.mean(covered)
    told = f"your interval score is {score:.3f}, with {share:.0%} inside; asked for is 0.55"
    expect(
        score <= 0.55 or share > 0.8,
        f"{told}. Each value outside costs 20 times its distance, and there are too many.",
    )
    expect(
        score <= 0.55 or share < 0.97,
        f"{told}. The width counts as well, and yours keeps more values than it promises.",
    )
    for name, each in rivals.items():
        expect(
            score < 0.995 * np.mean(each),
            f"{told}. Even {name} (exercise 3) would have {np.mean(each):.3f}."
            if name == "two widths"
            else f"{told}. Even {name} for all would have {np.mean(each):.3f}.",
        )
    expect(
        score <= 0.55,
        f"{told}. Does your width change with the level, and as fast as the noise does?",
    )
    theirs = np.mean(rivals["two widths"])
    return f"{told}. Two widths have {theirs:.3f}; whoever knew the noise would have 0.52."


def _uneven(seed: int) -> tuple[list, list, np.ndarray]:
    """Forecasts as `answers` has them, truth as `later`; where the test's forecasts are below 0."""
    dice, t = np.random.default_rng(seed), np.arange(3000)[:, None]
    said = np.sin(2 * np.pi * t / 53 + 1) * dice.uniform(0.6, 1.2)
    size = 0.05 + 0.3 * ((1 + said) / 2) ** 3
    y = said + size * dice.standard_normal(said.shape)
    parts = slice(0, 1500), slice(1500, None)
    return [said[None, p] for p in parts], [y[p] for p in parts], said[1500:] < 0


def _score(low: np.ndarray, high: np.ndarray, y: np.ndarray) -> float:
    outside = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    return float(np.mean(high - low + outside / SIDE))
