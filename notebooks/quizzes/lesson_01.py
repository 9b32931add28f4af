"""Five questions to lesson 01, Data."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "A sine wave has noise of standard deviation 0.3 on it. One forecaster knows the true wave "
        "at each step, *persistence* repeats the last noisy value. How large are their errors, as "
        "RMSE on the noisy values?",
        {
            "0 and 0.3": "Both forecasts are compared with *noisy* values. Who could know the "
            "noise of a value that is still to come? And what persistence repeats is noisy too.",
            "0.29 and 0.59": "Persistence does meet the noise twice. But you have added two "
            "independent errors as if they always had one sign; mostly they cancel in part.",
            "0.29 and 0.42": "0.293 and 0.423 were measured. The first is the noise alone. "
            "Persistence meets it twice, in the value it repeats and in the value it is judged by, "
            "and it is the squares of independent errors that add up.",
            "0.29 and 0.29": "They would be equal if persistence repeated a clean value. It "
            "repeats a measured one.",
        },
        right=2,
        cell="cell-26",
    ),
    Question(
        "`split_in_time` gives a validation part of 150 values. You cut it into windows of 10, "
        "each with the value after it as its target. How many pairs are there?",
        {
            "140": "Of 150 values the first 10 are never a target; each of the others is the "
            "target of one window. So the shape is (140, 10, 1).",
            "150": "That is the number of values. A pair needs a window *and* a value after it.",
            "141": "So many windows there are. Look at the last one: which value comes after it?",
            "15": "You have laid the windows end to end. They overlap: each begins one step later.",
        },
        right=0,
        cell="cell-34",
    ),
    Question(
        "One forecaster, one noisy series, two ways to split off the test windows. Test A: error "
        "0.20, floor 0.28. Test B: error 0.45, floor 0.27. Which is which?",
        {
            "A is the split in time: it has the smaller error": "A small error is what one hopes "
            "for, and so it deserves suspicion. Compare it with what the true wave itself scores.",
            "A is the shuffled split: its error is below the floor": "79% of its answers were "
            "exact to the last digit. Windows overlap, so the neighbour of a test window, in "
            "training, held the answer. It was looked up, not forecast.",
            "It cannot be told: splits differ by chance": "By chance an error falls a little "
            "below its floor. By almost a third, on 190 windows, it does not.",
        },
        right=1,
        cell="cell-30",
    ),
    Question(
        "The series climbs slowly. What is wrong here?",
        {
            "The parts should be shuffled first": "Shuffling would put the neighbours of test "
            "windows into training. The order in time is right as it is.",
            "Each part needs a mean and a std of its own": "Then one number would mean three "
            "different things, and the test part would be centred by its own future.",
            "Nothing: a scale is no information": "It is. A mean over a series that climbs says "
            "how far it will have climbed.",
            "The mean and the std have seen the test part": "With the climb that comes after "
            "training the mean is 30.0; the training part alone has 27.0. Nobody has the first "
            "number on the day of the forecast.",
        },
        right=3,
        cell="cell-36",
        code="""
mean, std = series.mean(), series.std()
scaled = (series - mean) / std
train, validation, test = split_in_time(scaled)
windows, targets = create_sequences(train, 10)
""",
    ),
    Question(
        "Least squares forecasts a wave with noise 0.2, fitted to 350 values. You lengthen its "
        "window from 30 values to 100. What does its validation error do?",
        {
            "It falls, by a fifth or so": "The longer window contains the shorter, and so the "
            "error on the *training* part can only fall. Validation is another matter.",
            "It stays as it is, nearly": "For a much longer series that would be nearly so. "
            "From how many windows are all these weights to be learned here?",
            "It rises, by a fifth or so": "From 0.214 to 0.254, in the median over the draws: so "
            "many weights, fitted to few windows, learn the noise.",
            "It rises, above that of persistence": "That happened in the lesson with a shorter "
            "training part. Here it is not so bad.",
        },
        right=2,
        cell="middles",
    ),
]
