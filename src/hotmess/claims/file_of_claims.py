"""What a file of claims may not hold, although it is YAML: what is read as something else than it says."""

from __future__ import annotations

import re
from pathlib import Path

from hotmess.errors import BadInput

DEEPEST = 8
BASE_60 = re.compile(r"[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?")


def plain_yaml(text: str, path: Path) -> None:
    """Refuse aliases, by which a few lines become millions, nesting deeper than any claim's, keys that stand twice in
    a claim, of which YAML takes the last, and numbers to the base 60 (1:30), which nobody means."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise BadInput(f"{path} has an alias (*{event.anchor}); write each claim out.")
        if isinstance(event, yaml.ScalarEvent) and event.style is None and BASE_60.fullmatch(event.value):
            raise BadInput(f"{path} has {event.value[:40]}, which YAML takes for a number to the base 60: quote it.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise BadInput(f"{path} is nested more than {DEEPEST} levels deep; a file of claims has three.")
    nodes = [yaml.compose(text, Loader=yaml.SafeLoader)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if twice := [key for key in keys if keys.count(key) > 1]:
                raise BadInput(f"{path} has the key {twice[0][:40]} twice (line {node.start_mark.line + 1} on).")
            nodes += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value
