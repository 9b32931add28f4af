"""Five questions to lesson 07b, Numbers and bands."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "The same forecast of a temperature is judged by its MAPE, once in degrees Celsius and "
        "once in kelvin. How do the two compare?",
        {
            "They are the same, as it is a percentage": "A percentage is a share of the value. "
            "What is the value when one counts from another zero?",
            "In kelvin it is about a twentieth": "≈0.58 % after ≈11.42 %, for one and the same "
            "forecast. A percentage needs a zero that means *none*, and values that keep away "
            "from it.",
            "In kelvin it is about ten times as large": "The values are larger, the errors are "
            "the same number of degrees. What is divided by what?",
            "In kelvin it is 1.8 times as large": "That is the step from Celsius to Fahrenheit, "
            "and even there the zero moves as well.",
        },
        right=1,
        cell="kelvin",
    ),
    Question(
        "Orders come in, many small ones and a few huge. You may forecast one constant. Which is "
        "best by MAPE?",
        {
            "The mean of all orders": "The mean is best for squares.",
            "The median of all orders": "The median is best for absolute errors. In a percentage "
            "an error counts more where the value is small.",
            "A value that few orders exceed": "Being far too high costs a percentage without "
            "bound.",
            "A value that most orders exceed": "0.37, and 84 % of the orders are larger; MAE is "
            "best at 0.96 and RMSE at 1.61. MAPE rewards those who forecast too little.",
        },
        right=3,
        cell="constants",
    ),
    Question(
        "One value of a test part gets 10 added by a broken sensor. Which of these numbers "
        "changes by the largest factor?",
        {
            "RMSE": "From ≈0.23 to ≈0.33, where the MAE stays at ≈0.17. RMSE listens to the "
            "loudest value.",
            "MAE": "It counts the fault once, as one error among many. Which number squares it?",
            "Skill": "Persistence is hit by the same fault, even twice. What becomes of the ratio?",
            "MASE": "It is a mean of absolute errors, in units of persistence. Which number "
            "squares them?",
        },
        right=0,
        cell="changes",
    ),
    Question(
        "A forecaster follows a slow clean wave five steps late. Which number shows that it is "
        "poor?",
        {
            "RMSE: it is the largest of the table": "It is the smallest of the table. On a slow "
            "wave, five steps are a small way.",
            "R²: it is hardly above 0": "R² compares with the mean of the test part, and a late "
            "wave is far better than that.",
            "Skill: it is far below 0": "-24.00, since persistence would be late by one step "
            "only. R² is at least 0.96 for the two poor forecasters: it measures the series more "
            "than the forecast.",
        },
        right=2,
        cell="compared-print",
    ),
    Question(
        "The noise of a wave is small in the trough and large on the crest. Which of these 90 % "
        "bands keeps its promise in both halves?",
        {
            "Residual quantiles": "They do so on average, with one width everywhere. Is that "
            "right for both halves?",
            "Bounds trained with the quantile loss": "≈90 and ≈89 in the halves, and "
            "narrower on average: ≈0.70 against ≈0.80. Residual quantiles hold ≈99 in the lower "
            "half and ≈82 in the upper.",
            "The spread of five networks": "They differ in what they think of the wave. What do "
            "they know of the noise?",
            "The spread of 50 answers with dropout left on": "It is a spread of opinions about "
            "the mean. Noise is not in it.",
        },
        right=1,
        cell="bands-print",
    ),
]
