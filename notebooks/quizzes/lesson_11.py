"""Five questions to lesson 11, Real series."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "AR(9) forecasts the yearly sunspots. Now it works on their square root. What can such a "
        "change bring, with not one weight more?",
        {
            "No change: they are the same numbers": "A root is no change of units. It makes large "
            "swings smaller than small ones.",
            "Less than 1 % off the error on the two last spans": "The weights are linear. A root "
            "bends.",
            "More than 15 % off the error on the two last spans": "From 0.342 to 0.238 on the "
            "third and from 0.170 to 0.138 on the last. High years vary more than low ones, and "
            "the root evens that out.",
            "More error on the two last spans": "Squaring back is biased, by about one sunspot "
            "here. That moves the scores by less than a twentieth.",
        },
        right=2,
        cell="root",
    ),
    Question(
        "On 1956-79 each of five LSTMs is worse than AR(9) after a root. In how many of these 24 "
        "years are they the better ones?",
        {
            "In none of them": "They lose on average. A mean does not say where.",
            "In five or six": "Look at how much a single year can weigh in a mean of squares.",
            "In ten to twenty": "≈15 of 24, and 1958 alone makes ≈0.67 of the whole difference: "
            "there came a peak of a height that no LSTM had seen in training.",
            "In all of them but one": "That would be a clean sweep with one accident. There are a "
            "few more bad years.",
        },
        right=2,
        cell="peak-facts",
    ),
    Question(
        "The value of 1957 is raised from 150 to 250. By how much does the forecast for 1958 rise?",
        {
            "By more than 100 with AR, far less with the LSTM": "From 137 to 259 with AR, from "
            "≈118 to ≈136 with the LSTM. Its units lie between -1 and 1, so somewhere its answer "
            "has a ceiling.",
            "By about 100 with both of them": "They learned from the same years. What happens "
            "beyond all of them?",
            "By far less than 100 with both of them": "AR has nine weights, and the one on the "
            "last year is the largest. Nothing bends them.",
            "By more than 100 with the LSTM, far less with AR": "The LSTM is not linear, and each "
            "bend of it makes its answer flatter.",
        },
        right=0,
        cell="bend",
    ),
    Question(
        "Each of five seeds is worse on 24 test years. Years are drawn anew from these, with "
        "replacement, and in ≈0.079 of the draws the difference has the other sign. What is the "
        "verdict?",
        {
            "Clear: five seeds of five agree": "Seeds tell about training. Did each of them have "
            "years of its own?",
            "Open: the five share the same 24 years": "AR is ahead by ≈0.140, but usually only "
            "two and a half draws in a hundred may have the other sign. Seeds say nothing about "
            "the luck of the years, and there are no other years.",
            "Wrong: the draws turn it round": "Most draws have the same sign as before.",
            "Open: more seeds would make it clear": "More seeds would make the mean of the same "
            "years more exact, and no year more.",
        },
        right=1,
        cell="bootstrap",
    ),
    Question(
        "One test: all values after 1979 are changed, and everything is repeated from the raw "
        "file on. Which result shows that nothing has seen the future?",
        {
            "The forecasts before 1979 change by less than one sunspot": "A small change is a "
            "change: something has read what came later.",
            "The scores before 1979 stay the same to three digits": "A score is a mean. Single "
            "forecasts may move in it unseen.",
            "The forecasts after 1979 change": "They should, since they read the changed values. "
            "That says nothing about the others.",
            "No forecast up to 1979 changes by a single bit": "2618 forecasts, largest change "
            "0.0. With a scaler fitted on all years they moved by up to ≈35.2 sunspots, though "
            "nobody had touched the split.",
        },
        right=3,
        cell="leak-facts",
    ),
]
