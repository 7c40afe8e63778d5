"""Every usual encoding of every usual language. Oracle: the text before it was encoded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.data import labelled
from rnnviz.data.documents import reading
from rnnviz.data.documents.alphabets import fit
from rnnviz.data.documents.decoding import decode

TEXTS = {
    "Polish": "Wspaniały film i świetna muzyka, choć koniec był słaby. Dziękuję za wieczór.",
    "Czech": "Skvělý film s úžasným příběhem, ale konec byl trochu nudný. Herci byli výborní.",
    "Hungarian": "Nagyon jó film volt, gyönyörű zenével. Őszintén szólva tetszett a története.",
    "Russian": "Отличный фильм, мне очень понравилась музыка. Но конец был скучный и длинный.",
    "Ukrainian": "Чудовий фільм, який мені сподобався. Її музика гарна, та кінець був нудний.",
    "Portuguese": "Não é uma canção fácil, mas a atuação e a emoção são ótimas.",
    "Danish": "En smuk film, hvor både sjælen og følelserne er åbne. Jeg vil se den igen.",
    "French": "Un très beau film, l'histoire est émouvante et la musique géniale. Ça plaît, oui.",
    "German": "Ein schöner Film, die Musik war großartig. Für mich überraschend gut.",
    "Spanish": "¡Qué película más bonita! El niño actúa muy bien, y la música también. ¿Otra?",
    "Japanese": "とても面白い映画でした。音楽も素晴らしかったです。でも、終わりは少し退屈でした。",
    "Chinese": "这部电影很好看，音乐也很棒。但是结尾有点无聊，演员很好。",
    "Traditional Chinese": "這部電影很好看，音樂也很棒。但是結尾有點無聊，演員很好。",
    "Korean": "정말 재미있는 영화였어요. 음악도 아주 좋았습니다. 하지만 끝은 조금 지루했어요.",
    "Greek": "Πολύ καλή ταινία, η μουσική ήταν υπέροχη. Αλλά το τέλος ήταν βαρετό.",
    "Turkish": "Çok güzel bir film, müziği harikaydı. Ama sonu biraz sıkıcıydı.",
    "Hebrew": "סרט נהדר, המוזיקה הייתה נפלאה. אבל הסוף היה קצת משעמם.",
    "Thai": "หนังดีมาก เพลงก็ไพเราะมาก แต่ตอนจบน่าเบื่อไปหน่อย",
}

WAYS = {
    "Polish": ("cp1250", "iso8859-2", "cp852", "mac-latin2"),
    "Czech": ("cp1250", "iso8859-2", "cp852", "mac-latin2"),
    "Hungarian": ("cp1250", "cp852"),
    "Russian": ("cp1251", "koi8-r", "koi8-u", "cp866", "iso8859-5", "mac-cyrillic"),
    "Ukrainian": ("cp1251", "koi8-u", "cp1125", "iso8859-5", "mac-cyrillic"),
    "Portuguese": ("cp1252", "cp850", "cp860", "mac-roman"),
    "Danish": ("cp1252", "cp850", "cp865", "mac-roman"),
    "French": ("cp1252", "latin-1", "mac-roman", "cp850", "cp437"),
    "German": ("cp1252", "latin-1", "mac-roman", "cp850", "cp437"),
    "Spanish": ("cp1252", "latin-1", "mac-roman", "cp850", "cp437"),
    "Japanese": ("shift_jis", "cp932", "euc_jp", "iso2022_jp", "iso2022_jp_2", "utf-7"),
    "Chinese": ("gbk", "gb18030", "hz", "utf-7"),
    "Traditional Chinese": ("big5",),
    "Korean": ("euc_kr", "cp949", "iso2022_kr"),
    "Greek": ("cp1253", "cp737", "cp869", "mac-greek"),
    "Turkish": ("cp1254", "cp857", "mac-turkish"),
    "Hebrew": ("cp1255",),
    "Thai": ("cp874",),
}


@pytest.mark.parametrize(
    ("language", "encoding"), [(one, way) for one, ways in WAYS.items() for way in ways]
)
def test_an_encoding_is_told_on_every_path_and_said(language: str, encoding: str) -> None:
    text = TEXTS[language]
    found = reading.read(text.encode(encoding), "a.txt")
    assert found.text == text
    assert len(found.notices) == 1 and "save the file as UTF-8" in found.notices[0]
    table = "text\tlabel\n" + "".join(f"{text} {n}\t{'pn'[n % 2]}\n" for n in range(12))
    assert reading.read(table.encode(encoding), "a.tsv").text == f"{text} 0"
    brought = labelled.read(table.encode(encoding), "a.tsv")
    assert brought.texts[11] == f"{text} 11"
    assert found.notices[0] in brought.notices


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_with_and_without_a_mark(language: str, encoding: str) -> None:
    for text in (TEXTS[language], f"text,label\n{TEXTS[language]}\n", "A great film.\r\n"):
        found = decode(text.encode(encoding), "it")
        assert found.text == text
        assert bool(found.notices) is encoding.startswith("utf-16")


@given(st.text(st.characters(codec="cp1252", exclude_categories=["Cc"])))
def test_any_bytes_of_windows_are_read_or_refused(text: str) -> None:
    """Too little of a language tells no encoding; whatever is told is text of one line more."""
    try:
        assert decode(text.encode("cp1252"), "it").text.count("\n") == text.count("\n")
    except ValueError as failure:
        assert str(failure).startswith("expected ") and "\n" not in str(failure)


@pytest.mark.parametrize(
    "text",
    [
        "Call +49170123 or +4917012345678, 1+2MFMw, C+++Java; ~{x} and ~{ab~ in LaTeX.",
        "plus +ABC- and +abcd+efgh/ik",
        "Escapes \x1b[1m of a terminal",
    ],
)
def test_ascii_stays_what_it_is(text: str) -> None:
    found = decode(text.encode(), "it")
    assert (found.text, found.notices) == (text, ())


@pytest.mark.parametrize(
    "text",
    [
        "It’s “good”, really — and I’d say… no: “very good”. Don’t go! €10…",
        "A film—really good—and the café’s “naïve” owner…but still",
        "THE “BEST” FILM—NOT",
    ],
)
def test_signs_of_windows_are_no_letters_of_dos(text: str) -> None:
    assert decode(text.encode("cp1252"), "it").text == text


def test_the_wrong_reading_fits_worse() -> None:
    for language, ways in WAYS.items():
        assert fit(TEXTS[language]) > 0.9
        for way in ways:
            wrong = TEXTS[language].encode(way).decode("cp1252", "replace")
            same = wrong == TEXTS[language] or wrong.isascii()
            assert same or fit(wrong) < 0.9, (language, way)
