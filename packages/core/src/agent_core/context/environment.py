"""The facts of the place the model works in."""


def environment_context(shell: str, cwd: str | None = None) -> str:
    """Return the framed facts. ``shell`` is the bare name; ``cwd`` is left out where it is unchanged."""
    lines = [f"  <cwd>{cwd}</cwd>"] if cwd is not None else []
    return "\n".join(["<environment_context>", *lines, f"  <shell>{shell}</shell>", "</environment_context>"])
