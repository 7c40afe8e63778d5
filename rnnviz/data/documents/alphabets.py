"""How well a text fits the letters of one language: what tells encodings apart.

A byte beyond ASCII is a letter in every encoding of eight bits, in each another one. Read wrongly,
a text has letters that no language has together.
"""

from __future__ import annotations

import re
from itertools import islice
from unicodedata import combining

LATIN = (
    "àâæçéèêëîïôœùûüÿ",  # French
    "äöüß",  # German
    "áéíñóúü¡¿ªº",  # Spanish
    "áâãàçéêíóôõúü",  # Portuguese
    "àèéìíîòóùú",  # Italian
    "àçèéíïòóúü·",  # Catalan
    "éëïóöü",  # Dutch
    "åäöé",  # Swedish, Finnish
    "æøåéóòô",  # Danish, Norwegian
    "áðéíóúýþæö",  # Icelandic
    "ąćęłńóśźż",  # Polish
    "áčďéěíňóřšťúůýž",  # Czech
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "áéíóöőúüű",  # Hungarian
    "ăâîșşțţ",  # Romanian
    "čćđšž",  # Croatian, Slovene
    "çğıöşüâîûi̇",  # Turkish
    "ąčęėįšųūž",  # Lithuanian
    "āčēģīķļņšūž",  # Latvian
    "äöõüšž",  # Estonian
)
OTHERS = (
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",  # Russian, Bulgarian
    "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",  # Ukrainian
    "абвгдеёжзійклмнопрстуўфхцчшыьэюя",  # Belarusian
    "абвгдђежзијклљмнњопрстћуфхцчџш",  # Serbian
    "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",  # Greek
    "אבגדהוזחטיךכלםמןנסעףפץצקרשת",  # Hebrew
    "".join(map(chr, (*range(0x621, 0x653), 0x60C, 0x61B, 0x61F, 0x67E, 0x686, 0x698, 0x6AF))),
    "".join(map(chr, range(0xE01, 0xE4F))),  # Thai, without its digits
)
ALPHABETS = tuple(map(frozenset, (*LATIN, *OTHERS)))

# The most frequent signs of three languages that have thousands: a fifth of a text is of them.
HANZI = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过"
    "這個們來為國說時會對過後還沒樣電影很好看吗么没些吧呢太最真"
)
HANGUL = frozenset(
    "이다는에의가을하고지로서은기한도를사어리나아있자그시수해대인정일들게라보으것니적들요없좋화영안면만주음전"
)
PUNCTUATION = frozenset("’‘“”„‚«»‹›–—…€£°§©®™•\xa0‰′″、。，！？：；（）「」『』《》【】")

BEYOND = re.compile(r"[^\x00-\x7f](?=(.?))", re.DOTALL)
"""A sign beyond ASCII, and the one after it."""

OUTSIDE_WORDS = frozenset("‚„“«»‹›°§©®™•\xa0‰″")
"""Punctuation that stands beside words, not between two letters of one, as other dashes do."""

LATIN_LETTER = re.compile("[A-Za-z]")
MOST_LETTERS = 5_000


def fit(text: str) -> float:
    """Which part, 0..1, of the letters beyond ASCII one language knows; 1 for a text without any.

    Signs that stand in texts of every language are left out of the count, unless they part a word.
    Capitals inside a word, two alphabets in one and marks on no letter are unknown to every
    language.
    """
    letters: list[str] = []
    unknown = 0
    for found in islice(BEYOND.finditer(text), MOST_LETTERS):
        sign, before, after = found[0], text[found.start() - 1 : found.start()], found[1]
        if sign in PUNCTUATION:
            unknown += sign in OUTSIDE_WORDS and before.isalpha() and after.isalpha()
            continue
        letters.append(sign)
        unknown += (before.islower() and sign.isupper()) or (sign.islower() and after.isupper())
        unknown += "\u0370" <= sign < "\u0e80" and LATIN_LETTER.search(before + after) is not None
        unknown += combining(sign) > 0 and not (before.isalpha() or combining(before or " "))
    if not letters and not unknown:
        return 1.0
    lower = "".join(letters).lower()
    known = max(sum(one in alphabet for one in lower) for alphabet in ALPHABETS)
    # Japanese is the one language that writes kana, and half of it is that.
    kana = sum("\u3041" <= one <= "\u30fe" for one in lower)
    frequent = max(sum(one in signs for one in lower) for signs in (HANZI, HANGUL))
    known = min(len(lower), max(known, 3 * kana, 6 * frequent))
    return max(0.0, known - unknown) / (len(lower) + unknown)
