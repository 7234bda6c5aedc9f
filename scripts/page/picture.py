"""Draws docs/demo.svg: the lines of a recorded demo that tell the story, as a terminal shows them."""

import re
import sys

from rich.console import Console
from rich.text import Text

WIDTH = 110


def shown(line):
    """Returns what a terminal shows of a line in the end: a spinner writes over itself."""
    line = line.rstrip("\r").split("\r")[-1]
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-ln-z]", "", line)


def story(recorded):
    """Picks the failed apply's first error, divvy's own words, and Terraform's last ones."""
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in recorded]

    def first(start, after=0):
        at = (number for number in range(after, len(plain)) if plain[number].startswith(start))
        return next(at)

    def until(start, end):
        stop = first(end, start)
        return recorded[start : stop + 1]

    check = first("$ divvy check")
    fix = first("$ divvy fix", check)
    last = first("$ terraform plan", fix)
    error = plain[first("Error: ")]
    return [
        "$ terraform apply",
        Text(error.split(" (")[0], style="bold red"),
        "",
        *until(check, "next:"),
        "",
        *until(fix, "next:"),
        "",
        "$ terraform plan",
        Text(plain[first("No changes.", last)], style="bold green"),
    ]


def main(source, target):
    with open(source, encoding="utf-8", newline="") as file:
        recorded = [shown(line) for line in file.read().split("\n")]
    console = Console(record=True, width=WIDTH, file=open("/dev/null", "w", encoding="utf-8"))
    for line in story(recorded):
        if isinstance(line, str) and line.startswith("$ "):
            line = Text.assemble(("$ ", "dim"), (line[2:], "bold"))
        elif isinstance(line, str):
            line = Text.from_ansi(line)
        console.print(line, highlight=False, soft_wrap=False, no_wrap=True, overflow="ellipsis")
    picture = console.export_svg(title="divvy", unique_id="demo")
    # No font is fetched from anywhere: whoever looks has one of equal width.
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.S)
    picture = re.sub(r"<!-- Generated.*?-->\s*", "", picture)
    picture = picture.replace("font-family: Fira Code, monospace", "font-family: ui-monospace, monospace")
    with open(target, "w", encoding="utf-8") as file:
        file.write(picture)


main(*sys.argv[1:])
