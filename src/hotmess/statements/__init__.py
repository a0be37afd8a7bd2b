"""Statements about questions like these: the posterior bootstrap, its guard, and what the questions can decide.

A *statement* is a differentiable function of means over sets of questions. One mechanism for tables, comparisons,
contrasts of halves, budgets and arms, claims, and the first stage of laws (methods, section 3):

    weights      Q × Dirichlet(1, …, 1) on questions or clusters, shared by everything that is compared
    sums         weighted tail counts and pattern sums: one matrix product for all draws
    newton       the group parameters that maximise the weighted collapsed likelihood
    surfaces     that likelihood's heights and slopes, for many draws at once
    ascent       Newton's steps up many surfaces at once
    expected     E[term | counts, parameters], exact
    sampled      the same for terms without closed expectations (KL, 0/1)
    influence    what each question does to a statement; effective questions, skewness
    implied      effective questions as the fitted model implies them
    tail         probabilities near a threshold, from a smoothed tail
    statement    guard, shift, spread: draws, probability, interval, sentence
"""
