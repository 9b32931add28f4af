"""Five questions to lesson 02b, Why so."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "A cell with all its gates open adds up its candidates. It reads two ups and two downs. "
        "The candidate is a *sigmoid* in place of tanh. Where does the cell state end?",
        {
            "At 0, where it began": "Ups and downs would cancel if a down gave a negative "
            "candidate. What values has a sigmoid?",
            "At 2.0, its highest": "0.73 1.46 1.73 2.00: it counts up on an up "
            "and on a down. With tanh it comes back to 0.00. So the candidate has a sign for the "
            "sake of what is stored.",
            "At 1.5, as after the two ups": "Then a down would have to write "
            "nothing. A sigmoid of -1 is small, and not nothing.",
            "At -0.5, its lowest": "No term in this sum is negative.",
        },
        right=1,
        cell="count",
    ),
    Question(
        "In which of these networks do most of five runs fail to learn a bit that must be kept "
        "over 20 steps?",
        {
            "Tanh in place of sigmoid in the three gates": "A gate that may say minus sounds "
            "wrong. Training did not mind: these were among the fastest.",
            "A candidate that is a sigmoid lowered by a half": "Slower than the "
            "network as built, but most runs learned it.",
            "A candidate that is a sigmoid as steep as tanh": "Slower than the network as built, "
            "but most runs learned it: one of its two faults is mended.",
            "A candidate that is a sigmoid, nothing else changed": "≈1 of five learned it within "
            "140 steps. It is the flat slope *and* the missing sign; mend either, and most runs "
            "learn it.",
        },
        right=3,
        cell="variants-claims",
    ),
    Question(
        "The forget gate is a factor of at most 1. Can the gradient of an LSTM explode over 100 "
        "time steps?",
        {
            "Yes: through *h* and the recurrent weights": "With these weights scaled by 16, the "
            "direct path has the size ≈2e-14 and the whole ≈7e+10. The forget gate bounds the "
            "road from cell to cell, and nothing else.",
            "No: every factor is at most 1": "Every factor *on the road*. By which other way does "
            "a change of the cell state reach the next one?",
            "Only if the forget bias is set too high": "A bias moves the gate between its two "
            "ends. Neither end is above 1.",
            "Only in a plain RNN: gates prevent it there": "Gates are for keeping. Look at "
            "what else a time step multiplies by.",
        },
        right=0,
        cell="measure-paths",
    ),
    Question(
        "A bit must be kept over 20 steps. Four starts: PyTorch's own, orthogonal recurrent "
        "weights, forget bias 1, or both. In which do most runs learn it within the budget?",
        {
            "In all four": "On the sine training repairs any of these starts. Here nothing is "
            "learned before a gradient has come all the way.",
            "In the two with orthogonal weights": "They lift the fresh gradient a little. At "
            "each time step it must still pass two gates that are half shut.",
            "In the two with forget bias 1": "≈40 and ≈30 steps in the median, where the "
            "other two end at the budget of 200. On the sine all four are level: a start matters "
            "where a gradient has to get far.",
            "In the one that has both": "Together they have the largest fresh gradient. But is the "
            "second of them needed?",
        },
        right=2,
        cell="starts-numbers",
    ),
    Question(
        "In a network of six units that forecasts a wave, which unit carries the phase? One swaps "
        "one unit at a time between two states that differ by a small step.",
        {
            "One, which holds it as with a bit": "A bit stands still, and a cell on the "
            "road does too. What does a phase do?",
            "Several, which take turns along the wave": "The largest has a mean share of ≈0.32, "
            "and ≈5 units are on top somewhere. To be anywhere in a circle takes at least two "
            "numbers.",
            "All six, with a sixth each all along": "At one place of the wave one unit may do "
            "most of it.",
            "None: *h* only shows what the cells hold": "Swapping *h* alone "
            "moves a part of it as well.",
        },
        right=1,
        cell="small-numbers",
    ),
]
