"""Five questions to lesson 03, Model."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "`nn.LSTM(1, 4, num_layers=3, batch_first=True)` reads 7 windows of 10 values. What are "
        "the shapes of `output` and of `h_n`?",
        {
            "(7, 10, 12) and (3, 7, 4)": "You have put the layers side by side. Which of them "
            "does the linear layer behind an LSTM get to see?",
            "(7, 10, 4) and (3, 7, 4)": "`output` comes from the top layer alone, after every "
            "time step; `h_n` has every layer, after the last one.",
            "(7, 10, 4) and (7, 3, 4)": "`batch_first` is about sequences. A state is none: it is "
            "kept as the layer needs it to go on.",
            "(3, 7, 10, 4) and (3, 7, 4)": "PyTorch does not show you what happens at each time "
            "step inside the lower layers.",
        },
        right=1,
        cell="shapes",
    ),
    Question(
        "A sequence of 3 real values was filled up with seven zeros, and read by an LSTM. You "
        "want its state after the real values. Where is it?",
        {
            "In `h_n[-1]`": "That is the state at the end of what the layer has *read*. It read "
            "the filling too.",
            "In `output[:, -1]`": "This is the last row. What has the layer read before it?",
            "In `output[:, 2]`": "Its difference from the state after 3 values is 0.00, that of "
            "`h_n[-1]` is 0.11. Nothing raises an error.",
            "In all of them": "They would agree if zeros changed nothing. But an input of 0 still "
            "meets the biases and the gates, and these go on changing the state.",
        },
        right=2,
        cell="padding-numbers",
    ),
    Question(
        "An LSTM gets data of shape (7, 10, 1), seven windows of ten values, but "
        "`batch_first=True` was forgotten. The state at the end is taken with `[:, -1]`. What do "
        "you see?",
        {
            "The shape you wanted, with wrong numbers": "(7, 4) either way, and numbers that are "
            "off by up to 0.20. Ten windows of seven values are as good as seven of ten, so the "
            "shapes say nothing.",
            "An error, as the axes do not fit": "Which axis has a size that the layer was told "
            "when it was made?",
            "The shape (10, 4), with wrong numbers": "You have taken the slice for the layer's "
            "way of counting: here the slice picks from the second axis, whatever the layer "
            "thinks of it.",
            "The shape you wanted, with the right numbers": "PyTorch sees three sizes. Nothing "
            "in them says what they count.",
        },
        right=0,
        cell="batch-first-numbers",
    ),
    Question(
        "A `Forecaster` has made a prediction after each of ten values. The value at position 6 "
        "is changed. Which predictions move?",
        {
            "All ten": "That would be so if a later value could reach an earlier state. In which "
            "direction does the layer read?",
            "Only the one at position 6": "The state goes on, and with it what was read.",
            "Those at the positions 0 to 5": "These were made before the value was read.",
            "Those from position 6 to the end": "By 0.008, 0.003, 0.001 and 0.001; those before "
            "it by exactly nothing. So each prediction is an honest forecast. With a "
            "bidirectional layer they would all move.",
        },
        right=3,
        cell="no-future-numbers",
    ),
    Question(
        "You double the units of an LSTM from 32 to 64, with one input. What happens to its "
        "number of parameters?",
        {
            "It grows about twofold": "Each unit has weights *from every unit*. Which part of the "
            "count grows with the square?",
            "It grows about eightfold": "There are four blocks before and after. They do not "
            "change the ratio.",
            "It grows about fourfold": "From 4480 to 17152: each block has a matrix from all "
            "units to all units, and that is what costs.",
        },
        right=2,
        cell="count-all",
    ),
]
