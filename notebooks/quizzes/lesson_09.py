"""Five questions to lesson 09, Memory."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "A plain RNN has a gradient of 1e-10 left over 40 time steps before training. Can it "
        "learn to say, after exactly 40 steps, which bit came first?",
        {
            "No, in none of the runs": "So the rule says that a lag cannot be learned at which "
            "the gradient has vanished, and for the three LSTMs it is right. Here it was put to "
            "the test.",
            "In about half of the runs": "A guess is right in half of the *sequences*. A run "
            "counts as solved at 95 %.",
            "Yes, in most of the runs": "≈5 of 5 at delay 40. An LSTM with forget bias 0 has a "
            "better gradient and solves ≈0 of 5. So the gradient alone does not decide.",
            "Yes, but only with a GRU's gates": "The GRU solves it, too. It is not alone.",
        },
        right=2,
        cell="scored",
    ),
    Question(
        "RNNs that are right after 40 time steps are asked after 41. What do most of them show?",
        {
            "Hardly ever the bit, often its opposite": "Right in ≈0.00 of the cases, after ≈1.00 "
            "a step before. It is a *clock*: its state swings, and shows the bit the right way "
            "up when it was asked in training.",
            "The bit, as before: it is in their state": "It is in its state. But what does the "
            "state do from one step to the next?",
            "A guess, right half of the time, in all of them": "A guess would mean that the bit "
            "is lost. Some are wrong nearly always, and that takes knowledge.",
        },
        right=0,
        cell="by-step-numbers",
    ),
    Question(
        "A state of one number, *h* becomes tanh(2 *h*) at each step, begins at +0.5 or at +0.6. "
        "What is left after 40 steps?",
        {
            "Both numbers, nearly unchanged": "Then nothing would squash them. The curve bends "
            "both towards one place.",
            "Nothing: the state ends at 0": "With a weight below 1 it would. Here a small state "
            "grows.",
            "The sign, and not the number": "+0.958 from both, and -0.958 from the other sign, "
            "with a gradient of 9e-31. A latch remembers *because* it undoes small changes. A "
            "road of 0.99 keeps both, +0.334 and +0.401.",
            "The number, and not the sign": "No step turns a sign here, or takes it away.",
        },
        right=2,
        cell="by-hand",
    ),
    Question(
        "The delay is drawn anew for each batch, between 20 and 40. How many of five RNNs get "
        "through at every delay, and how many LSTMs with forget bias 3?",
        {
            "Most RNNs, and most LSTMs": "An RNN that learned 40 would manage less if it had "
            "learned to *hold* the bit.",
            "Hardly any RNN, hardly any LSTM": "The steps were enough for one of the two.",
            "Most RNNs, and hardly any LSTM": "An RNN showed the bit at one moment. Which moment "
            "should it choose now?",
            "Hardly any RNN, and most LSTMs": "≈0 of 5 and ≈5 of 5. A clock is of no use if one "
            "does not know when it will be read.",
        },
        right=3,
        cell="any-delay-runs",
    ),
    Question(
        "Two marked numbers in a sequence of 30 values are to be added, one in each half. Always "
        "saying 1 has an RMSE of 0.41. What does an RNN learn?",
        {
            "Their sum, like the GRU": "A sum needs numbers that are kept, and not only a sign.",
            "Hardly more than to say 1": "Its RMSE is ≈0.41, and its answer has a correlation of "
            "≈0.00 with the first number. The GRU has ≈0.07. A latch has room for a bit, and for "
            "nothing finer.",
            "Only the first number": "Which of the two lies further back?",
            "Nothing: it is above 0.41": "Then it would not even know the mean. That is learned "
            "in the output layer alone.",
        },
        right=1,
        cell="adding-scores",
    ),
]
