"""Prints the completion script of a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from reelgate.cli.words import say

SHELLS = ("bash", "zsh", "fish")


@click.command(help=say("completion.help"), epilog=say("completion.epilog"))
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what the shell has to evaluate."""
    from reelgate.cli.main import root

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(say("completion.unknown", shell=shell))
    click.echo(kind(root, {}, "reelgate", "_REELGATE_COMPLETE").source())
