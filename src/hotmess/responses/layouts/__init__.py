"""Formats declared as a table: where in their records the columns of a response table are."""

from hotmess.responses.layouts.layout import Layout, add_layout, layout_of, layouts, read_layouts, remove_layout

__all__ = ["Layout", "add_layout", "layout_of", "layouts", "read_layouts", "remove_layout"]
