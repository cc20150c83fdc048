"""Help pages: paragraphs are filled to the width of the terminal, and flags have no type."""

import inspect
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption


def filled(text: str) -> str:
    """Return a docstring with each paragraph on one line; indented lines stay as they are."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(
        paragraph if "\n " in f"\n{paragraph}" else paragraph.replace("\n", " ")
        for paragraph in paragraphs
    )


def _without_types_of_flags(params: list[Any]) -> list[Any]:
    for each in params:
        if isinstance(each, TyperOption) and each.is_flag:
            each.metavar = ""
    return params


class HelpCommand(TyperCommand):
    """A command with such a help page."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        """Fill the paragraphs of ``help``, else as the base class."""
        super().__init__(*args, **settings | {"help": filled(settings.get("help") or "")})

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters for parsing and for the help page."""
        return _without_types_of_flags(super().get_params(ctx))


class HelpGroup(TyperGroup):
    """A group of commands with such a help page."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters for parsing and for the help page."""
        return _without_types_of_flags(super().get_params(ctx))


def use_help_pages(app: typer.Typer) -> None:
    """Use these classes for ``app`` and for all commands and groups that are registered on it."""
    app.info.cls = HelpGroup
    for command in app.registered_commands:
        command.cls = HelpCommand
    for group in app.registered_groups:
        if group.typer_instance is not None:
            use_help_pages(group.typer_instance)
