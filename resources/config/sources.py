"""Where the values of settings come from: the environment, the home's market file, files named `.env`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from resources.config.declarations import PREFIX, PROJECT, DeclaredSettings, variable_of
from resources.config.values import SettingsError

ENVIRONMENT = "environment"
DOTENV = ".env"
MARKET_FILE = "market.env"  # a home's own tape, written when the home was made
KNOWN = tuple(variable_of(name) for name in DeclaredSettings.model_fields)
PATHS = (variable_of("home"), variable_of("tape"))
NO_PATHS = ("", "synthetic")
# Names that a `.env` may hold for other programs; every other name of ours without the prefix is a mistake there.
OF_OTHERS = ("HOME", "DATABASE_URL", "CLOCK", "PAIRS", "TAPE")
MISSPELT_PREFIX = 0.85  # similarity above which a line of .env without our prefix is taken for one of ours


@dataclass(frozen=True)
class FoundValue:
    """A setting's text and its place: the environment, or a file and line."""

    text: str = field(repr=False)
    source: str
    place: str


def from_environment(environment: Mapping[str, str]) -> dict[str, FoundValue]:
    """The variables of the environment that carry our prefix, or nearly do, by upper-case name."""
    return {
        name.upper(): FoundValue(text, ENVIRONMENT, f"the {ENVIRONMENT}")
        for name, text in sorted(environment.items(), reverse=True)  # OKXSIGNAL_X after okxsignal_x: it wins
        if name.upper().startswith(PREFIX) or _is_misspelt_prefix(name.upper())
    }


def _is_misspelt_prefix(name: str) -> bool:
    """Whether a name was meant to be one of ours, such as OKX_SIGNAL_MODE; quick, since every process asks."""
    return name.startswith(PREFIX[:2]) and bool(_nearest(name))


@cache
def from_dotenv(path: Path) -> dict[str, FoundValue]:
    """The lines of `.env`, read once per process: a file edited meanwhile changes no running process.

    A relative path in it is relative to the folder of the file, wherever the process was started.
    """
    found = from_file(path, DOTENV)
    for name, value in found.items():
        if PREFIX + name in KNOWN and name not in OF_OTHERS:
            raise SettingsError(
                f"{name} in {value.place} lacks the prefix: write {PREFIX}{name}, or remove it"
            )
    return found | {
        name: FoundValue(str(path.parent / found[name].text), DOTENV, found[name].place)
        for name in PATHS
        if name in found and found[name].text not in NO_PATHS and not found[name].text.startswith("~")
    }


def outer_dotenvs() -> list[Path]:
    """The `.env` of the project, then that of the current folder, which wins."""
    return list(dict.fromkeys([PROJECT / DOTENV, Path(DOTENV).absolute()]))


def from_file(path: Path, source: str) -> dict[str, FoundValue]:
    """The NAME=value lines of a file by upper-case name; nothing when there is no such file."""
    if not path.is_file():
        if path.is_symlink() or path.exists():
            raise SettingsError(f"{path} is no file that can be read: make it one, or remove it")
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text at byte {error.start}: save it as UTF-8") from None
    places = _places(path, text)
    values = dotenv_values(stream=StringIO(text))
    return {name.upper(): FoundValue(values[name] or "", source, place) for name, place in places.items()}


def _places(path: Path, text: str) -> dict[str, str]:
    """The file and line of each name; a line that assigns nothing is an error."""
    places: dict[str, str] = {}
    for binding in parse_stream(StringIO(text)):
        skipped = len(binding.original.string) - len(binding.original.string.lstrip("\r\n"))
        place = f"{path} line {binding.original.line + binding.original.string.count(chr(10), 0, skipped)}"
        if binding.error or (binding.key is not None and binding.value is None):
            raise SettingsError(f"{place} is not of the form NAME=value: correct or remove it")
        if binding.key is None:
            continue
        same = next((name for name in places if name.upper() == binding.key.upper()), None)
        if same is not None:
            raise SettingsError(
                f"{same} is set in {places[same]} and again in {place}, as {binding.key}: keep one"
                if same != binding.key
                else f"{same} is set in {places[same]} and again in {place}: keep one"
            )
        places[binding.key] = place
    return places


def require_known(names: Mapping[str, FoundValue]) -> None:
    """Refuse variables that no setting declares; each is named with its place and the nearest known one."""
    unknown = [
        f"{name} in {found.place} is not a setting; the nearest is {nearest}"
        for name, found in names.items()
        if name not in KNOWN and (nearest := _nearest(name))
    ]
    if unknown:
        raise SettingsError(
            f"{'; '.join(unknown)} (correct or remove it; docs/settings.md lists all settings)"
        )


def _nearest(name: str) -> str:
    """The most similar known variable; for a name without our prefix only if it is nearly equal."""
    cutoff = 0.0 if name.startswith(PREFIX) else MISSPELT_PREFIX
    return next(iter(get_close_matches(name, KNOWN, 1, cutoff)), "")


def merged(sources: Iterable[Mapping[str, FoundValue]]) -> dict[str, FoundValue]:
    """The values by name of field, later sources over earlier ones."""
    found: dict[str, FoundValue] = {}
    for source in sources:
        require_known(source)
        found |= {name: value for name, value in source.items() if name in KNOWN}
    return {name.removeprefix(PREFIX).lower(): value for name, value in found.items()}
