"""The synthetic optimizer: transformers of growing size trained to imitate steepest descent on a quadratic."""
