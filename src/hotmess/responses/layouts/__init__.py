"""Formats declared as a table: where in their records the columns of a response table are.

A format of one's own takes a few lines, here or in a file for `--layout` (see `read_layouts`):

    from hotmess.responses.layouts import Layout, add_layout

    add_layout(Layout("our-runs", signs=("run.item", "run.reply"), columns={
        "model": "/config.model", "question": "run.item", "answer": "run.reply.letter", "target": "run.key",
        "n_choices": "=4"}))

From then on every file whose first record has the paths in `signs` is read so. The path language:
`hotmess.responses.layouts.paths`.
"""

from hotmess.responses.layouts.declared import read_layouts
from hotmess.responses.layouts.layout import Layout
from hotmess.responses.layouts.registry import add_layout, layout_of, layouts, remove_layout

__all__ = ["Layout", "add_layout", "layout_of", "layouts", "read_layouts", "remove_layout"]
