"""Prints the help of every command as one page; run by `tools.generate` in a process of its own, in English."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from reelgate.cli.main import root

WIDTH = 100


def commands(
    command: click.Command, path: str, parent: click.Context | None = None
) -> Iterator[tuple[str, str]]:
    """Give each command's full name with its help text, groups before what they hold."""
    widths = {"terminal_width": WIDTH, "max_content_width": WIDTH}
    ctx = click.Context(command, info_name=path, parent=parent, **{**command.context_settings, **widths})
    yield ctx.command_path, command.get_help(ctx)
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            child = command.get_command(ctx, name)
            if child is not None and not child.hidden:
                yield from commands(child, name, ctx)


def page() -> str:
    """Write the page."""
    parts = [
        "# Command line",
        "Made from the commands themselves by `make docs`.",
        *(
            f"## `{name}`\n\n```text\n{inspect.cleandoc(text)}\n```"
            for name, text in commands(root, "reelgate")
        ),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    print(page(), end="")
