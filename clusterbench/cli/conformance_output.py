"""`check`: run the conformance checks of a plug-in and print the verdict."""

from pathlib import Path

from clusterbench.cli.console import say
from clusterbench.cli.streams import write_exactly
from clusterbench.errors import RequestError, unknown
from clusterbench.plugins import Algorithm, Conformance, Metric, Step, Verdict, check_plugin, load_registry
from clusterbench.text import counted, printable

_STYLES = {Verdict.PASSED: "green", Verdict.FAILED: "bold red", Verdict.EXPECTED: "yellow"}


def check_and_print(plugin: str, *, as_json: bool) -> bool:
    """Print the verdict on a plug-in file, or on a plug-in of this name; return whether it conforms."""
    conformance = check_plugin(_plugin(plugin))
    if as_json:
        write_exactly(conformance.to_json() + "\n")
    else:
        _print(conformance)
    return conformance.ok


def _plugin(name: str) -> Path | Algorithm | Metric | type[Step]:
    """Return the file of this path, or the plug-in of this name."""
    if name.endswith(".py") or "/" in name:
        if not Path(name).is_file():
            raise RequestError(f"no file {name!r}", allowed="a plug-in file, or a name that `clusterbench list` shows")
        return Path(name)
    registry = load_registry(Path.cwd())
    kinds = [kind for kind in (registry.algorithms, registry.metrics, registry.steps) if name in kind]
    if len(kinds) > 1:
        raise RequestError(f"several plug-ins are called {name!r}", allowed="the file of one of them")
    if not kinds:
        for broken in registry.broken:
            if broken.name == name:
                raise RequestError(f"{name!r} cannot be used: {broken.reason}", where=broken.where)
        raise unknown("plug-in", name, [*registry.algorithms, *registry.metrics, *registry.steps])
    [kind] = kinds
    is_file = Path(kind.where(name)).is_file()
    return Path(kind.where(name)) if is_file else kind[name]


def _print(conformance: Conformance) -> None:
    source = f" ({conformance.source})" if conformance.source else ""
    say(printable(f"{conformance.kind} {conformance.plugin}{source}"), style="bold")
    width = max(len(check.name) for check in conformance.checks)
    for check in conformance.checks:
        say(f"  {check.verdict:16} {check.name:{width}}  {check.title}", style=_STYLES.get(check.verdict, "dim"))
        if check.detail and check.verdict is not Verdict.NOT_RUN:
            say(printable(f"  {'':16} {'':{width}}  {check.detail}"))
    failed = [check.name for check in conformance.checks if not check.ok]
    expected = [check for check in conformance.checks if check.verdict is Verdict.EXPECTED]
    known = f", {counted(len(expected), 'failure')} expected" if expected else ""
    seconds = sum(check.seconds for check in conformance.checks)
    verdict = f"does not conform: {', '.join(failed)}" if failed else f"conforms{known}"
    say(f"{conformance.plugin} {verdict} ({counted(len(conformance.checks), 'check')}, {seconds:.1f} s)")
