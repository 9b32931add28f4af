"""Five questions to lesson 11b, Trend and season."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "A series has a gap of 18 weeks. A forecast is to be made on a day in the middle of it. "
        "The gap was filled with a *straight line* from the value before it to the value after "
        "it. What is wrong with this forecast?",
        {
            "Nothing: a line is close to the truth": "It is a good guess, afterwards. Who knows "
            "the value after the gap, on a day inside it?",
            "It reads a value that is not yet known": "When all weeks after it get 10 ppm more, 6 "
            "earlier weeks move by up to 3.2 ppm. Filled forward, 0 of them move.",
            "It misses the season within the gap": "So it does, and filling forward does it too. "
            "There is something worse.",
            "It reads measured values that were changed": "What was measured stays as it is. "
            "Which two values make the line?",
        },
        right=1,
        cell="fill-leak",
    ),
    Question(
        "An LSTM is trained on the scaled *level* of a series that climbs, up to 358 ppm. It "
        "forecasts one month ahead, with the true past in front of it, where the series is at "
        "371. What does it say?",
        {
            "About 371, the last value that it sees": "It sees it. What can it do with a number "
            "that it has never met?",
            "Above 371, as the trend goes on": "A trend that is carried on needs an output "
            "without a ceiling.",
            "Several ppm less than the truth": "≈7.2 ppm below in 2001, in each run more than 3. "
            "Gates and tanh are bounded, and no scaling by the past helps.",
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
            "The noise of two instruments averages out": "It does a little. The honest twin, in "
            "its right row, brought next to nothing.",
            "The network has more weights to fit with": "More weights alone do not find what is "
            "not there.",
            "The second instrument is the better one": "Validation says so, too. It has the same "
            "rows: what if these are wrong in all parts alike?",
            "Its values stand one row from their month": "The tables were joined one row off: "
            "≈0.22 where there was ≈0.38. It is the rise of the *next* month. No training curve "
            "shows it and no split in time prevents it; a test for leaks does.",
        },
        right=3,
        cell="twin",
    ),
    Question(
        "Trend and season are taken out of the series, and each forecaster says what is left. "
        "Which is best, one month ahead and in the mean of all horizons?",
        {
            "A linear one, fitted by least squares": "AR(12) has ≈0.37, the direct map ≈0.35, the "
            "LSTM ≈0.44. Every run of the LSTM beats last year plus drift, and loses to AR(12) "
            "at all four horizons.",
            "The LSTM, on what the baseline misses": "It does learn something: each run is better "
            "than the baseline. What else learns it, with a hundredth of the weights?",
            "Last year plus drift, without any fit": "The drift changes, and one learns of it too "
            "late.",
            "The GRU, with fewer weights than an LSTM": "Fewer, and hundreds all the same. What "
            "does the series have for them to learn?",
        },
        right=0,
        cell="board-print",
    ),
    Question(
        "The test has 109 forecasts over 24 months, one from each month. As how many independent "
        "trials do they count?",
        {
            "As about 109, one for each origin": "Neighbours share 23 of their 24 months. Are "
            "their errors independent?",
            "As about 50, one for two origins": "Two months apart, forecasts still share 22 of "
            "their 24 months. Count how many stretches of two years fit side by side.",
            "As about 5, one for two years": "5 stretches without overlap; errors of neighbouring "
            "origins correlate ≈0.92. So it decides no close contest at two years, and no share "
            "that is near the whole can be read from it.",
            "As about 20, one for half a year": "Half a year apart, forecasts still share 18 of "
            "their 24 months. How far apart must they be to share none?",
        },
        right=2,
        cell="stretches",
    ),
]
