"""A small grammar of opinions, whose sentences carry their true label and the words that decide.

Every sentence says one thing clearly, without irony: whether the speaker liked it. Sentences are
made of clauses ("the acting was not very convincing"), and the constructions differ in how the
meaning of the whole follows from its clauses. With the sign `s(w)` of an opinion word, +1 or -1:

    plain, intensified, diminished, distant    s = s(w)
    negated, denied                            s = -s(w)
    double negation                            s = s(w)
    contrast (but, although)                   s = that of the clause that the conjunction favours
    other people's opinion                     s = that of the speaker's own clause
    weighed                                    s = that of the clause with the stronger degree

Which combination of template and opinion words belongs to training, to the held-out or to the test
sentences is a matter of its hash: every word and every template is in all three, no combination
is in two. Whoever remembers combinations is left with guessing.
"""

from __future__ import annotations

import hashlib
import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

SPLITS = ("train", "held-out", "test")

COUNTS = {"train": 6000, "held-out": 1000, "test": 2000}

POSITIVE = (
    "good", "great", "wonderful", "brilliant", "superb", "excellent", "charming", "delightful",
    "convincing", "moving", "funny", "clever", "gripping", "beautiful", "memorable", "fresh",
    "witty", "honest", "tender", "inspired",
)  # fmt: skip
NEGATIVE = (
    "bad", "dull", "awful", "terrible", "boring", "dreadful", "clumsy", "tedious",
    "forgettable", "weak", "silly", "lifeless", "messy", "ugly", "stale", "shallow",
    "tiresome", "pointless", "wooden", "annoying",
)  # fmt: skip

INTENSIFIERS = ("very", "really", "extremely", "utterly", "incredibly", "absolutely")
DIMINISHERS = ("a bit", "slightly", "somewhat", "a little")

MOST_DRAWS = 20_000

SUBJECTS = (
    "the film", "the plot", "the acting", "the music", "the dialogue", "the ending", "the script",
    "the camera work", "the first half", "the last scene", "the main character", "the story",
    "the pace", "the direction", "the cast", "the humour",
)  # fmt: skip

OPENERS = (
    "",
    "",
    "honestly , ",
    "to my mind , ",
    "all in all , ",
    "this time , ",
    "as I see it , ",
)

PEOPLE = (
    "my brother",
    "the man beside me",
    "a critic",
    "my neighbour",
    "everyone else",
    "the press",
)

DETOURS = (
    "which we saw on a rainy Tuesday in a small cinema near the station",
    "which I had read about in three newspapers before we went",
    "which takes up most of the two hours that we sat there",
    "as far as one can tell after a single evening",
    "which was shot in Lisbon with a crew of forty people",
    "which somebody had described to me at length over lunch",
)

# {a} and {b} are opinion words, {s} and {t} what they are said of. Words between asterisks decide.
TEMPLATES: dict[str, tuple[tuple[str, int], ...]] = {
    "plain": (
        ("{o}{s} was *{a}* .", 1),
        ("{o}I found {s} *{a}* .", 1),
        ("{o}{s} is *{a}* , and that is that .", 1),
    ),
    "intensified": (
        ("{o}{s} was {i} *{a}* .", 1),
        ("{o}I found {s} {i} *{a}* .", 1),
    ),
    "diminished": (
        ("{o}{s} was {d} *{a}* .", 1),
        ("{o}I found {s} {d} *{a}* .", 1),
    ),
    "negated": (
        ("{o}{s} was *not* *{a}* .", -1),
        ("{o}{s} was *not* *{a}* at all .", -1),
        ("{o}{s} was *never* *{a}* .", -1),
        ("{o}I did *not* find {s} *{a}* .", -1),
        ("{o}*nothing* about {s} was *{a}* .", -1),
    ),
    "denied": (
        ("{o}it is *not* true that {s} was *{a}* .", -1),
        ("{o}I *cannot* say that {s} was *{a}* .", -1),
        ("{o}*nobody* could call {s} *{a}* .", -1),
    ),
    "double negation": (
        ("{o}it is *not* true that {s} was *not* *{a}* .", 1),
        ("{o}I *cannot* say that {s} was *not* *{a}* .", 1),
        ("{o}*nobody* could say that {s} was *never* *{a}* .", 1),
    ),
    "but": (
        ("{o}{s} was {b} , but {t} was *{a}* .", 1),
        ("{o}{s} was {i} {b} , but I found {t} *{a}* .", 1),
        ("{o}{s} was not {b} , but {t} was *{a}* .", 1),
        ("{o}{s} was {c} , but {t} was *not* *{a}* .", -1),
    ),
    "although": (
        ("{o}although {s} was {b} , {t} was *{a}* .", 1),
        ("{o}{t} was *{a}* , although {s} was {b} .", 1),
        ("{o}{t} was *{a}* , although {s} was {i} {b} .", 1),
        ("{o}although {s} was {c} , {t} was *not* *{a}* .", -1),
    ),
    "others": (
        ("{p} called {s} {b} ; I found it *{a}* .", 1),
        ("{p} said that {s} was {i} {b} ; to me it was *{a}* .", 1),
        ("I found {s} *{a}* ; {p} called it {b} .", 1),
    ),
    "weighed": (
        ("{o}{s} was {d} {b} and {t} was *{i}* *{a}* .", 1),
        ("{o}{t} was *{i}* *{a}* and {s} was {d} {b} .", 1),
    ),
    "distant": (
        ("{o}{s} , {w} , was *{a}* .", 1),
        ("{o}{s} , {w} , was *not* *{a}* .", -1),
        ("{o}it is *not* true that {s} , {w} , was *{a}* .", -1),
    ),
}  # fmt: skip

