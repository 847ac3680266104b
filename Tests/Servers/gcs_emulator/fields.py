"""Partial answers: the parameter `fields`, such as `items(name,metadata/a),nextPageToken`."""

from gcs_emulator.refusal import invalid


def select(document, text: str | None):
    """The members of a document that `text` names; all of it where there is no text."""
    if not text or text == "*":
        return document
    tree, rest = _read(text)
    if rest:
        raise invalid(f"Invalid field selection {text}", "fields")
    return _pick(document, tree)


def _read(text: str) -> tuple[dict, str]:
    tree: dict = {}
    while True:
        index = next((i for i, letter in enumerate(text) if letter in ",()/"), len(text))
        name, text = text[:index].strip(), text[index:]
        if not name:
            raise invalid("Invalid field selection", "fields")
        below: dict = {}
        if text.startswith("("):
            below, text = _read(text[1:])
            if not text.startswith(")"):
                raise invalid("Invalid field selection", "fields")
            text = text[1:]
        elif text.startswith("/"):
            # Only the one member after the slash.
            end = next((i for i, letter in enumerate(text) if letter in ",)"), len(text))
            below, text = _read(text[1:end])[0], text[end:]
        tree[name] = below
        if not text.startswith(","):
            return tree, text
        text = text[1:]


def _pick(document, tree: dict):
    if not tree or "*" in tree:
        return document
    if isinstance(document, list):
        return [_pick(element, tree) for element in document]
    if not isinstance(document, dict):
        return document
    return {name: _pick(document[name], below) for name, below in tree.items() if name in document}
