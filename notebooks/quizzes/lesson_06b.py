"""Five questions to lesson 06b, Far ahead."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "The law of a sine with 50 points a period is given a modulus of 0.98 instead of 1. What "
        "is left of the wave after one period?",
        {
            "98 % of it": "That is what one *step* leaves. How many steps has a period?",
            "36 % of it": "0.36, since 0.98 is applied at each of 50 steps. A modulus of 1.02 "
            "makes 2.69 of it: small faults of a step are large ones of a period.",
            "2 % of it": "After several periods that will be so.",
            "All of it, late": "Lateness is a matter of the angle. The modulus says what "
            "happens to the size.",
        },
        right=1,
        cell="law",
    ),
    Question(
        "AR(32) is fitted to 75 noisy values, and then runs free. What is most likely?",
        {
            "It dies out, as AR(2) does under noise": "Two weights have to trust noisy values, so "
            "they trust them little. With 32 weights on so few equations, it is something else "
            "that is fitted.",
            "It keeps the wave, as with 1125 values": "There the noise averages out over more "
            "than a thousand equations. How many are there now?",
            "It explodes: it grows period by period": "Its gain a period is ≈2.61 in the median, "
            "with 1125 values ≈1.00. The weights fit noise, and nothing holds the largest modulus "
            "near 1.",
            "It becomes flat at the last value": "Nothing in these weights says that a value "
            "should stay.",
        },
        right=2,
        cell="size-of",
    ),
    Question(
        "The *gain at the rest point* of a small LSTM is measured while it trains. One copy has a "
        "gain below 1, one above 1. What do their closed loops do?",
        {
            "The first dies out, the second keeps a wave": "Of the copies below 1 ≈16 are dead "
            "and ≈1 is alive; above 1 ≈0 are dead and ≈43 alive. The gain decides.",
            "The first keeps a wave, the second explodes": "So it would be in a linear loop near "
            "1. Can the output of an LSTM grow without end?",
            "Both keep a wave, of different sizes": "A push at the rest point that grows smaller "
            "at each turn: where does it end?",
        },
        right=0,
        cell="rest-table",
    ),
    Question(
        "An LSTM in closed loop swings with a wave of lasting size. One pushes its state once, at "
        "random. What is seen twenty periods later?",
        {
            "Nothing: the network forgets the push": "It forgets a part of it. Who tells a "
            "network that runs free what time it is?",
            "A wave of another size": "Directions that change the size have a gain far below 1.",
            "Another period: the push has changed it": "The period is in the weights, and they "
            "were not pushed.",
            "The same size, and a shift in time": "Around the cycle the largest gain is ≈1.001, "
            "the second ≈0.002. Along the cycle a push is neither forgotten nor made larger, so "
            "every error of phase is kept.",
        },
        right=3,
        cell="cycles",
    ),
    Question(
        "A linear model reads the last 4 values of a slow wave with noise, and its forecast over "
        "396 steps decays to a constant. What is the remedy?",
        {
            "None: errors build up with each step": "So it is often said. But do the errors grow "
            "here, or does the forecast fade?",
            "A network in place of the linear model": "A sine *is* linear. What does a window of "
            "four noisy values tell of its direction?",
            "A longer window: more than a hundred values": "With 128 the error is ≈0.13 in place "
            "of ≈0.72. The loop did not run off, it died: its gain was ≈0.0093 a period. With 256 "
            "values it is wrong the other way.",
            "As long a window as the data allow": "Then there are hardly more equations than "
            "weights, and the gain goes far above 1.",
        },
        right=2,
        cell="famous-table",
    ),
]
