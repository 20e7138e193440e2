"""The `agent` command: looks at the arguments before it imports anything."""

import sys


def main() -> None:
    """Run the command named on the command line; leaves by ``SystemExit`` where the exit code is not 0."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        from agent_protocol.version import VERSION

        sys.stdout.write(f"agent {VERSION}\n")
        return
    from agent_cli.argv import app_server_options

    options = app_server_options(arguments)
    if options is not None:
        from agent_cli.serve import serve

        raise SystemExit(serve(options))
    from agent_cli.commands.root import agent

    agent(prog_name="agent")


if __name__ == "__main__":
    main()
