"""Five questions to lesson 10b, After the LSTM."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "One layer of attention *without* positions reads four steps. The first and the third "
        "are exchanged. What happens to the last output?",
        {
            "It changes in any case": "The past holds the same set of values, in another order. "
            "What does a weighted mean know of order?",
            "It does not move at all": "0.00: a weighted mean has no order. With positions it "
            "moves by 0.07. An LSTM knows the order because it reads in it.",
            "It changes only without the mask": "The mask hides what comes later. For the last "
            "output, nothing does.",
        },
        right=1,
        cell="causal",
    ),
    Question(
        "A bit must be recalled after 100 noisy steps, within 100 optimiser steps. Who learns it "
        "in nearly every run, and fast?",
        {
            "A small transformer of one block": "≈1.00 after ≈20 steps. To attention all places "
            "are equally near, and the gradient takes the same short cut. The LSTM with bias 3 "
            "needs ≈100 steps in the median.",
            "An LSTM with forget bias 1": "At a delay of 40 already, most of these stayed at "
            "chance.",
            "An LSTM with forget bias 3": "Some of its runs arrive, slowly.",
            "None of these in 100 steps": "For one of them a step that lies far back is no "
            "farther than any other.",
        },
        right=0,
        cell="recall-numbers",
    ),
    Question(
        "On a family of noisy waves, a transformer on patches and an LSTM of about the same size "
        "are level after 250 optimiser steps. Which is ahead after 500?",
        {
            "The transformer, and clearly so": "It falls further, too. The question is who falls "
            "faster.",
            "Neither: they stay level": "They were level at one budget. A report that gives one "
            "budget only is half a report.",
            "The LSTM, and clearly so": "Its mean error goes from ≈0.42 to ≈0.25, that of the "
            "patches from ≈0.41 to ≈0.32. And a step of theirs costs more here, so at equal time "
            "it is the same.",
        },
        right=2,
        cell="contest-facts",
    ),
    Question(
        "A linear map from 50 values to the next ones, by least squares. Its error at 25 steps "
        "is 0.07 on waves of period 50. What is it on waves with periods from 15 to 60?",
        {
            "About 0.07, as before": "Least squares finds the best weights for all of these waves "
            "together. How many laws are that?",
            "About 0.2, three times as large": "So it is for a narrow range of periods.",
            "About 0.3, four times as large": "So small it would be if one law were nearly "
            "enough. How different are these?",
            "About 0.6, nine times as large": "0.63, close to useless, after 0.17 for 45 to 55. A "
            "fixed matrix serves one law; gates and attention depend on what is read. Try it "
            "first all the same: many series have one law.",
        },
        right=3,
        cell="one-law",
    ),
    Question(
        "Values come one by one for hours. After 3200 of them, how many numbers must an LSTM "
        "keep for the next forecast, and how many a transformer with a cache?",
        {
            "Both 64 numbers for each value": "So does a network that reads everything again. "
            "What does an LSTM hand on from step to step?",
            "The LSTM 64, the transformer 64 for each value": "So the LSTM does the same work for "
            "each new value, ≈88 microseconds after 3200 and ≈89 after 50. Who keeps everything "
            "can look up anything, and pays for it.",
            "The transformer 64, the LSTM 64 for each value": "The transformer has no state, and "
            "therefore has to keep what it may want to look at.",
            "Both 64 numbers in all": "For one of them it is so. Who keeps everything can look up "
            "anything, and what does that cost?",
        },
        right=1,
        cell="stream-numbers",
    ),
]
