#!/usr/bin/env python3
"""Makes an SVG of what a command prints to a terminal: picture.py < OUTPUT > PICTURE.

The picture in the README is made from a real run:
    cd target/quickstart && script -qec 'relplan plan releases/v1.3.hcl' /dev/null | python3 ../../docs/picture.py > ../../docs/plan.svg
"""
import html
import re
import sys

COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff", "36": "#76e3ea"}
LINE, WIDTH, LEFT, MOST = 17, 8.05, 16, 64


def spans(line):
    """The parts of a line with the style of each."""
    colour, bold, faint = None, False, False
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        code = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if not code:
            if part:
                yield part, colour, bold, faint
            continue
        for number in code.group(1).split(";"):
            if number in ("", "0"):
                colour, bold, faint = None, False, False
            elif number == "1":
                bold = True
            elif number == "2":
                faint = True
            elif number in COLOURS:
                colour = COLOURS[number]


lines = [line.rstrip() for line in sys.stdin.read().replace("\r", "").split("\n")]
while lines and not lines[-1]:
    lines.pop()
if len(lines) > MOST:
    lines = lines[: MOST - 13] + ["", "    ..."] + lines[-11:]
plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
width = round(max(len(line) for line in plain) * WIDTH + 2 * LEFT)
height = (len(lines) + 2) * LINE
print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="monospace" font-size="13">')
print(f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>')
for number, line in enumerate(lines):
    y = (number + 2) * LINE - 4
    parts = []
    for text, colour, bold, faint in spans(line):
        fill = colour or ("#8b949e" if faint else "#e6edf3")
        weight = ' font-weight="bold"' if bold else ""
        parts.append(f'<tspan fill="{fill}"{weight}>{html.escape(text)}</tspan>')
    print(f'<text x="{LEFT}" y="{y}" xml:space="preserve">{"".join(parts)}</text>')
print("</svg>")
