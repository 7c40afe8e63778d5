"""Small files that ask for much memory or time, of every kind that people may bring.

Each is made by code in well under a second, and takes far more to read than any honest file of its
size. What they are for is `test_parsing.py`; none is read without bounds.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from tests.documents import pdf, repacked, word


def lying_word() -> bytes:
    """A Word document whose text is 120 MB of spaces, which its list calls 2 kB."""
    space = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    head = b'<w:document xmlns:w="%s"><w:body><w:p><w:r><w:t>' % space
    foot = b"</w:t></w:r></w:p></w:body></w:document>"
    honest = repacked(word("x"), word_document_xml=head + b" " * 120_000_000 + foot)
    data = bytearray(honest)
    with zipfile.ZipFile(io.BytesIO(honest)) as archive:
        true = archive.getinfo("word/document.xml").file_size
    told, at = struct.pack("<I", true), 0
    while (at := data.find(told, at)) >= 0:
        data[at : at + 4] = struct.pack("<I", 2000)
    return bytes(data)


def deep_word() -> bytes:
    """A Word document with 100,000 boxes in each other."""
    return repacked(
        word("x"),
        word_document_xml=b'<w:document xmlns:w="http://schemas.openxmlformats.org/'
        b'wordprocessingml/2006/main"><w:body>' + b"<w:p>" * 100_000 + b"</w:p>" * 100_000
        + b"</w:body></w:document>",
    )  # fmt: skip


def commas() -> bytes:
    """A CSV of one line with 300,000 columns."""
    return b"," * 300_000 + b"\nx" + b"," * 300_000 + b"\n"


def one_letter_rows() -> bytes:
    """A CSV of five million rows of a letter."""
    return b"text,label\n" + b"a,b\n" * 2_400_000


def deep_json() -> bytes:
    """JSON Lines of one line with a million lists in each other."""
    return b'{"text": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}\n"


def many_keys() -> bytes:
    """JSON Lines whose objects have 700,000 keys in all."""
    return b"".join(b'{"k%d": "v"}\n' % number for number in range(700_000))


def unclosed_tags() -> bytes:
    """A web page of nothing but opened tags."""
    return b"<html>" + b"<b>" * 3_000_000


def unclosed_brackets() -> bytes:
    """A web page in which nothing that opens closes."""
    return b"<html>" + b"<a " * 1_500_000 + b"<!--" * 500_000


def attributes() -> bytes:
    """A web page with one tag of 2.5 million attributes."""
    return b"<html><p " + b"a " * 2_500_000 + b">text</p>"


def styled() -> bytes:
    """A web page whose every tag has a style that nearly hides it."""
    return b"<html>" + b'<p style="display%s">x' % (b" " * 3000) * 3000


def nested_pages() -> bytes:
    """A web page with three million divisions in each other."""
    return b"<html>" + b"<div>" * 2_000_000 + b"text"


def _filtered(stream: bytes, filters: str) -> bytes:
    made = pdf(["one"])
    start, end = made.index(b"stream\n") + 7, made.index(b"\nendstream")
    length = made.rindex(b"<< /Length", 0, start)
    told = b"<< /Length %d /Filter [%s] >>\nstream\n" % (len(stream), filters.encode())
    return made[:length] + told + stream + made[end:]


def ascii85() -> bytes:
    """A PDF whose page is 9 MB of the letter z, each of which stands for four zeros."""
    return _filtered(b"z" * 9_000_000 + b"~>", "/ASCII85Decode")


def flate_in_flate() -> bytes:
    """A PDF whose page unpacks to 1.5 GB in two turns."""
    inner = zlib.compress(bytes(50_000_000), 9) * 1
    squeezed = zlib.compressobj(9)
    once = squeezed.compress(bytes(1_500_000_000 // 30)) + squeezed.flush()
    return _filtered(zlib.compress(once + inner, 9), "/FlateDecode /FlateDecode")


def run_length() -> bytes:
    """A PDF whose page is runs of 128 letters, two bytes each."""
    return _filtered(b"\x81 " * 4_000_000 + b"\x80", "/RunLengthDecode")


def endless_text() -> bytes:
    """A PDF whose page shows a letter 600,000 times."""
    stream = b"BT /F1 11 Tf 14 TL 50 780 Td " + b"(a) ' " * 1_600_000 + b"ET"
    return _filtered(zlib.compress(stream, 9), "/FlateDecode")


def circle_of_pages() -> bytes:
    """A PDF whose list of pages leads to itself."""
    return pdf(["one"]).replace(b"/Kids [4 0 R]", b"/Kids [2 0 R]")


def scans() -> bytes:
    """A JPEG of 4,000 x 4,000 whose one scan stands there 1,500 times."""
    made = io.BytesIO()
    Image.new("L", (4000, 4000), 200).save(made, "JPEG", progressive=True, quality=1)
    data = made.getvalue()
    places = [at for at in range(len(data) - 1) if data[at : at + 2] == b"\xff\xda"]
    last = data[places[-1] : -2]
    return data[:-2] + last * (9_000_000 // len(last)) + b"\xff\xd9"


def large_webp() -> bytes:
    """36 bytes that say they are a picture of 16,383 x 16,383."""
    size = 16383 - 1
    bits = size | size << 14 | 1 << 28
    body = b"VP8L" + struct.pack("<I", 16) + b"\x2f" + struct.pack("<I", bits) + bytes(11)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _png(width: int, height: int, body: bytes, *more: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *more, chunk(b"IDAT", body), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def huge_png() -> bytes:
    """A PNG of a few bytes that says it has 2^31 columns and rows."""
    return _png(2**31 - 1, 2**31 - 1, zlib.compress(bytes(100)))


def packed_png() -> bytes:
    """A PNG of just under the most pixels, all black, in few bytes."""
    rows = zlib.compressobj(9)
    body = b"".join(rows.compress(bytes(4001)) for _ in range(3990)) + rows.flush()
    return _png(4000, 3990, body)


def texted_png() -> bytes:
    """A PNG with compressed remarks of 60 MB each."""
    remark = b"zTXt"
    data = b"a\0\0" + zlib.compress(bytes(60_000_000), 9)
    chunk = struct.pack(">I", len(data)) + remark + data
    chunk += struct.pack(">I", zlib.crc32(remark + data))
    return _png(28, 28, zlib.compress(bytes(29 * 28)), *[chunk] * 20)


def mixed_bytes() -> bytes:
    """Nine million bytes that might be of every encoding."""
    chance = np.random.default_rng(0)
    return bytes(chance.choice([*range(0x20, 0x7F), *range(0xA0, 0x100), 10], 9_000_000).tolist())


def parquet_bomb() -> bytes:
    """1,500 rows that name one text of 10 MB each: 2 kB on the disk, 15 GB of copies."""
    import pyarrow as arrow
    from pyarrow import parquet

    long = arrow.DictionaryArray.from_arrays(
        arrow.array([0] * 1500, arrow.int32()), arrow.array(["x " * 5_000_000])
    )
    columns = {"text": long, "label": [str(number % 2) for number in range(1500)]}
    made = io.BytesIO()
    parquet.write_table(arrow.table(columns), made, compression="zstd")
    return made.getvalue()


def delta_parquet() -> bytes:
    """Rows of 10 kB each that say "as before": 16 bytes a row."""
    import pyarrow as arrow
    from pyarrow import parquet

    count = 12_000
    rows = arrow.table({"text": ["x" * 10_000] * count, "label": ["a", "b"] * (count // 2)})
    made = io.BytesIO()
    parquet.write_table(
        rows, made, use_dictionary=False, column_encoding={"text": "DELTA_BYTE_ARRAY"},
        compression="zstd",
    )  # fmt: skip
    return made.getvalue()


def long_field() -> bytes:
    """A CSV of one field of 9 MB in quotes, and a header that is that field."""
    return b'text,label\n"' + b'""' * 4_500_000 + b'",x\n'


Bomb = tuple[str, Callable[[], bytes], str]

BOMBS: dict[str, Bomb] = {
    "a Word document that lies": ("document", lying_word, "a.docx"),
    "a deep Word document": ("document", deep_word, "a.docx"),
    "commas": ("document", commas, "a.csv"),
    "labelled commas": ("labelled", commas, "a.csv"),
    "rows of a letter": ("document", one_letter_rows, "a.csv"),
    "labelled rows of a letter": ("labelled", one_letter_rows, "a.csv"),
    "a long field": ("document", long_field, "a.csv"),
    "deep JSON": ("document", deep_json, "a.jsonl"),
    "labelled deep JSON": ("labelled", deep_json, "a.jsonl"),
    "many keys": ("document", many_keys, "a.jsonl"),
    "unclosed tags": ("document", unclosed_tags, "a.html"),
    "unclosed brackets": ("document", unclosed_brackets, "a.html"),
    "attributes": ("document", attributes, "a.html"),
    "styles": ("document", styled, "a.html"),
    "nested divisions": ("document", nested_pages, "a.html"),
    "snippets of nested divisions": ("snippets", nested_pages, "a.html"),
    "ASCII85": ("document", ascii85, "a.pdf"),
    "Flate in Flate": ("document", flate_in_flate, "a.pdf"),
    "run lengths": ("document", run_length, "a.pdf"),
    "endless text": ("document", endless_text, "a.pdf"),
    "a circle of pages": ("document", circle_of_pages, "a.pdf"),
    "3,000 scans": ("picture", scans, "a.jpg"),
    "a large WebP": ("picture", large_webp, "a.webp"),
    "a huge PNG": ("picture", huge_png, "a.png"),
    "a packed PNG": ("picture", packed_png, "a.png"),
    "a PNG with long remarks": ("picture", texted_png, "a.png"),
    "mixed bytes": ("document", mixed_bytes, "a.txt"),
    "a Parquet bomb": ("labelled", parquet_bomb, "a.parquet"),
    "texts as before": ("labelled", delta_parquet, "a.parquet"),
}


# Networks: the files by name.

Files = list[tuple[str, bytes]]

CONFIG = {
    "cell": "gru", "input_size": 4, "hidden_size": 4, "num_layers": 1, "readout": "last",
    "num_classes": 2, "labels": ["a", "b"], "input_mean": 0.0, "input_std": 1.0,
}  # fmt: skip


def _tensors(header: bytes, body: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + body


def _with(weights: bytes, **words: object) -> Files:
    told = json.dumps({**CONFIG, **words}).encode()
    return [("config.json", told), ("model.safetensors", weights)]


def many_names() -> Files:
    """Weights of 900,000 tensors without numbers."""
    one = '"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    return _with(_tensors(("{" + ",".join(one % n for n in range(900_000)) + "}").encode()))


def deep_header() -> Files:
    """Weights whose names are a million lists in each other."""
    return _with(_tensors(b'{"a":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"))


def large_words() -> Files:
    """A network of many gigabytes, by its own words, without any weight."""
    words = {"hidden_size": 4096, "num_layers": 16, "input_size": 4096, "bidirectional": True}
    return _with(_tensors(b"{}"), **words)


def zipped_spaces() -> Files:
    """A zip of 60 kB with weights that are 60 MB of spaces, five times."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(CONFIG))
        archive.writestr("a.safetensors", _tensors(b"{}") + b" " * 60_000_000)
        archive.writestr("tokenizer.json", b" " * 30_000_000)
    return [("a.zip", made.getvalue())]


