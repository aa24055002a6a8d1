"""The root of the command: a table of sub-commands that are loaded when used, and the way out.

Expected errors leave as a few lines and an exit code; only a fault of ours leaves as a traceback.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import click
from click.shell_completion import CompletionItem

from reelgate.cli.session import Session, data_option
from reelgate.cli.trouble import Exit, Trouble, of_failure
from reelgate.cli.words import say
from reelgate.core.errors import ReelgateError


class LazyGroup(click.Group):
    """A group whose sub-commands live in modules that are imported when they are asked for."""

    def __init__(self, *args: Any, lazy: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the sub-commands in the order people meet them."""
        del ctx
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one sub-command."""
        del ctx
        target = self.lazy.get(cmd_name)
        if target is None:
            return None
        module, _, name = target.partition(":")
        return getattr(importlib.import_module(f"reelgate.cli.{module}"), name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of sub-commands without importing them."""
        del ctx
        with formatter.section(say("help.commands")):
            formatter.write_dl([(name, say(f"command.{name}")) for name in self.lazy])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer sub-commands without importing them."""
        named = [
            CompletionItem(name, help=say(f"command.{name}"))
            for name in self.lazy
            if name.startswith(incomplete)
        ]
        return (
            named if not incomplete.startswith("-") else click.Command.shell_complete(self, ctx, incomplete)
        )


COMMANDS: dict[str, str] = {
    "serve": "serve:serve",
    "worker": "serve:worker",
    "demo": "demo:demo",
    "generate": "generate:generate",
    "videos": "videos:videos",
    "library": "library:library",
    "models": "models:models",
    "keys": "keys:keys",
    "users": "users:users",
    "teams": "teams:teams",
    "channels": "channels:channels",
    "limits": "limits:limits",
    "inbox": "inbox:inbox",
    "doctor": "doctor:doctor",
    "simulate": "simulate:simulate",
    "db": "db:db",
    "storage": "storage:storage",
    "settings": "tuning:settings",
    "config": "config:config",
    "completion": "completion:completion",
}


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    name="reelgate",
    help=say("root.help"),
    epilog=say("root.epilog"),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@data_option
@click.version_option(package_name="reelgate", message="%(prog)s %(version)s")
def root() -> None:
    """Hold the sub-commands."""


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    session = Session()
    sys.exit(_run(list(args) if args is not None else None, session))


def _run(args: list[str] | None, session: Session) -> int:
    try:
        result = root.main(args, prog_name="reelgate", standalone_mode=False, obj=session)
    except Trouble as trouble:
        return _leave(trouble, session)
    except ReelgateError as error:
        return _leave(of_failure(error.failure), session)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("\n" + (session.note or say("interrupt.plain")), err=True)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None
        return Exit.OK
    return result if isinstance(result, int) else Exit.OK


def _leave(trouble: Trouble, session: Session) -> int:
    click.echo(trouble.as_json() if session.json else trouble.as_text(), err=True)
    return trouble.exit_code
