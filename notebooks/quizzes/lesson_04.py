"""Five questions to lesson 04, Training."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "A network cannot learn eight windows by heart: the share of the variance that is left "
        "stays at 1.00 in each of five runs, whatever you change in the learning rate. Which "
        "fault is it?",
        {
            "The targets are 10 points late": "Eight wrong targets can be learned by heart as "
            "well as eight right ones. This fault needs another test.",
            "`zero_grad` is missing in the loop": "Then each step follows the sum of all "
            "gradients so far. It fails too, but with a share that differs widely from run to "
            "run.",
            "The loss broadcasts": "≈1.00 in each run: every prediction is "
            "pulled to all targets at once, and the best answer is their mean, whatever the input.",
            "The network has too few units": "Sixteen units learned the eight windows of sound "
            "code without trouble.",
        },
        right=2,
        cell="by-heart-show",
    ),
    Question(
        "Twice in a row the loss is computed and `backward` called, on the same weights and data, "
        "without `zero_grad` between. What is the gradient of a weight after the second call, if "
        "it was ≈ -0.05 after the first?",
        {
            "≈ -0.10: it was added to the first": "From ≈-0.0494 to ≈-0.0989. Gradients add up "
            "until they are forgotten, and no error is raised.",
            "≈ -0.05: it is computed anew": "It *is* computed anew. What is done with the one "
            "that is there already?",
            "An error: the record was used up": "So it is if `backward` is called twice on *one* "
            "loss. Here the loss is computed anew, and with it a record.",
            "≈ 0: the first call has used it up": "Only the optimiser's step uses a "
            "gradient, and not even that removes it.",
        },
        right=0,
        cell="zero-grad-code",
    ),
    Question(
        "Plain gradient descent at a rate of 0.3 explodes in five runs of five. With the gradient "
        "clipped at 10, none explodes. How good are these five runs?",
        {
            "About as good as those clipped at 0.03": "Alive is not yet learning. A step of "
            "length ten times the rate is still a very long one. What can a network learn that "
            "leaps at each step?",
            "A little better than persistence": "Look at how far a weight may move in one step at "
            "this limit, and how large weights are.",
            "Many times worse than persistence": "Their median RMSE is ≈8.97, where persistence "
            "has less than a fifth of 1. *Alive* is not *good*: a limit ends the chain of ever "
            "longer steps, and nothing more.",
            "It cannot be told: clipping turns the gradient": "It changes the "
            "length only. All components are multiplied by one number.",
        },
        right=2,
        cell="descend-show",
    ),
    Question(
        "One number in one of 675 training windows is NaN. Training has a clipped gradient and "
        "draws 16 windows a step. What does the loss look like?",
        {
            "NaN from the first step on": "Only if the bad window is in the first batch. How many "
            "of the windows does a step draw?",
            "NaN now and then, healthy between": "It would be so if a bad step did no lasting "
            "damage. What does it do to the weights?",
            "Healthy throughout: it is clipped": "Clipping multiplies the gradient by limit / "
            "length. And what is the length here?",
            "Healthy for a while, then NaN for ever": "The first NaN came at optimiser step 16, "
            "and after it 0 weights were still numbers. No later batch can repair that.",
        },
        right=3,
        cell="nan-show",
    ),
    Question(
        "Two kinds of networks were trained on pieces of 10 values: A began each piece from "
        "zeros, B carried its state on from piece to piece. Both are now started afresh at every "
        "tenth value. Which does better?",
        {
            "B: it learned from longer stretches": "It has, and it shows where it may read on "
            "and on. Here it may not.",
            "A: it is used here as it was trained": "≈0.160 against ≈0.205, and each run of A is "
            "better than each of B. Only one piece in eight began from zeros in the training of "
            "B. Read in one go, B has the lower median.",
            "Neither: a state soon fades away": "It fades, but within ten values it "
            "counts for much. How often did each of them have to do without it in training?",
        },
        right=1,
        cell="pieces-check",
    ),
]
