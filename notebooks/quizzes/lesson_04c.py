"""Five questions to lesson 04c, Bumps."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "675 windows. You draw 43 batches of 16 at random, each window put back after it was "
        "drawn. What share of the windows has been drawn at least once?",
        {
            "All of them, or nearly so": "43 times 16 is more than 675, but some windows come up "
            "twice, and for each of these another one has to wait.",
            "About half of them": "Each window has about one chance a pass. How likely is it that "
            "all of them miss it?",
            "About two thirds of them": "0.65, and 1 - 1/e = 0.63. The rest waits for the next "
            "draws, and in five epochs there was no clear difference from shuffling.",
        },
        right=2,
        cell="epoch-facts",
    ),
    Question(
        "A loss falls far, then leaps up to several times its lowest value and comes back, again "
        "and again, with Adam at a short memory and a constant rate. All stays finite. What is "
        "too long?",
        {
            "The gradient: it should be clipped": "Near the bottom gradients are small. Compare "
            "the lengths of the gradient, and look at what Adam does with them.",
            "The step: the rate should fall with time": "All gradients were short, ≈0.16 at most, "
            "and a limit left leaps of ≈9.5. Adam divides by the size of the gradients, so the "
            "steps keep their length. With a falling rate the run ends at ≈0.0013.",
            "Adam's memory: it should be shorter": "With a longer one the leaps are smaller.",
            "The training: it should be stopped": "Only at the last good moment, which one knows "
            "afterwards.",
        },
        right=1,
        cell="jump-facts",
    ),
    Question(
        "The gradient (3, 0.1) is clipped to 1, once *by norm* and once *by value*. Which results "
        "belong to which?",
        {
            "Both give (1, 0.1)": "One of the two measures the length of the whole. Which number "
            "would it leave untouched?",
            "By norm (1, 0.1), by value (0.999, 0.033)": "You have exchanged them. Which one cuts "
            "each number by itself?",
            "Both give (0.999, 0.033)": "One of the two looks at each number alone, and one of "
            "these numbers is small enough already.",
            "By norm (0.999, 0.033), by value (1, 0.1)": "So by norm the direction stays: second "
            "/ first is 0.033 before and after. By value it is 0.100, and the step turns.",
        },
        right=3,
        cell="clip-tiny",
    ),
    Question(
        "Of the values 0, 0, 0, 0 and 5, which single number has the smallest loss under MSE, L1, "
        "and Huber's loss with a bound of a half?",
        {
            "1 under MSE, 0 under L1, 0.125 under Huber": "1.000, 0.000 and 0.125. MSE "
            "wants the mean, and one value in five drags it along; L1 wants the median; for Huber "
            "an outlier pulls with a constant force, however far away it is.",
            "0 under MSE, 0 under L1, 0 under Huber": "Four in five say so. That is how a vote "
            "counts. A mean of squares counts a large error more than many small ones.",
            "1 under MSE, 1 under L1, 1 under Huber": "Only one of the three losses is smallest "
            "at the mean.",
            "2.5 under MSE, 0 under L1, 0.5 under Huber": "The middle between the two values "
            "counts each once. How often does each occur?",
        },
        right=0,
        cell="best-number",
    ),
    Question(
        "The windows *within* each batch are put in reverse order, which changes nothing in exact "
        "arithmetic. At which digit do the losses after 300 steps differ?",
        {
            "Nowhere: they are equal to the last bit in each run": "Sums of floats depend on "
            "their order. Each addition rounds.",
            "At the seventh digit in one run as in another": "So it begins. Whether a difference "
            "stays small depends on the path.",
            "At the seventh digit in one run, the first in another": "≈1e-06 in a smooth run, "
            "≈1e-01 in the run that jumped. Where a step overshoots the valley, two close runs "
            "are thrown apart. So build no claim on one run's digits.",
            "At the first digit in one run as in another": "A smooth run forgives it.",
        },
        right=2,
        cell="other-facts",
    ),
]
