"""Five questions to lesson 11b, Trend and season."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "A series has a gap of 18 weeks, and a forecast is to be made from the middle of it. The "
        "gap is filled with a *straight line* from the value before to the value after. What is "
        "wrong?",
        {
            "Nothing: it is the best guess for the gap": "It is a good guess, afterwards. Who "
            "knows the value after the gap, on a day inside it?",
            "Values before that day depend on values after it": "When all weeks after it get 10 "
            "ppm more, 6 earlier weeks move by up to 3.2 ppm. Filled forward, 0 of them move.",
            "The season is cut off within the gap": "So it is, and filling forward does it too. "
            "There is something worse.",
        },
        right=1,
        cell="fill-leak",
    ),
    Question(
        "An LSTM is trained on the scaled *level* of a series that climbs, up to 358 ppm. It "
        "forecasts one month ahead, with the true past in front of it, where the series is at "
        "371. What does it say?",
        {
            "About 371: it sees the last value": "It sees it. What can it do with a number that "
            "it has never met?",
            "More than 371: it goes on with the trend": "A trend that is carried on needs an "
            "output without a ceiling.",
            "Several ppm too little": "≈7.2 ppm below in 2001, in each run more than 3. Gates and "
            "tanh are bounded, and no scaling by the past helps.",
            "The mean of the training years": "It is not that lost: it does follow, and falls "
            "behind.",
        },
        right=2,
        cell="levels-facts",
    ),
    Question(
        "A second instrument is added as an input, and one month ahead more than three tenths of "
        "the error are gone. It measures the same air, with noise. What has happened?",
        {
            "Two instruments average out their noise": "They do a little. The honest twin, in its "
            "right row, brought next to nothing.",
            "The network has more weights now": "More weights alone do not find what is not there.",
            "It is a real discovery: validation confirms it": "Validation has the same rows. What "
            "if these are wrong in all parts alike?",
            "The tables were joined one row off": "≈0.22 where there was ≈0.38. It is the rise of "
            "the *next* month. No training curve shows it and no split in time prevents it; a "
            "test for leaks does.",
        },
        right=3,
        cell="twin",
    ),
    Question(
        "On this series, with trend and season taken out, which forecaster is best one month "
        "ahead and in the mean?",
        {
            "Thirteen weights by least squares, or a linear map": "AR(12) has ≈0.37, the direct "
            "map ≈0.35, the LSTM ≈0.44. Every run of the LSTM beats last year plus drift, and "
            "loses to AR(12) at all four horizons.",
            "The LSTM that learns what the baseline misses": "It does learn something: each run "
            "is better than the baseline. What else learns it, with a hundredth of the weights?",
            "Last year plus drift: nothing is left to learn": "The drift changes, and one learns "
            "of it too late.",
            "The GRU, as it has fewer weights": "Fewer than an LSTM, and hundreds all the same.",
        },
        right=0,
        cell="board-print",
    ),
    Question(
        "The test has 109 forecasts over 24 months, one from each month. How many trials is that "
        "worth?",
        {
            "109: each has its own origin": "Neighbours share 23 of their 24 months. Are their "
            "errors independent?",
            "About 50, as each error is used twice": "Count how many stretches of two years fit "
            "side by side.",
            "About five": "5 stretches without overlap; errors of neighbouring origins correlate "
            "≈0.92. So it decides no close contest at two years, and no share that is near the "
            "whole can be read from it.",
        },
        right=2,
        cell="stretches",
    ),
]
