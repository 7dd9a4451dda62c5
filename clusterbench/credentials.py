"""Mask passwords and tokens in addresses, wherever an address is shown or stored."""

import re
from typing import Final

MASK: Final = "***"
_WORD: Final = r"[^\s\"'<>]"
# scheme://user:password@; what follows the colon is not a port.
_PASSWORD: Final = re.compile(rf"([a-z][a-z0-9+.-]*://[^\s\"'<>/@:?#]*:)(?!\d+(?:[/?#]|$)){_WORD}*@", re.IGNORECASE)
_USER_TOKEN: Final = re.compile(r"(https?://)[^\s\"'<>/@:?#]+@", re.IGNORECASE)
_SECRET_NAME: Final = (
    r"[\w.-]*(?:token|secret|passw|pwd|signature|credential|odbc_connect)[\w.-]*|[\w.-]*(?:key|sig|auth|pass)"
)
_PARAMETER: Final = re.compile(rf"([?&;#](?:amp;)?(?:{_SECRET_NAME})=)[^\s\"'<>&;#]*", re.IGNORECASE)


def mask_credentials(text: str) -> str:
    """Replace the passwords and tokens of all addresses in a text by ``***``.

    Masked are the password of ``scheme://user:password@host``, the token of ``https://token@host``, and the values of
    parameters such as ``?token=``, ``&api_key=``, ``password=`` and ``sig=``.
    """
    text = _PASSWORD.sub(rf"\1{MASK}@", text)
    return _PARAMETER.sub(rf"\1{MASK}", _USER_TOKEN.sub(rf"\1{MASK}@", text))
