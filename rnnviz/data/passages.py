"""Texts to begin with, written for this page: each has one thing to look for.

`label` is our own reading of a text, where there can be no two opinions about it; it says nothing
of what a network makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Passage:
    """A text with a `key` for addresses, a short `title`, and what to look for in it."""

    key: str
    title: str
    text: str
    look_for: str
    label: str | None = None


PASSAGES = (
    Passage(
        "praise",
        "Plain praise",
        "What a lovely film. The story is simple and warm, the actors are a joy to watch, and the "
        "music stays with you for days. I laughed, I cried a little, and I would see it again "
        "tomorrow.",
        "No traps here. Which words push the answer, and how early is it settled?",
        "positive",
    ),
    Passage(
        "blame",
        "Plain blame",
        "This was a waste of an evening. The plot makes no sense, the jokes are stale, and the "
        "leading man reads his lines as if from the back of a cereal box. After an hour I was "
        "bored; after two I was angry.",
        "The counterpart of plain praise. Look for the words that push hardest, and for words that "
        "should push and do not.",
        "negative",
    ),
    Passage(
        "not-good",
        "Not good",
        "The trailer was good and the poster was beautiful. The film is not good. It is not funny, "
        "it is not moving, and nobody in it is worth caring about.",
        'The kind words come under a "not". Watch a forget or update gate at each "not", and '
        "whether the word after it still pushes towards praise.",
        "negative",
    ),
    Passage(
        "not-bad",
        "Not bad at all",
        "I had been warned about this one, and I went along only to keep my sister company. Well, "
        "it was not bad at all. Nothing about it was boring, and the ending did not disappoint me "
        "in the least.",
        "Nearly every word of opinion is a harsh one, and the verdict is kind. Compare the answer "
        'after "not bad" with the answer after "at all".',
        "positive",
    ),
    Passage(
        "but",
        "Good, but ...",
        "The camera work is superb, the costumes are gorgeous, and the young actress is a real "
        "discovery, but the script is so feeble that none of it matters.",
        'One small word turns the sentence. Is there a step in the answer at "but", and how much '
        "of the praise before it is left at the end?",
        "negative",
    ),
    Passage(
        "although",
        "Although ...",
        "Although the pace drags in the middle, although the villain is made of cardboard and the "
        "last chase goes on for ever, I came out smiling and told everyone to go.",
        'Here the faults come first and weigh less. The network must keep "although" in mind '
        "over twenty words until the main clause comes.",
        "positive",
    ),
    Passage(
        "irony",
        "Irony",
        "Oh, brilliant. Another two hours of men in suits shouting at maps. Just what the world "
        "was waiting for. I especially enjoyed the moment when the projector broke down and we got "
        "to look at the wall for ten minutes. Truly the highlight of the evening.",
        "The words are kind and the meaning is not. Nothing in a single word gives it away; see "
        "what the network goes by.",
        "negative",
    ),
    Passage(
        "double-negation",
        "Double negation",
        "I cannot say that I did not enjoy it. There was hardly a scene that failed to amuse me, "
        "and nobody who sees it will think their money was not well spent.",
        "Two negations make a yes. Do both of them leave a mark in the state, or only the first?",
        "positive",
    ),
    Passage(
        "last-sentence",
        "Verdict at the end",
        "We went on a Thursday, four of us, after work. The cinema was half full. The film is "
        "about a lighthouse keeper who finds a letter in a bottle and sets out to look for the "
        "person who wrote it. It is set in the nineteen-fifties, partly on the coast and partly "
        "in a town by a river, and it lasts a little under two hours. My brother had read the "
        "book and said that a few chapters had been left out. We talked about it over dinner, and "
        "in the end we all agreed: a terrible film.",
        "For ninety words nothing is decided. How far is the answer from the middle before the "
        "last three words, and what does the backward direction, which begins there, make of it?",
        "negative",
    ),
    Passage(
        "cut-short",
        "Cut in mid-sentence",
        "For the first half hour I was sure that this would be my film of the year. The opening on "
        "the frozen lake is stunning, the dialogue is sharp, and there is not one wasted shot. "
        "Then the scene changes, the second story begins, and from there on everything that had "
        "been so",
        "The sentence stops before it says what happened. The answer so far is all that there is: "
        "write an ending and watch it turn.",
    ),
    Passage(
        "mixed-review",
        "A long mixed review",
        "I have been turning this film over in my head for a week, and I am still not sure what I "
        "think of it.\n\n"
        "Let me begin with what works. The first forty minutes are as good as anything I have seen "
        "this year. Two sisters come back to the farm where they grew up to clear out the house "
        "after their father's death. They have not spoken for a decade. Nothing is explained, and "
        "nothing needs to be: one look across a table full of chipped cups tells you more than "
        "pages of talk could. Both actresses are excellent, and the elder one has a way of folding "
        "a tea towel that ought to win her a prize. The light is beautiful, the sound of the wind "
        "in the barn is beautiful, and I was ready to call the whole thing a masterpiece.\n\n"
        "Then the uncle arrives. I do not blame the actor, who does what he can, but the part is "
        "dreadful. He is loud, he is there only to say what we have understood already, and every "
        "time he opens the door the film loses its nerve. There is a scene with a tractor that I "
        "can only call embarrassing. People around me were looking at their watches, and a couple "
        "in front of us left.\n\n"
        "It does recover. The auction in the rain is funny and sad at once, and the younger sister "
        "has a monologue on the stairs that silenced the room. On the other hand, the subplot "
        "about the missing will is dull and goes nowhere, and the music, so delicate at first, "
        "turns to syrup whenever somebody cries. Two hours and twenty minutes is at least half an "
        "hour too long.\n\n"
        "And the ending? My wife thought it was perfect. I thought it was a cheat, at least on the "
        "night. But I keep thinking of that last shot, the gate left open and nobody there, and it "
        "is possible that she is right. I would not sit through the uncle again for anything. I "
        "would sit through the rest of it tomorrow.",
        "Praise and blame take turns, a paragraph each. Follow the answer as it swings, and see "
        "which paragraphs the attention keeps at the end.",
    ),
    Passage(
        "intensifiers",
        "More and more",
        "The soup was good. The soup was very good. The soup was really very good. The soup was "
        "absolutely, incredibly, unbelievably good. The bread was a bit dry. The bread was rather "
        "dry. The bread was terribly, hopelessly dry.",
        'The same statement in rising degrees. Does the push of "good" and of "dry" grow with '
        "the words before it?",
    ),
    Passage(
        "other-people",
        "What others say",
        "My neighbour called it a masterpiece, the papers praised it to the skies, and everyone at "
        "work told me how wonderful it was. I walked out before the interval.",
        "All the praise is somebody else's, and the speaker's own verdict has no word of opinion "
        "in it at all.",
        "negative",
    ),
    Passage(
        "weather",
        "Neutral: the weather",
        "Tonight it will be mostly cloudy with some rain in the west. Temperatures will fall to "
        "about six degrees. Tomorrow morning the rain moves east and reaches the coast by noon. In "
        "the afternoon it will be dry, with a light wind from the north and a high of eleven "
        "degrees.",
        "No opinion anywhere. A network that knows two answers must still give one: where does it "
        "stand, and which harmless words move it?",
    ),
    Passage(
        "recipe",
        "Neutral: a recipe",
        "Peel two onions and cut them into rings. Heat some oil in a wide pan and fry them slowly "
        "for twenty minutes, stirring now and then. Add a litre of stock, a bay leaf and a little "
        "salt. Let it simmer for half an hour. Toast four slices of bread, lay them on top, and "
        "cover them with grated cheese.",
        'Far from anything that a network learns from film reviews. Does "slowly" count against '
        "onions?",
    ),
    Passage(
        "german",
        "German",
        "Dieser Film hat mich völlig überrascht. Die Schauspieler sind großartig, die Bilder "
        "wunderschön, und am Ende wollte niemand im Saal aufstehen. Ich habe lange nichts so "
        "Schönes gesehen.",
        "Warm praise in a language that the network has hardly met. See how words fall into small "
        'pieces, and how "die" is read as English.',
        "positive",
    ),
    Passage(
        "greek",
        "Greek",
        "Η ταινία ήταν υπέροχη. Οι ηθοποιοί έπαιξαν θαυμάσια και η μουσική ήταν πολύ όμορφη. "
        "Θα την έβλεπα ξανά αύριο.",
        "Praise in letters of which the network knows few or none. What it does not know is "
        "marked; what is left for it to go by?",
        "positive",
    ),
    Passage(
        "emoji",
        "Emoji",
        "Went in with low expectations 😴 and came out like this: 🤩🤩🤩 The dog 🐶 steals every "
        "scene!!! Popcorn was 10/10 🍿 (ok, 9/10). Take the whole family "
        "👨\u200d👩\u200d👧\u200d👦 ❤️",
        "Much of the verdict is in the pictures. Look for the dotted lines under what the network "
        'cannot read, and for the weight of "10/10" and "!!!".',
        "positive",
    ),
    Passage(
        "anything-but",
        "Anything but dull",
        "It was anything but dull. The heist goes wrong in ways I had never thought of, the "
        "banter is quick without being clever for its own sake, and I could not have asked for a "
        "less predictable last act.",
        'Praise that is built of "anything but", "without" and "less". Change "anything" '
        'to "nothing" and compare.',
        "positive",
    ),
)


def passage(key: str) -> Passage:
    """The passage with that key; raises ValueError, with those there are, for another one."""
    for one in PASSAGES:
        if one.key == key:
            return one
    raise ValueError(f"expected one of {', '.join(one.key for one in PASSAGES)}, got {key!r}")
