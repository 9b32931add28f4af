"""Five questions to lesson 10, Remembering."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "In an LSTM of four units three correlate above 0.9 with a bit that it remembers. How "
        "does one find out which of them *keeps* it?",
        {
            "By its correlation: the highest one keeps it": "A unit may follow the bit because it "
            "reads it, at each step, from another one.",
            "By its cell: it stays level for a long time": "You would see what it *knows*. Three "
            "units know the bit.",
            "By swapping its state: the answer goes with it": "With the found unit's state "
            "swapped for one of the other bit the accuracy is ≈0.03: the network goes on with "
            "the other bit. With another unit it stays at ≈1.00. What a unit does is seen only "
            "when you change it.",
            "By its forget gate: the slowest is the one": "Some units are as slow, and nothing "
            "hangs on them.",
        },
        right=2,
        cell="judge",
    ),
    Question(
        "A bit must be remembered over 11 steps. The gradient is cut into pieces of 3 steps, the "
        "state is carried on. Which LSTM learns the task?",
        {
            "One with forget bias 3, and not one with bias 0": "≈1.00 and ≈0.47. Fresh, the first "
            "keeps the bit anyway, and one layer need only read it. Truncation takes away what "
            "must be *learned* across a border, not what is kept.",
            "Neither one with bias 3 nor one with bias 0": "No gradient reaches the bit. Is there "
            "anything to be learned at the place of the bit?",
            "Both, one with bias 3 and one with bias 0": "The state is carried on. It must also "
            "be strong enough to be read.",
            "One with forget bias 0, and not one with bias 3": "A gate that stands half open: "
            "what is left after eleven steps?",
        },
        right=0,
        cell="cut-recall-numbers",
    ),
    Question(
        "Two marked values of ten are to be added, in pieces of 5, and a GRU learns it. Then "
        "five blank steps follow the ten values, again in pieces of 5. What happens?",
        {
            "It is learned again: the blanks say nothing": "They say nothing. But from which "
            "piece had the network learned what to do with a mark?",
            "It is learned, only more slowly": "That would be if some gradient still came from a "
            "piece with a mark in it.",
            "It is not learned, because 15 steps are too long": "In *one* piece of 15 nearly all "
            "learn it.",
            "It is not learned: no easy case is left": "Its RMSE is ≈0.39, that of one piece "
            "≈0.07. The second mark used to lie in the last piece, where a gradient reaches it, "
            "and it taught the same weights for the first piece.",
        },
        right=3,
        cell="no-easy-numbers",
    ),
    Question(
        "Three sequences of lengths 3, 1 and 2 are padded to 3 and read by an LSTM. The state at "
        "the end is taken as `output[:, -1]`. For which sequences is it wrong?",
        {
            "For all three": "One of them has no filling.",
            "For the two shorter ones": "It differs by 0.292 and 0.304 there, by 0.000 for the "
            "longest. Row length - 1 is right for all of them.",
            "For none of the three": "An input of zero still meets biases and gates, and the "
            "state moves on.",
            "Only for the one of length 1": "How many steps of filling has the one of length 2 "
            "read?",
        },
        right=1,
        cell="rows",
    ),
    Question(
        "A delay of 120 is to be learned. Which start works at a learning rate of 0.01?",
        {
            "One high forget bias, alike for all of the units": "It can be that of the right "
            "length. At a lower rate it works as well, at this one it fails in most runs.",
            "None of the starts that the lesson tries": "One of the starts of the lesson learned "
            "it, in nearly all runs.",
            "*Chrono*, each unit with its time constant": "≈0.99, where the single high bias has "
            "≈0.50. It stands a larger rate. What in it does so is asked in the exercises.",
        },
        right=2,
        cell="starts-numbers",
    ),
]
