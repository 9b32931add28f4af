"""Five questions to lesson 07, Limits."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "Each wave of a family has a period of its own. One AR(50) is fitted to all of them at "
        "once. How good is it, 25 steps ahead?",
        {
            "Nearly as good as on a single wave": "For one wave two weights would be enough. How "
            "many laws is this one set of weights asked to follow?",
            "Hardly better than always saying 0": "0.89 of that error. No single set of linear "
            "weights fits all waves: what fits one period is wrong for the next.",
            "Clearly worse than always saying 0": "Least squares may choose weights of 0 as well. "
            "Why should it do worse than these?",
            "As good as with one law for each wave": "Each wave is linear, by a law of its own. "
            "These weights must serve all.",
        },
        right=1,
        cell="one-ar-facts",
    ),
    Question(
        "AR is refitted to each short noisy context of 50 values. What brings its error down "
        "most at 50 steps ahead?",
        {
            "A higher order, with no limit on its weights": "More weights on 38 pairs or fewer: "
            "they would fit the noise. Something has to hold them.",
            "Nothing does: the noise of 50 values stays": "It stays. But the same values can be "
            "read in more ways than one.",
            "Leaving out the noisiest of the 50 values": "One does not know which these are.",
            "A ridge penalty, and pairs in both directions": "From 0.493 to 0.364 with the "
            "penalty and the longer order that it allows, and to 0.280 with pairs read backwards "
            "as well. This is the rival that counts.",
        },
        right=3,
        cell="chosen-rows",
    ),
    Question(
        "On this family, how do five trained LSTMs compare with AR in its best form, from 1 step "
        "to 50 steps ahead?",
        {
            "Ahead all the way, with a shrinking lead": "At 1 step ≈0.089 against 0.143, at 50 "
            "still ≈0.251 against 0.280. Far ahead both come nearer to the best that is possible.",
            "Ahead all the way, with a growing lead": "AR's errors do add up. But look at what "
            "nobody can know: the same few noisy values must serve for all horizons.",
            "Ahead up to 25 steps, and behind after that": "At 25 steps, too, the worst of the "
            "five was better. Look at the last horizon.",
            "Behind all the way, as sines are linear": "Least squares cannot be beaten on *one* "
            "long sine. Here each wave is short, and new.",
        },
        right=0,
        cell="print-family",
    ),
    Question(
        "Five networks forecast, and their spread gives an interval that should hold 80 % of the "
        "noisy values. How many does it hold, one step ahead?",
        {
            "About 80 %": "The promise rests on one belief: that they differ as much as they are "
            "wrong.",
            "About 95 %": "They would be if they differed widely. On what do five networks agree "
            "that were trained on the same kind of waves?",
            "Below 10 %": "≈7 %. They agree about the wave, and none of them knows the noise. "
            "With the noise added it is ≈80 %. Agreement among seeds is not certainty.",
            "About 50 %": "An interval as wide as the noise would do that. Does any of the five "
            "say how large the noise is?",
        },
        right=2,
        cell="ensemble",
    ),
    Question(
        "The LSTMs of the family know periods from 15 to 60 points. Now a wave has 80. What "
        "becomes of their error, and of how far the five lie apart?",
        {
            "The error grows much, the distances too": "One would like that: they would notice "
            "that this wave is strange. What were they ever rewarded for, outside the range of "
            "their training?",
            "Neither of them grows much": "Networks that learned a range have no reason to hold a "
            "rule beyond it. AR, refitted, has.",
            "The error grows much, the distances little": "≈0.55 where it was ≈0.09 at 60, and "
            "they differ by ≈0.09 only. They agree on a wrong forecast: a warning can come, and "
            "need not.",
            "The distances grow much, the error little": "That would be a warning before any harm "
            "is done. What has ever taught them to give one?",
        },
        right=2,
        cell="break-rows",
    ),
]
