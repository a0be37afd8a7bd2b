"""Looks at data while they grow: error spent over them, and the record of them that a table carries.

boundaries   how much error a fraction of the information spends, and the thresholds that spend it
record       what was planned before the first look, and what each look found
"""

FILE = "looks.json"
"""The record's name in a folder of logs."""

KEY = b"hotmess.looks"
"""Its place in the metadata of a Parquet file."""
