"""Five questions to lesson 05b, Size."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "A sweep of six learning rates for networks of 4, 16 and 64 units. At which rates are the "
        "lowest medians?",
        {
            "At the same rate for all three sizes": "A rate belongs to the optimiser, and to the "
            "steepness of the loss as well, and that changes with the size.",
            "The larger the network, the higher the rate": "You may think that more weights need "
            "longer ways. Each of them moves at each step, and all moves add up.",
            "The larger the network, the lower the rate": "≈0.03, ≈0.01 and ≈0.003. And the first "
            "place is shared with several other cells: choose from the middle of a valley.",
        },
        right=2,
        cell="sweep-facts",
    ),
    Question(
        "A run of 60 steps with batches of 16 windows is the base. Which change does the most "
        "harm, if both see 960 windows?",
        {
            "20 steps of 48 windows": "≈1.37 times the base's median: it is "
            "steps that move the weights. 240 steps of 4 windows have ≈1.00. At equal *steps*, "
            "the batch size matters little.",
            "240 steps of 4 windows": "A rough direction mostly points the same way downhill, and "
            "there are many of them.",
            "Neither of the two": "As much is read. But windows are only read in a step. What "
            "moves the weights?",
        },
        right=0,
        cell="settings-facts",
    ),
    Question(
        "55 training windows with noise, 32 units, many steps. The training error ends clearly "
        "*below* what a forecaster that knows the true wave has on these windows. What does it "
        "mean?",
        {
            "It has found more than the true wave": "There is nothing more in it that "
            "will come again. What is left on these windows besides the wave?",
            "There is a fault in the score": "On new windows no error can be below the floor, "
            "on average. On windows that were seen often it can.",
            "The network is still learning the wave": "The validation error would go on falling "
            "then.",
            "The network has learned the noise by heart": "Training ends at ≈0.72 times its "
            "floor, and validation at ≈1.16 times its lowest value. Keep the weights of that "
            "lowest value.",
        },
        right=3,
        cell="stopped-facts",
    ),
    Question(
        "1000 units carry the number 1. At each time step a new random half of them is set to 0 "
        "and the others are doubled. How many are alive after eight steps?",
        {
            "About 500, each grown to twice its size": "Half of *those that are left*: a unit that "
            "was set to 0 stays there.",
            "A handful, each at some hundreds": "2 of 1000 are alive, each at 256. Such a mask "
            "is a forget gate of 0 or 2, by the toss of a coin. With one mask for all steps 492 "
            "are left.",
            "All 1000, each still at 1": "Doubling makes up for dropping for the mean over all "
            "units, and for no single one.",
        },
        right=1,
        cell="dropout-time-numbers",
    ),
    Question(
        "A series without noise follows a bent rule, in which a square appears. From how many "
        "values on is an LSTM clearly better than AR?",
        {
            "From some thousands on": "Networks need data. That is so where a linear rule is "
            "nearly right. What does AR learn from a parabola, however many points there are?",
            "From no number of values on": "AR finds the best weights in one go: the best "
            "*linear* ones. Look at the rule.",
            "From 50 values on": "≈0.063 against ≈0.670, and with 800 values ≈0.020 against "
            "≈0.620: no straight line fits a parabola. On a sine with noise the LSTM is nowhere "
            "clearly better.",
            "From 800 values on": "A bent rule has two inputs and a smooth "
            "shape. That takes less than one thinks.",
        },
        right=2,
        cell="by-length-facts",
    ),
]
