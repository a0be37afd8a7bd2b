"""What claims of one kind share: their quantities, estimates, controls, priors."""
