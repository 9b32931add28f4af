"""Five questions to lesson 02, Inside."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "A plain RNN of one unit has `W = 1`, `U = 0.5` and no bias. It reads a 1 and then five "
        "zeros. What is left in its state?",
        {
            "About 0.5": "Half of it is kept at *each* step, and there are five of them.",
            "About 0.76": "So it was after the first step. The zeros add nothing, and "
            "yet each step multiplies what was there before it squashes it.",
            "About 0.02": "0.022 of it, after 0.762 at the first step: a factor of about a "
            "half each time. Learning goes back through the same factors, and so the gradient "
            "vanishes too.",
            "Exactly 0": "No factor here is 0, and `tanh` never makes a number 0 that was not.",
        },
        right=2,
        cell="trace-of-a-one",
    ),
    Question(
        "Somebody writes an LSTM by hand and copies PyTorch's weights into it. What happens?",
        {
            "An error, as the shapes do not fit": "All four blocks have the same shape. What could "
            "PyTorch complain of?",
            "No error, and a wrong output": "The output is off by ≈2e-01, and each gradient "
            "as well, where the right order agrees to ≈2e-16. Only a comparison of numbers finds "
            "this.",
            "No error, as either order is learned": "If you train from scratch it does. Here "
            "the weights were trained, or drawn, for another order.",
            "No error, but gradients that are off": "The gates are exchanged on the way forward "
            "already.",
        },
        right=1,
        cell="proof-table",
        code="""
# The blocks of W, U and b are PyTorch's: i, f, g, o. The hand-written step has
f, i, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=-1)
c = f.sigmoid() * c + i.sigmoid() * g.tanh()
h = o.sigmoid() * c.tanh()
""",
    ),
    Question(
        "An LSTM fresh from PyTorch, and a plain RNN. How much of a gradient comes back through "
        "50 time steps, from hidden state to hidden state?",
        {
            "Next to nothing in both, a little more in the LSTM": "Sizes of 2e-10 and 6e-14. The "
            "gates of a fresh LSTM stand half open, and a half at each step is soon nothing. It "
            "has a valve, and the valve decides: with a forget bias of 3 it is 2e-02.",
            "Nearly all in the LSTM, little in the plain RNN": "It *can* pass "
            "nearly all. What do its forget gates say before anybody has set or trained them?",
            "As much in both, since nothing is trained yet": "The drawn weights alone decide "
            "this, and the two cells make different use of them.",
            "Less in the LSTM, whose gates are below 1": "A gate is a factor below 1. So "
            "is what a plain RNN multiplies by, and it is the smaller one.",
        },
        right=0,
        cell="sizes-table",
    ),
    Question(
        "A cell of one unit should hold a bit over 30 steps of small inputs of ±0.3. Which cell "
        "ends at about +2.0 for the bit +1, and near 0 for the bit -1?",
        {
            "One with a forget bias of 1": "That one forgets: with a factor of three quarters a "
            "step, both ends would be near 0.",
            "One whose input gate opens for large inputs only": "Then the small inputs would stay "
            "outside, and the two ends would differ in their sign.",
            "One whose input gate is always shut": "Then the bit would not come in either.",
            "One whose input gate is always open": "It adds up whatever comes: +2.01 and +0.12, "
            "*distracted*. A memory needs both: a forget gate that stays open, and an input gate "
            "that knows when to shut.",
        },
        right=3,
        cell="check-presets",
    ),
    Question(
        "Five LSTMs were trained to forecast a wave of 50 points a period, one step ahead. How "
        "long does the slowest unit of the median network keep what is on its road, by the rule "
        "of thumb 1 / (1 - f)?",
        {
            "About 50 time steps: one period": "One would think that it must see a whole wave. But "
            "what does it have to know in order to say the next value?",
            "About 5 time steps: a tenth of one": "About five, and 11.1 in the slowest of all: it "
            "must know where in the wave it stands, and that can be passed on from step to step. "
            "A wave asks for no long memory.",
            "Thousands of time steps: for ever": "After training the gates lie far from "
            "both ends. Nothing in this task asks for more.",
        },
        right=1,
        cell="units-or-time",
    ),
]
