"""Five questions to lesson 07, Limits."""

from __future__ import annotations

from quiz import Question

QUESTIONS = [
    Question(
        "Each wave of a family has a period of its own. One AR(50) is fitted to all of them at "
        "once. How good is it, 25 steps ahead?",
        {
            "As good as on a single wave: fifty weights are plenty": "For one wave two would be "
            "enough. How many laws is this one set of weights asked to follow?",
            "Hardly better than always saying 0": "0.89 of that error. No single set of linear "
            "weights fits all waves: what fits one period is wrong for the next.",
            "Worse than persistence": "Persistence says that a wave stays where it is. Least "
            "squares would at least say something near the mean.",
            "Perfect, as each sine is linear": "Each is, by a law of its own. These weights must "
            "serve all.",
        },
        right=1,
        cell="one-ar-facts",
    ),
    Question(
        "AR is refitted to each short noisy context of 50 values. What brings its error down most "
        "at 50 steps ahead?",
        {
            "A higher order, and nothing else": "More weights on 38 pairs or fewer: they would "
            "fit the noise. Something has to hold them.",
            "Nothing: 50 values are 50 values": "They can be read in more ways than one.",
            "Leaving out the noisiest of the values": "One does not know which these are.",
            "A ridge penalty, and reading the values in both directions": "From 0.493 to 0.364 "
            "with the penalty and the longer order that it allows, and to 0.280 with pairs read "
            "backwards as well. This is the rival that counts.",
        },
        right=3,
        cell="chosen-rows",
    ),
    Question(
        "On this family, how does the lead of five trained LSTMs over AR in its best form change "
        "with the horizon?",
        {
            "It shrinks and never ends, up to 50 steps": "At 1 step ≈0.089 against 0.143, at 50 "
            "still ≈0.250 against 0.280. Far ahead both come nearer to the best that is possible.",
            "It grows: AR's errors add up faster": "They do add up. But look at what nobody can "
            "know: the same few noisy values must serve for all horizons.",
            "It is lost at about 25 steps": "The worst of the five was better at each horizon "
            "that was looked at.",
            "It never had one: on sines, least squares cannot be beaten": "It cannot on *one* "
            "long sine. Here each wave is short, and new.",
        },
        right=0,
        cell="print-family",
    ),
    Question(
        "Five networks forecast, and their spread gives an interval that should hold 80 % of the "
        "noisy values. How many does it hold, one step ahead?",
        {
            "About 80 %, as promised": "The promise rests on one belief: that they differ as much "
            "as they are wrong.",
            "About 95 %: five networks are more careful than one": "They would be if they "
            "differed widely. On what do five networks agree that were trained on the same kind "
            "of waves?",
            "Far less than half": "≈7 %. They agree about the wave, and none of them knows the "
            "noise. With the noise added it is ≈80 %. Agreement among seeds is not certainty.",
            "About 50 %": "An interval as wide as the noise would do that. Does any of the five "
            "say how large the noise is?",
        },
        right=2,
        cell="ensemble",
    ),
    Question(
        "The LSTMs of the family know periods from 15 to 60 points. Now a wave has 80. What "
        "happens to their error, and to the differences among the five?",
        {
            "Both grow: they notice that this wave is strange": "One would like that. What were "
            "they ever rewarded for, outside the range of their training?",
            "Neither changes much: 80 is not far from 60": "Networks that learned a range have no "
            "reason to hold a rule beyond it. AR, refitted, has.",
            "The error grows several times, the differences hardly": "≈0.55 where it was ≈0.09 at "
            "60, and they differ by ≈0.09 only. They agree on a wrong forecast: a warning can "
            "come, and need not.",
        },
        right=2,
        cell="break-rows",
    ),
]
