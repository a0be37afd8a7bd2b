"""Sampling until a claim is decided (methods, section 9).

interim      one look: the verdict at its threshold, the chance that more draws decide, whether to stop
allocation   which questions to ask how often next
"""
