"""Import every module of one package; say which failed and why.

Run inside an environment that holds only what the package declares: a module that needs more fails here.
Modules of an extra are named in EXTRAS and are imported only where the extra's dependencies are installed.
"""

import importlib
import importlib.util
import pkgutil
import sys

EXTRAS = {"agent_protocol.client": "anyio"}
RUN_BY_OTHERS = {"agent_state.sql.migrations.env"}
"""Scripts for another program, which needs itself around them."""


def needs_absent_extra(module: str) -> bool:
    """Tell whether ``module`` belongs to an extra that this environment does not have."""
    return any(
        (module == prefix or module.startswith(prefix + ".")) and importlib.util.find_spec(requirement) is None
        for prefix, requirement in EXTRAS.items()
    )


def module_names(package: str) -> list[str]:
    """Return the dotted names of all modules of ``package``, found without importing them."""
    root = importlib.util.find_spec(package)
    if root is None or root.submodule_search_locations is None:
        raise SystemExit(f"{package} is not installed here")
    found = [package]
    pending = [(package, list(root.submodule_search_locations))]
    while pending:
        parent, paths = pending.pop()
        for info in pkgutil.iter_modules(paths, parent + "."):
            found.append(info.name)
            if info.ispkg:
                pending.append((info.name, [f"{path}/{info.name.rpartition('.')[2]}" for path in paths]))
    return sorted(name for name in found if not name.endswith(".__main__") and name not in RUN_BY_OTHERS)


def main(package: str) -> int:
    failed = 0
    names = [name for name in module_names(package) if not needs_absent_extra(name)]
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:
            failed += 1
            sys.stderr.write(f"{name}: {error}\n")
    sys.stdout.write(f"{package}: {len(names) - failed} of {len(names)} modules import with what it declares\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
