"""Help: quick, whole, in both languages; and the shapes of completion."""

from __future__ import annotations

import contextlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from reelgate.auth.scopes import Scope
from reelgate.cli.keys import SCOPES
from reelgate.cli.main import COMMANDS, root
from reelgate.cli.session import Session
from reelgate.cli.trouble import Exit
from tests.cli.conftest import Command

HEAVY = (
    "sqlalchemy",
    "aiohttp",
    "av",
    "fastapi",
    "rich",
    "PIL",
    "pydantic",
    "starlette",
    "alembic",
    "uvicorn",
)


def _every() -> list[tuple[str, ...]]:
    """Name every command by its words, groups included."""
    context = click.Context(root)
    found: list[tuple[str, ...]] = [()]
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        assert command is not None
        found.append((name,))
        if isinstance(command, click.Group):
            found += [(name, sub) for sub in command.list_commands(context)]
    return found


@pytest.mark.parametrize(
    "words", [("--help",), ("videos", "--help"), ("generate", "--help"), ("doctor", "-h")]
)
def test_help_loads_nothing_heavy(words: tuple[str, ...]) -> None:
    code = (
        "import sys\n"
        "from reelgate.cli.main import main\n"
        "try:\n"
        f"    main({list(words)!r})\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "Usage:" in done.stdout


@pytest.mark.parametrize("words", _every(), ids=" ".join)
def test_every_command_explains_itself_and_its_options(words: tuple[str, ...]) -> None:
    context, command = click.Context(root, info_name="reelgate"), root
    for word in words:
        assert isinstance(command, click.Group)
        found = command.get_command(context, word)
        assert found is not None
        context, command = click.Context(found, info_name=word, parent=context), found
    text = command.get_help(context)
    assert text.startswith("Usage: reelgate " + " ".join(words))
    assert command.help
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_every_command_speaks_json_and_takes_a_data_folder() -> None:
    context = click.Context(root)
    for words in _every():
        command: click.Command = root
        for word in words:
            assert isinstance(command, click.Group)
            command = command.get_command(context, word) or command
        if isinstance(command, click.Group) or words == ("completion",):
            continue
        options = {name for option in command.params for name in option.opts}
        assert {"--json", "--data"} <= options, words


def test_help_is_worded_in_chinese_where_the_locale_is(reelgate: Command) -> None:
    chinese = reelgate.process("--help", env={"REELGATE_LANG": "", "LANG": "zh_CN.UTF-8", "PYTHONUTF8": "1"})
    assert chinese.code == 0
    assert "运行服务器。" in chinese.out
    assert "Run the server" in reelgate("--help").out


def test_a_terminal_that_cannot_write_chinese_gets_marks_and_no_traceback(reelgate: Command) -> None:
    ran = reelgate.process("--help", env={"REELGATE_LANG": "zh", "PYTHONIOENCODING": "ascii"})
    assert (ran.code, ran.err) == (0, "")


def test_the_words_for_scopes_are_those_of_the_keys() -> None:
    assert {scope.value for scope in Scope} == set(SCOPES)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_call_back_the_command(reelgate: Command, shell: str) -> None:
    ran = reelgate("completion", shell)
    assert ran.code == 0
    assert f"_REELGATE_COMPLETE={shell}_complete" in ran.out


def test_completion_offers_commands_and_options(reelgate: Command) -> None:
    env = {"_REELGATE_COMPLETE": "bash_complete", "COMP_WORDS": "reelgate vid", "COMP_CWORD": "1"}
    assert reelgate.process(env=env).out.split() == ["plain,videos"]
    env |= {"COMP_WORDS": "reelgate videos ", "COMP_CWORD": "2"}
    offered = reelgate.process(env=env).out.split()
    assert {"plain,list", "plain,remix", "plain,extend"} <= set(offered)
    env |= {"COMP_WORDS": "reelgate generate --s", "COMP_CWORD": "2"}
    assert set(reelgate.process(env=env).out.split()) == {"plain,--seconds", "plain,--size"}


@pytest.mark.parametrize(
    "args",
    [
        ("nonsense",),
        ("videos", "get"),
        ("generate", "x", "--seconds", "many"),
        ("--nonsense",),
        ("completion", "tcsh"),
    ],
)
def test_wrong_usage_ends_with_two(reelgate: Command, args: tuple[str, ...]) -> None:
    ran = reelgate(*args)
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert ran.err


def test_every_command_module_is_in_the_table() -> None:
    context = click.Context(root)
    assert [root.get_command(context, name).name for name in COMMANDS] == list(COMMANDS)  # type: ignore[union-attr]


GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "command-line.md"


def test_the_guide_names_every_exit_code_and_no_other() -> None:
    named = [
        int(cell) for cell in re.findall(r"^\| (\d+) \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert named == [int(code) for code in Exit]


def _written() -> list[list[str]]:
    text = GUIDE.read_text(encoding="utf-8").replace("\\\n", " ")
    return [shlex.split(line, comments=True) for line in re.findall(r"^reelgate .+$", text, re.MULTILINE)]


@pytest.mark.parametrize("words", _written(), ids=" ".join)
def test_every_command_in_the_guide_is_one_that_exists(words: list[str], tmp_path: Path) -> None:
    before_shell = words[1 : words.index(">")] if ">" in words else words[1:]
    (tmp_path / "boat.png").touch()
    command: click.Command = root
    context = click.Context(root, info_name="reelgate")
    with contextlib.chdir(tmp_path):
        while isinstance(command, click.Group):
            name = before_shell.pop(0)
            found = command.get_command(context, name)
            assert found is not None, name
            command = found
        assert command.make_context(command.name, before_shell, obj=Session())