CONSTRUCTIONS = tuple(TEMPLATES)


@dataclass(frozen=True)
class Sentence:
    """A sentence, its label (0 negative, 1 positive), how it is built, and the deciding words.

    `deciding` are places `(start, end)` in `text`: the opinion word that counts, the negations
    above it, and in a weighed sentence its degree. `combination` is what no other split has.
    """

    text: str
    label: int
    construction: str
    deciding: tuple[tuple[int, int], ...]
    combination: tuple[str, ...]


def load(split: str = "train", *, count: int | None = None, seed: int = 0) -> tuple[Sentence, ...]:
    """`count` different sentences, as many of every construction and label as can be.

    The same arguments give the same sentences everywhere. Raises ValueError for an unknown
    split, or for more sentences than the grammar has.
    """
    if split not in SPLITS:
        raise ValueError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}")
    generator = random.Random(f"{seed} {split}")
    wanted = COUNTS[split] if count is None else count
    found: dict[str, Sentence] = {}
    for construction, label in itertools.islice(_turns(), wanted):
        drawn = itertools.islice(_draws(construction, label, generator), MOST_DRAWS)
        new = (one for one in drawn if one.text not in found and split_of(one.combination) == split)
        sentence = next(new, None)
        if sentence is None:
            raise ValueError(
                f"count: expected fewer than {wanted:,}, after {len(found):,} {split} sentences "
                "the grammar has hardly a new one"
            )
        found[sentence.text] = sentence
    sentences = list(found.values())
    generator.shuffle(sentences)
    return tuple(sentences)


def split_of(combination: tuple[str, ...]) -> str:
    """Which split a combination of template and opinion words belongs to: 7, 1 and 2 in ten."""
    tenth = hashlib.sha256("|".join(combination).encode()).digest()[0] % 10
    return "train" if tenth < 7 else "held-out" if tenth == 7 else "test"


def _turns() -> Iterator[tuple[str, int]]:
    """Constructions and labels, each pair as often as any other."""
    return itertools.cycle(itertools.product(CONSTRUCTIONS, (0, 1)))


def _draws(construction: str, label: int, generator: random.Random) -> Iterator[Sentence]:
    """Sentences of that construction and label, for ever."""
    while True:
        template, sign = generator.choice(TEMPLATES[construction])
        alike, unlike = (POSITIVE, NEGATIVE) if (label == 1) == (sign > 0) else (NEGATIVE, POSITIVE)
        # `a` decides. What stands beside it must say the opposite of the whole sentence, so that
        # counting words does not help: `b` in plain words or, after "not", `b` is alike.
        negated_beside = "not {b}" in template
        subject, other = generator.sample(SUBJECTS, 2)
        words = {
            "a": generator.choice(alike),
            "b": generator.choice(alike if negated_beside else unlike),
            "c": generator.choice(alike),
            "s": subject,
            "t": other,
            "o": generator.choice(OPENERS),
            "i": generator.choice(INTENSIFIERS),
            "d": generator.choice(DIMINISHERS),
            "p": generator.choice(PEOPLE),
            "w": generator.choice(DETOURS),
        }
        opinions = [words[name] for name in "abc" if f"{{{name}}}" in template]
        marked = template.format(**words)
        yield _sentence(marked, label, construction, (template, *opinions))


def _sentence(marked: str, label: int, construction: str, combination: tuple[str, ...]) -> Sentence:
    """Write the sentence as people do, and find the words between asterisks in it."""
    written = re.sub(r" ([,.;])", r"\1", marked)
    first = re.search(r"\w", written)
    assert first is not None
    written = written[: first.start()] + first[0].upper() + written[first.start() + 1 :]
    text, deciding = "", []
    for number, part in enumerate(written.split("*")):
        if number % 2:
            deciding.append((len(text), len(text) + len(part)))
        text += part
    return Sentence(text, label, construction, tuple(deciding), combination)
