"""Text that several packages print: one line, shortened, counted, listed."""

import re
from collections.abc import Sequence

# The last two lines turn the direction of writing: a name could make a row read as another one.
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff"
    r"\u061c\u200e\u200f"
    r"\u202a-\u202e\u2066-\u2069]"
)


def printable(text: object) -> str:
    """Return text on one line, without control characters of terminals or of the direction of writing."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", re.sub(r"[\t\r\n]+", " ", str(text)))


def printable_lines(text: str) -> str:
    """Return text of several lines, each of them `printable`; tabs stay."""
    lines = re.split(r"\r\n|[\r\n]", text)
    return "\n".join("\t".join(printable(part) for part in line.split("\t")) for line in lines)


def shortened(text: str, width: int) -> str:
    """Return text of at most `width` characters, the middle left out where it is longer."""
    if len(text) <= width:
        return text
    head = width // 2
    return f"{text[:head]}…{text[len(text) - (width - head - 1) :]}"


def percent(share: float, digits: int = 0) -> str:
    """Return a share in percent.

    Examples
    --------
    >>> percent(0.156), percent(0.156, 1)
    ('16 %', '15.6 %')
    """
    return f"{round(100.0 * share, digits) + 0.0:.{digits}f} %"  # adding 0.0 turns -0.0 into 0.0


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun; the plural is `many`, by default `one` with an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def listed(words: Sequence[str], *, most: int | None = None) -> str:
    """Return words joined by commas and an "and"; of more than `most`, the others as a count."""
    if most is not None and len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def spanned(values: Sequence[int | str]) -> str:
    """Return values joined by commas; of at least three consecutive integers the first and the last.

    Examples
    --------
    >>> spanned([2, 3, 4]), spanned(["2", "4", "6"]), spanned([7])
    ('2 to 4', '2, 4, 6', '7')
    """
    texts = [str(value) for value in values]
    numbers = [int(text) for text in texts if text.isdecimal()]
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[0] + len(texts))):
        return f"{texts[0]} to {texts[-1]}"
    return ", ".join(texts)


def parameter_meanings(docstring: str) -> dict[str, str]:
    """Return the first sentence on each parameter in the section ``Parameters`` of a numpydoc docstring.

    Examples
    --------
    >>> parameter_meanings("Parameters\\n----------\\nk : int, default=2\\n    How many\\n    clusters. No less.")
    {'k': 'How many clusters'}
    """
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\S[^\n]*\n-{3,}$|\Z)", docstring, re.MULTILINE | re.DOTALL)
    if section is None:
        return {}
    meanings: dict[str, str] = {}
    for names, body in re.findall(r"^(\w[\w, ]*)[^\n]*\n((?:(?: +[^\n]*)?\n)*)", f"{section[1]}\n", re.MULTILINE):
        paragraph = re.split(r"\n\s*(?:\n|[-*.] )", body.strip(), maxsplit=1)[0]
        sentence = re.split(r"\.(?:\s|$)", " ".join(paragraph.split()), maxsplit=1)[0]
        plain = re.sub(r":\w+:(?=`)", "", sentence).replace("`", "").rstrip(": ")
        meanings |= dict.fromkeys((name.strip() for name in names.split(",")), plain)
    return meanings


def in_sentence(title: str) -> str:
    """Return a title as it is written within a sentence: its first letter is small, except in names."""
    return title if re.search("[A-Z]", title[1:]) else title[:1].lower() + title[1:]
