"""Bytes to text: UTF-8, UTF-16 and cp1252, as found or as declared."""

import codecs
import re
from typing import Final

from clusterbench.errors import RequestError

UTF_8: Final = "utf-8"
_MARKS: Final = ((codecs.BOM_UTF8, UTF_8), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_UTF_8_LETTERS: Final = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_SAMPLE: Final = 2000  # bytes
_NUL_SHARE: Final = 0.4  # of every second byte of a sample, in UTF-16 without a mark


def decoded(content: bytes, declared: str | None = None) -> tuple[str, str]:
    """Return the text and its encoding: the declared one, else that of its mark, UTF-8, UTF-16 or cp1252.

    Refused is what is none of them: control characters, and UTF-8 with single wrong bytes.
    """
    found = declared or next((name for mark, name in _MARKS if content.startswith(mark)), _without_mark(content))
    try:
        text = content.decode(found).removeprefix("\ufeff")
    except LookupError:
        raise RequestError(f"encoding = {found!r} is unknown", allowed="utf-8, utf-16, cp1252, latin-1, ...") from None
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = content.count(b"\n", 0, start) + 1
        raise RequestError(
            f"byte {content[start]:#04x} in line {line} is not {found.upper()}",
            allowed='a UTF-8 text file, or a declared encoding such as encoding = "cp1252"',
        ) from None
    if "\0" in text:  # the rest of a crashed write; it would be read as missing values
        line = text.count("\n", 0, text.index("\0")) + 1
        raise RequestError(f"a NUL byte in line {line}", allowed="a text file")
    return text, found


def _without_mark(content: bytes) -> str:
    sample = content[:_SAMPLE]
    for name, place in (("utf-16-le", 1), ("utf-16-be", 0)):
        if sample[place::2].count(0) > _NUL_SHARE * len(sample) / 2 and not sample[1 - place :: 2].count(0):
            return name
    try:
        content.decode(UTF_8)
    except UnicodeDecodeError:
        is_broken = _CONTROLS.search(content) or _UTF_8_LETTERS.search(content)
        return UTF_8 if is_broken else "cp1252"
    return UTF_8
