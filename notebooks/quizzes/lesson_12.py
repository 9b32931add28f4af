"""Five questions to lesson 12, Your series."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "A gap in a file needs a value, since a network cannot read *unknown*. Why does this "
        "series take the last value before it, and not a straight line across?",
        {
            "The last value is closer to the truth": "A straight line is closer, as a rule.",
            "The last value is simpler to compute": "Either is one line of code.",
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
        "The LSTM begins as the best simple forecast and learns only what that misses. In "
        "validation, training is best stopped after 0 optimiser steps. What does it mean?",
        {
            "It found nothing to add to it": "≈0 steps: the LSTM is left as it began, and says "
            "exactly what the simple forecast says. The curve never fell below its start.",
            "Its learning rate was too low": "The curve would fall slowly then. It did not fall "
            "at all.",
            "Its training has to be repeated": "Five networks were trained, and each said so.",
            "It has learned the series by heart": "Then the curve would fall first, and rise "
            "later.",
        },
        right=0,
        cell="network",
    ),
    Question(
        "On the sunspots the error in the test is 32.81 for the linear map, 35.78 for the LSTM, "
        "and 35.78 for AR(9), which had been best in validation. Why are the last two equal?",
        {
            "They came out equal by chance": "To the last digit, and in five runs?",
            "An LSTM is an autoregression, too": "It can do what one does, and more. Here it was "
            "not asked to begin from nothing.",
            "Both were chosen in the test part": "Nothing is chosen on the test before the "
            "verdict.",
            "The LSTM adds a correction of zero": "≈35.78 in each run. What was best in "
            "*validation* is what it corrects, and here it corrects AR(9) by nothing. That the "
            "map is better in the test is known only afterwards.",
        },
        right=3,
        cell="verdict",
    ),
    Question(
        "The band of 95 % is made from errors of past forecasts. The past is so short that only "
        "two of them fit side by side. How wide must the band be, beside one made from very many?",
        {
            "Just as wide": "A quantile is a quantile. But one of many errors that are much alike "
            "is known badly.",
            "About 2 times as wide": "1.97 times; with 20 side by side 1.06 times. Neighbouring "
            "errors share most of their values, so two hundred origins may be two trials.",
            "About 1.1 times as wide": "That is nearer to what twenty side by side ask for.",
            "About 10 times as wide": "Nothing could happen then. But a band that is always right "
            "says nothing.",
        },
        right=1,
        cell="bands",
    ),
    Question(
        "The future of a series is turned to nonsense from a certain value on. In the forecasts "
        "from origins before it, what may change?",
        {
            "The period, as it is chosen on all values": "Then it would be chosen with the help "
            "of the future. The choice is made from the first part alone.",
            "The last digits, by rounding": "The same numbers go in, in the same order. Why "
            "should they round differently?",
            "Nothing, to the last bit": "The largest change is 0.0 for each method. After that "
            "value whatever reads late values does change, by up to 997.",
            "What a network says, but no method else": "A network is trained on values before the "
            "origin, like all the rest.",
        },
        right=2,
        cell="leak",
    ),
]