def numbered_film() -> Files:
    """A tokenizer of 150 bytes in which one word has the number 300,000,000."""
    vocabulary = {"[PAD]": 0, "[UNK]": 1, "film": 300_000_000}
    told = {"version": "1.0", "model": {"type": "WordLevel", "vocab": vocabulary,
                                        "unk_token": "[UNK]"}}  # fmt: skip
    sizes = {"embedding.weight": [3, 4], "recurrent.weight_ih_l0": [12, 4],
             "recurrent.weight_hh_l0": [12, 4], "recurrent.bias_ih_l0": [12],
             "recurrent.bias_hh_l0": [12], "head.weight": [2, 4], "head.bias": [2]}  # fmt: skip
    header, at = {}, 0
    for name, shape in sizes.items():
        size = 4 * int(np.prod(shape))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    weights = _tensors(json.dumps(header).encode(), bytes(at))
    files = _with(weights, vocabulary_size=3)
    return [*files, ("tokenizer.json", json.dumps(told).encode())]


def deep_tokenizer() -> Files:
    """The same network with a tokenizer of a million lists in each other."""
    return [*numbered_film()[:2], ("tokenizer.json", b"[" * 1_000_000 + b"]" * 1_000_000)]


NETWORKS: dict[str, Callable[[], Files]] = {
    "900,000 names": many_names,
    "a deep header": deep_header,
    "large words": large_words,
    "a zip of spaces": zipped_spaces,
    "a number of gigabytes": numbered_film,
    "a deep tokenizer": deep_tokenizer,
}
