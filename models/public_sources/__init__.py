"""What public responses are: where each data set is from, and what makes its table from a clone of the repository."""
