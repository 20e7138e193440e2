"""What differs from run to run and machine to machine, replaced by names, and back.

A recorded request is compared with a live one after both were put into canonical form. Three kinds of text go:

- *places*: the working directory, home and temporary directory, the thread's id. Their values are known; they are
  replaced wherever they stand and put back into replayed answers.
- *handles*: ids the harness made and the model repeats (process sessions, UUIDs). They are numbered in the order they
  first appear in requests, so that an answer that names one names the right one in the next run.
- *noise*: times, durations, counts, addresses, the shell's name, the statement of this host's confinement. It is
  dropped from requests and means nothing in answers.

Anything that looks like a secret is replaced for good. A literal ``${`` is written ``$${``.
"""

import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from agent_protocol.wire import JsonValue

_CWD = re.compile(r"<cwd>([^<]+)</cwd>")
_HANDLES = (
    (
        "session",
        re.compile(r"(?<=session ID )\d+|(?<=\"session_id\":)\d+|(?<=\"session_id\": )\d+|(?<=process id )\d+"),
    ),
    ("uuid", re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")),
)
_NOISE = (
    ("permissions", re.compile(r"(?<=<permissions instructions>).*?(?=</permissions instructions>)", re.DOTALL)),
    ("shell", re.compile(r"(?<=<shell>)[^<]*(?=</shell>)")),
    ("chunk", re.compile(r"(?<=Chunk ID: )[0-9a-f]+")),
    ("seconds", re.compile(r"(?<=Wall time: )[\d.]+(?= seconds)")),
    ("seconds", re.compile(r"(?<=\"duration_seconds\":)\s*[\d.]+")),
    ("seconds", re.compile(r"\b\d+\.\d+(?=\s?s(?:ec(?:onds?)?)?\b)")),
    ("count", re.compile(r"(?<=Original token count: )\d+")),
    ("time", re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")),
    ("date", re.compile(r"\b\d{4}-\d\d-\d\d\b")),
    ("address", re.compile(r"\b0x[0-9a-f]{6,}\b")),
    ("random", re.compile(r"\btmp[a-z0-9_]{8}\b")),
)
_SECRETS = (
    re.compile(r"\b(?:sk|rk|pk)-[A-Za-z0-9_-]{16,}"),
    re.compile(r"(?i:\bbearer)\s+(?=\S*\d)[A-Za-z0-9._~+/=-]{16,}"),
    re.compile(r"\bgh[a-z]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}"),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    re.compile(r"\bxox[a-z]-[\w-]{10,}"),
    re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
)
_SECRET = "${secret}"
_MARK = re.compile(r"\$(\$\{)|\$\{(\w+)\}")
_SHORTEST_SECRET = 8


def host_places(environ: Mapping[str, str]) -> dict[str, Sequence[str]]:
    """Return the places of this host: name to the paths it goes by, the one to put back first."""
    temporary = tempfile.gettempdir()
    places: dict[str, Sequence[str]] = {"tmp": (temporary, os.path.realpath(temporary), "/tmp")}
    for name, variable in (("home", "HOME"), ("agent_home", "AGENT_HOME")):
        if path := environ.get(variable):
            places[name] = (path, os.path.realpath(path))
    return places


class Placeholders:
    """The names given so far in one recording or replay.

    Args:
        places: what :func:`host_places` returns.
        secrets: values that must not be stored.
        noise: further regular expressions whose matches are noise.
    """

    def __init__(
        self, places: Mapping[str, Sequence[str]], secrets: Sequence[str] = (), noise: Sequence[str] = ()
    ) -> None:
        self._secrets = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]
        self._noise = [*_NOISE, *(("noise", re.compile(pattern)) for pattern in noise)]
        self._values: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._places: re.Pattern[str] | None = None
        for kind, paths in places.items():
            self._bind_place(kind, *paths)

    def canonical(self, body: JsonValue) -> JsonValue:
        """Return a request body as recordings hold it, and learn the names of what is new in it."""
        self._bind_place("thread", str(body.get("prompt_cache_key", "")))
        _each_text(body.get("input"), self._learn_cwd)
        return _mapped(body, self._canonical_text)

    def masked(self, value: JsonValue) -> JsonValue:
        """Return part of an answer as recordings hold it: what requests have shown so far goes by name."""
        return _mapped(value, self._masked_text)

    def restored(self, value: JsonValue) -> JsonValue:
        """Return part of a recorded answer with the values of this run."""
        return _mapped(value, self._restored_text)

    def _learn_cwd(self, text: str) -> None:
        for path in _CWD.findall(text):
            self._bind_place("cwd", path, os.path.realpath(path))

    def _bind_place(self, kind: str, *paths: str) -> None:
        usable = [path for path in paths if len(path) > 1 and not self._names.get(path, "").startswith(kind)]
        if not usable:
            return
        name = self._bind(kind, usable[0])
        self._names |= dict.fromkeys(usable, name)
        known = [path for path in self._names if not path.isdigit()]
        longest_first = "|".join(re.escape(path) for path in sorted(known, key=len, reverse=True))
        self._places = re.compile(rf"(?<![\w.-])(?:{longest_first})(?![\w-])")

    def _bind(self, kind: str, value: str) -> str:
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        name = kind if count == 1 else f"{kind}_{count}"
        self._names[value] = name
        self._values[name] = value
        return name

    def _canonical_text(self, text: str) -> str:
        text = self._placed(text)
        for kind, pattern in _HANDLES:
            text = pattern.sub(partial(self._handle, kind), text)
        for name, pattern in self._noise:
            text = pattern.sub(f"${{{name}}}", text)
        return text

    def _masked_text(self, text: str) -> str:
        text = self._placed(text)
        for _, pattern in _HANDLES:
            text = pattern.sub(lambda match: self._named(match[0]), text)
        return text

    def _placed(self, text: str) -> str:
        text = text.replace("${", "$${")
        for secret in self._secrets:
            text = text.replace(secret, _SECRET)
        for pattern in _SECRETS:
            text = pattern.sub(_SECRET, text)
        return text if self._places is None else self._places.sub(lambda match: self._named(match[0]), text)

    def _handle(self, kind: str, match: re.Match[str]) -> str:
        if match[0] not in self._names:
            self._bind(kind, match[0])
        return self._named(match[0])

    def _named(self, value: str) -> str:
        return f"${{{self._names[value]}}}" if value in self._names else value

    def _restored_text(self, text: str) -> str:
        return _MARK.sub(lambda match: match[1] or self._values.get(match[2], match[0]), text)


def _mapped(value: JsonValue, change: Callable[[str], str]) -> JsonValue:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _mapped(member, change) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(member, change) for member in value]
    return value


def _each_text(value: JsonValue, visit: Callable[[str], None]) -> None:
    def seen(text: str) -> str:
        visit(text)
        return text

    _mapped(value, seen)
