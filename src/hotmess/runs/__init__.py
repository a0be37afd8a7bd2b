"""Numbers that people compute by hand on repeated responses, with intervals: pass@k, pass^k, flips, agreement.

`counts` has the formulas, `bounds` what is known beyond the responses drawn, `stopping` whether sampling looked at the
outcome, `reliability` the function `hm.reliability`.
"""
