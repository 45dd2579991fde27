"""Markdown as a whole HTML page."""

import html

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
table { border-collapse: collapse; display: block; font-variant-numeric: tabular-nums; overflow-x: auto; }
th, td { border-bottom: 1px solid #8886; padding: 0.25rem 0.6rem; text-align: left; vertical-align: bottom; }
td { white-space: nowrap; }
h2 { margin-top: 2.5rem; }
"""


def text_page(title: str, text: str) -> str:
    """Return Markdown text, with tables, as a page that a browser shows from a file, light or dark."""
    import markdown  # not needed by most commands

    head = '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    head += f'<link rel="icon" href="data:,">\n<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>'
    body = markdown.markdown(text, extensions=["tables"])
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'
