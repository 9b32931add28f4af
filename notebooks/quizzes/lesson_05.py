"""Five questions to lesson 05, Tuning."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "A network forecasts a clean sine one step ahead with an error far below that of "
        "persistence. It is then to forecast 200 steps, reading its own forecasts. How large "
        "was this second error with the copied recipe?",
        {
            "About as large as the first": "Each step is made from the forecasts before it. Whose "
            "errors are in its inputs then?",
            "Twice as large, or nearly so": "That would be a very good network. One step ahead it "
            "is hardly asked how fast the wave really goes.",
            "Dozens of times as large": "It was ≈62 times as large. One step ahead, the last "
            "values nearly give the answer away.",
            "Exactly 200 times as large": "Errors would add up so, if each step added an "
            "error of one sign and size. Some cancel, and a forecast of a wave stays within the "
            "wave.",
        },
        right=2,
        cell="half-facts",
    ),
    Question(
        "The gradient of 790 windows and that of 16 windows drawn from them, in a fresh network. "
        "How well do their directions agree? (The cosine is 1 for one direction, and 0 for a "
        "right angle.)",
        {
            "About 0.02": "You have compared the numbers of windows. A mean over few "
            "of them points nearly where the mean over all does, if they resemble each other.",
            "About 0": "So few windows are not only noise. Sixteen windows of one wave say much "
            "the same as all.",
            "Exactly 1": "Only if all windows were equal. A draw of 16 misses something.",
            "About 0.9": "≈0.93 in the median. Mostly the same way downhill for a fiftieth of the "
            "work: so many small steps beat few exact ones.",
        },
        right=3,
        cell="cosine-facts",
    ),
    Question(
        "A range test raises the learning rate at each step. The RMSE is about 0.7 at the rate A, "
        "0.2 at B and 1.0 at C. Which rates are these?",
        {
            "A is 0.0002, B is 0.1, C is 2": "≈0.729, ≈0.189 and ≈1.010. Too low a rate hardly "
            "moves the weights; too high a one throws them about.",
            "A is 2, B is 0.1, C is 0.0002": "A rate that is far too low leaves the network where "
            "it began: at about the spread of the wave. Which of the three does more harm than "
            "that?",
            "A is 0.1, B is 0.0002, C is 2": "The test begins with the lowest rate, in a network "
            "that has learned nothing. Can its error be the smallest?",
        },
        right=0,
        cell="range-facts",
    ),
    Question(
        "A network reads the window `[0 1 2]` of a series that counts up, and its loss is taken "
        "on every output. Which are the targets?",
        {
            "`[0 1 2]`": "Then it would have to say what it has just read. A copy is quickly "
            "learned, and no forecast.",
            "`[1 2 3]`": "After each input the value that follows it: [1 2 3]. These values are "
            "known anyway, so one window gives three lessons for the price of one.",
            "`[3 3 3]`": "The first output has read a single value. It would be asked for one "
            "three steps ahead.",
            "`[3 4 5]`": "After the first value the next one is already in the window.",
        },
        right=1,
        cell="every-tiny",
    ),
    Question(
        "Which errors does the copied recipe have, as multiples of those of the last rung? "
        "(Closed loop: the start is read once, then the network goes on from its state.)",
        {
            "About 1 one step ahead, about 10 in closed loop": "One step ahead it is excellent "
            "for a plot. Is that as good as it gets?",
            "About 50 one step ahead, about 2 in closed loop": "Where is a network tried harder, "
            "on true inputs or on its own?",
            "About 2 one step ahead, about 2 in closed loop": "A state that grows older than any "
            "in training is a trial of its own. It was trained on short windows.",
            "About 10 one step ahead, dozens in closed loop": "≈13 and ≈92 here; the digits move "
            "with the draw. A loss on the last of ten outputs never sees an old state.",
        },
        right=3,
        cell="ladder-facts",
    ),
]
