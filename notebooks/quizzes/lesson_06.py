"""Five questions to lesson 06, Evaluation."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "One network forecasts a noisy sine, another a series close to a random walk. Both plots "
        "look perfect. Their *skill*, the share of persistence's squared error that is removed, "
        "is about 0.6 for one and about 0 for the other. Which is which?",
        {
            "0.6 is the random walk, which is easy in small steps": "Its steps are small "
            "for persistence, too. Is there anything to know of the next one?",
            "0.6 is the sine, and the other network is an echo": "≈0.62 is all that was possible "
            "on this sine. ≈-0.02 means no better than repeating the last value, however good it "
            "looks.",
            "It cannot be told, since both plots are perfect": "From afar they are. Skill "
            "compares with a forecaster that anybody can make.",
        },
        right=1,
        cell="skill-code",
    ),
    Question(
        "A clean sine obeys an AR(2) exactly. Now there is noise of 0.1 on it. Which order does "
        "the validation part choose, out of 2 to 50?",
        {
            "2 or 3": "The law has two weights. It holds for the *clean* values. Each forecast "
            "would rest on two noisy ones.",
            "4 or 6": "The noise of two values more averages out a little. How "
            "much more would help?",
            "8 or 12": "That is already far better than two. The error has not "
            "stopped falling there.",
            "32 or 50": "Run 0 has 0.777 with order 2, and 0.108 and 0.106 with 32 and 50. More "
            "weights average the noise out: AR(2) was no fair rival.",
        },
        right=3,
        cell="order-choice",
    ),
    Question(
        "Again and again a forecaster is asked for the value ten steps ahead. Its forecasts agree "
        "best with the values of ten steps *before* the moments they were meant for. What has it "
        "learned?",
        {
            "The period, which is ten steps": "The wave has 50 points. And a forecast that knows "
            "the period fits without a shift.",
            "The wave, with a wrong period": "A wrong period makes a shift that grows from start "
            "to start, and ten steps would be a strange accident.",
            "To repeat the last value that it saw": "An echo says what was true when it was "
            "asked: ≈10 steps late, like persistence. So does AR(2) under noise; the LSTM on the "
            "sine is ≈0 late.",
            "Nothing: shifts are a matter of plotting": "The shift is measured, by the "
            "correlation with the truth. It says when each forecast was true.",
        },
        right=2,
        cell="shift-table",
    ),
    Question(
        "An LSTM trained on its last output is level with a good one at one step, and useless "
        "after ten periods in closed loop. Its amplitude is still about right. What is wrong?",
        {
            "Its period: it is wrong": "It is ≈31.9 steps late or early in the tenth period, "
            "in the median, where the recipe's network is off by ≈0.6. One step ahead such a "
            "period differs by far less than the noise.",
            "Its state: it grows too old": "That is a part of it. But let it re-read a window each "
            "time, with no old state at all, and much of the error is still there.",
            "Its inputs: the noise adds up": "In closed loop it reads no noisy value after the "
            "start.",
            "Its training: it is an echo": "An echo would stay where it is. This one goes on "
            "swinging, and at the right size.",
        },
        right=0,
        cell="drift-table",
    ),
    Question(
        "A noisy sum of two sines. Which forecaster has the smallest error over 200 steps?",
        {
            "The LSTM with the recipe in full": "Are two sines too much for a linear rule? The "
            "sum of two sines obeys a linear rule as well, one with four weights.",
            "The LSTM with the short recipe": "It is here about as bad as "
            "always saying the mean. Too little training is no protection.",
            "AR with its order chosen on the validation part": "The recipe's LSTM has ≈1.61 times "
            "its median error, the short one ≈10.27 times. The data *is* linear, and AR starts "
            "with that knowledge.",
            "None: they are level, as on one sine": "On one sine they are. With two, the networks "
            "have more to find and AR has not.",
        },
        right=2,
        cell="scoreboard-claims",
    ),
]
