"""What every command was told: the data folder, the server, the key, and whether to speak JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reelgate.cli.trouble import Exit, Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Session:
    """One run of the command. Filled by options as they are read."""

    data: Path | None = None
    url: str | None = None
    key: str | None = None
    json: bool = False
    note: str | None = None
    """What to tell somebody who presses Ctrl-C now."""

    def where(self) -> str:
        """Write the options that lead the next command to the same place; empty when the defaults did."""
        if self.url:
            return f" --url {self.url}"
        return f" --data {self.data}" if self.data else ""

    def settings(self, **overrides: Any) -> Settings:
        """Load the settings in force for the data folder that was named."""
        from pydantic import ValidationError

        from reelgate import settings

        given = {name: value for name, value in overrides.items() if value is not None}
        try:
            return settings.load(data=self.data, overrides=given)
        except (ValidationError, TOMLDecodeError) as error:
            raise Trouble(
                say("settings.bad", reason=_reason(error)),
                exit_code=Exit.USAGE,
                next_step=say("settings.bad.next"),
            ) from error


def _reason(error: ValueError) -> str:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return f"reelgate.toml: {error}"
    return "; ".join(f"`{'.'.join(map(str, one['loc']))}`: {one['msg']}" for one in error.errors())


pass_session = click.make_pass_decorator(Session, ensure=True)


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Build a callback that keeps an option's value in the session when one was given."""

    def callback(context: click.Context, _: click.Parameter, value: Any) -> Any:
        if value is not None:
            setattr(context.ensure_object(Session), name, value)
        return value

    return callback


def data_option(command: F) -> F:
    """Add `--data`."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        callback=_keep("data"),
        expose_value=False,
        help=say("option.data"),
    )(command)


def json_option(command: F) -> F:
    """Add `--json/--no-json`."""
    return click.option(
        "--json/--no-json",
        default=None,
        callback=_keep("json"),
        expose_value=False,
        help=say("option.json"),
    )(command)


def local(command: F) -> F:
    """Mark a command that works on the data folder itself."""
    return data_option(json_option(command))


def remote(command: F) -> F:
    """Mark a command that speaks to a server, or to a Reelgate of its own when none runs."""
    url = click.option(
        "--url", envvar="REELGATE_URL", callback=_keep("url"), expose_value=False, help=say("option.url")
    )
    key = click.option(
        "--key",
        envvar="REELGATE_API_KEY",
        show_envvar=False,
        callback=_keep("key"),
        expose_value=False,
        help=say("option.key"),
    )
    return url(key(local(command)))
