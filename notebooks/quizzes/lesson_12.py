"""Five questions to lesson 12, Your series."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "A gap in a file needs a value, since a network cannot read *unknown*. Why does this "
        "series take the last value before it, and not a straight line across?",
        {
            "It is closer to the truth": "A straight line is closer, as a rule.",
            "It is simpler to compute": "Either is one line of code.",
            "The line knows the value after the gap": "It fills in 2, between 1 and 3, where the "
            "last value is 1. On a day in the gap nobody knows the 3: each forecast from there "
            "would have seen its future.",
            "A network learns better from steps": "It does not learn from gaps at all: they are "
            "left out when forecasts are judged.",
        },
        right=2,
        cell="gaps",
    ),
    Question(
        "The LSTM begins as the best simple forecast and learns only what that misses. The best "
        "number of optimiser steps in validation is 0. What does it mean?",
        {
            "It found nothing to add": "≈0 steps: the LSTM is left as it began, and says exactly "
            "what the simple forecast says. The curve never fell below its start.",
            "The learning rate was too low to see a change": "The curve would fall slowly then. "
            "It did not fall at all.",
            "The training has failed, and should be repeated": "Five networks were trained, and "
            "each said so.",
            "The network has learned the series by heart": "Then the curve would fall first, and "
            "rise later.",
        },
        right=0,
        cell="network",
    ),
    Question(
        "On the sunspots the linear map has 32.81 in the test, the LSTM 35.78, and AR(9), which "
        "had been best in validation, 35.78. Why are the last two equal?",
        {
            "By chance": "To the last digit, and in five runs?",
            "Because an LSTM is at heart an autoregression": "It can do what one does, and more. "
            "Here it was not asked to begin from nothing.",
            "Because both were chosen on the test": "Nothing is chosen on the test before the "
            "verdict.",
            "Because the LSTM corrects AR(9), with a correction of zero": "≈35.78 in each run. "
            "What was best in *validation* is what it corrects. That the map is better in the "
            "test is known only afterwards.",
        },
        right=3,
        cell="verdict",
    ),
    Question(
        "A band is made from errors of the past, of which only two forecasts fit side by side. "
        "How much wider must the band of 95 % be than with very many?",
        {
            "Not at all: a quantile is a quantile": "A quantile of many errors that are much "
            "alike is known badly.",
            "About twice": "1.97 times; with 20 side by side 1.06 times. Neighbouring errors "
            "share most of their values, so two hundred origins may be two trials.",
            "By a few per cent": "So it is with twenty side by side.",
            "About ten times, so that nothing can happen": "A band that is always right says "
            "nothing.",
        },
        right=1,
        cell="bands",
    ),
    Question(
        "The future of a series is turned to nonsense from a certain value on. In the forecasts "
        "from origins before it, what may change?",
        {
            "A little: the period is chosen on all values": "Then it would be chosen with the "
            "help of the future. The choice is made from the first part alone.",
            "Rounding, in the last digits": "The same numbers go in, in the same order. Why "
            "should they round differently?",
            "Nothing, to the last bit": "The largest change is 0.0 for each method. After that "
            "value whatever reads late values does change, by up to 997.",
            "Only what a network says": "A network is trained on values before the origin, like "
            "all the rest.",
        },
        right=2,
        cell="leak",
    ),
]
