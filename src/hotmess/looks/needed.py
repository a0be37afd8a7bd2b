"""Whether a table needs a record of the looks taken while it was drawn: asked of all, mostly drawn without looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.looks.record import Looks
    from hotmess.looks.seen import Seen


def not_known(table: pd.DataFrame, looks: Looks | None, now: Seen | None = None) -> str:
    """Why nothing can be tested on a table that was drawn until a claim was decided; empty where it can.

    A probability means what it says only beside the looks that were taken before it: without their record, or with a
    table that is not the one of its last look, nothing is known of the error that was spent.

    now: what identifies the table, where that is known already.
    """
    if looks is None:
        rounds = table["round"].nunique() if "round" in table.columns else 0
        if rounds < 2:
            return ""
        return (
            f"The responses were drawn in {rounds} rounds (column round), and nothing is known of the looks between "
            "them: give their record (--looks FILE), or name the column otherwise if there were none"
        )
    from hotmess.looks.seen import seen

    responses = len(table)
    look = looks.look(responses)
    if look is not None:
        if look.seen is None or look.seen.digest == (now or seen(table)).digest:
            return ""
        return (
            f"The table has {responses:,} responses, as at a look of the record, and they are not the same: answers, "
            "targets, lengths or names were changed since, so test the table that was looked at, read as it was then"
        )
    last = looks.history[-1].responses if looks.history else 0
    return (
        f"The table has {responses:,} responses, and the record of looks, the last at {last:,}, knows of none at so "
        "many: test what was looked at, whole, or look first (hotmess next)"
    )
