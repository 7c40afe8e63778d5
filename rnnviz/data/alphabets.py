"""How well a text fits the letters of one language: what tells encodings apart.

A byte beyond ASCII is a letter in every encoding of eight bits, in each another one. Read wrongly,
a text has letters that no language has together.
"""

from __future__ import annotations

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
    "".join(map(chr, range(0xE01, 0xE5C))),  # Thai
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

MOST_LETTERS = 20_000


def fit(text: str) -> float:
    """Which part, 0..1, of the letters beyond ASCII one language knows; 1 for a text without any.

    Signs that stand in texts of every language are left out of the count.
    """
    letters = [one for one in text.lower() if one >= "\x80" and one not in PUNCTUATION]
    letters = letters[:MOST_LETTERS]
    if not letters:
        return 1.0
    known = max(sum(one in alphabet for one in letters) for alphabet in ALPHABETS)
    # Japanese is the one language that writes kana, and half of it is that.
    kana = sum("\u3041" <= one <= "\u30fe" for one in letters)
    frequent = max(sum(one in signs for one in letters) for signs in (HANZI, HANGUL))
    return min(1.0, max(known, 3 * kana, 6 * frequent) / len(letters))
