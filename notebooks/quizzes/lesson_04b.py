"""Five questions to lesson 04b, Flat."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "Two networks give flat forecasts, each on a series of its own. *Persistence* has a skill "
        "of about 0.95 on the first series, and of about -1 on the second. What do these two "
        "numbers tell?",
        {
            "The first network is the better one": "They say something about the *series*: no "
            "network was asked.",
            "Flat may be right on the second series": "That is pure noise, where "
            "persistence has ≈-0.99, and the network's ≈-0.00 is as good as can be. On the first "
            "series there is much to predict.",
            "The second series needs a larger network": "What would it find there? Two values in "
            "a row have nothing to do with each other.",
            "Nothing, as a skill cannot be negative": "It can: negative means worse than the "
            "mean, and that is worth knowing.",
        },
        right=1,
        cell="flat-facts",
    ),
    Question(
        "A forecast is flat. The network cannot even learn eight windows by heart, and the "
        "largest input is about 2. Which cause fits?",
        {
            "The learning rate is too low": "By heart is tried at a rate that works. This test "
            "would have passed.",
            "There is nothing to predict": "Eight windows of pure noise can be learned by heart.",
            "The loss broadcasts": "It fails the tests 1 and 3: it compares each prediction with "
            "all targets of the batch. Not scaled fails by heart too, but its largest input is "
            "far too large.",
            "The window is too short": "Then eight windows can still be told apart and learned. "
            "What is missing shows on new ones.",
        },
        right=2,
        cell="tests-check",
    ),
    Question(
        "A line fitted to windows of 10 values of a slow noisy wave has a skill of 0.97 one step "
        "ahead. What happens in closed loop?",
        {
            "It dies out within a hundred steps": "A step keeps ≈0.947 of the wave, a hundred "
            "steps ≈0.004 of it. One step ahead nobody sees so little: so print both errors side "
            "by side.",
            "It goes on with the wave as it began": "The skill is almost 1. Almost. What becomes "
            "of the small rest, if each step is made from the one before?",
            "It grows within a hundred steps": "It would if a step made the wave larger. From ten "
            "noisy values, does the best guess trust them too much or too little?",
            "It becomes noise in a few steps": "There is no noise in a forecast that reads only "
            "itself.",
        },
        right=0,
        cell="roots",
    ),
    Question(
        "The noise has a standard deviation of 0.1. A bidirectional network with a loss on every "
        "output reports a *validation* RMSE of 0.05. What is it worth for the value after the "
        "window?",
        {
            "About 0.05, as on the validation part": "Validation protects from learning by heart. "
            "Does it protect from reading the answer?",
            "About 0.1, which is just the floor": "That would be a perfect forecaster. What did "
            "its forward half have to learn, as long as the other half could read on?",
            "It cannot be said without the floor": "Here the floor is given. What "
            "does an error below it mean?",
            "About 0.15, well above the floor": "≈0.149 against ≈0.116. The target of each "
            "output but the last is an input that the backward half has read. It learned to copy.",
        },
        right=3,
        cell="leak-check",
    ),
    Question(
        "A network carries its state from batch to batch while the pieces are *shuffled*, so that "
        "it goes on from some other piece. What becomes of it?",
        {
            "It is ruined by states that are nonsense": "Its *first* state is nonsense in each "
            "piece. What does a network learn about an input that is never of use?",
            "It learns to do without the carried state": "With the right state it has ≈0.152, "
            "where carrying in order brings ≈0.128. From a left-over state it is the best of the "
            "four: it has learned that its first state is a lie.",
            "It learns as well as with ordered pieces": "The order does not matter as long as "
            "each begins from zeros.",
        },
        right=1,
        cell="mixed-check",
    ),
]
