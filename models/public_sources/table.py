"""The data sets of the page by name: repository, licence, what to know, and what makes the table from a clone.

Tables made here hold texts whole, where those of the page's study were cut at 80 to 300 characters, and no marks of
repeated texts (`dup_text` and others).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from public_sources import (
    agent_consistency,
    cruxeval,
    hot_mess_reward_hacking,
    humaneval_results,
    inverse_scaling_cot,
    llm_stability,
    logit_cot_overthinking,
    terminal_bench,
    tree_of_thought,
    tts_knowledge,
)
from public_sources.clones import Clone

Rows = Callable[[Clone], Iterator[dict[str, Any]]]


@dataclass(frozen=True)
class Source:
    """Where a data set is from, at which commit, what its repository says of a licence, what to know of it; what makes
    its table from a clone, where something here does, and how that differs from the one that the page read."""

    where: str
    commit: str
    licence: str
    what: str
    caveat: str
    rows: Rows | None = None
    differs: str = ""


SOURCES = {
    "cot-scaling-qwen2.5": Source(
        "sohv/inverse-scaling-cot",
        "ab131a7f",
        "none stated",
        "Qwen2.5-Instruct, 0.5 to 72 billion parameters, 20 chains of thought on 100 questions of each benchmark",
        "Sizes are complete for aqua, arc_challenge and openbookqa; at most 3% of chains end at the token limit.",
        inverse_scaling_cot.rows,
        "Its lengths are characters (`reasoning_chars`), where the page counted tokens.",
    ),
    "gemma4-natural": Source(
        "tobypullan/logit_cot_overthinking",
        "f02cd56b",
        "none stated",
        "gemma-4-12B thinking on MMLU-Pro, its own final letters",
        "Questions were chosen by an earlier run's outcome: levels are no benchmark scores.",
        logit_cot_overthinking.natural,
    ),
    "gemma4-probes": Source(
        "tobypullan/logit_cot_overthinking",
        "f02cd56b",
        "none stated",
        "the same traces cut at shares of their length, probabilities of letters read there",
        "Where the trace is cut at 0% the probabilities do not vary. Questions were chosen by an earlier run's "
        "outcome.",
        logit_cot_overthinking.probes,
    ),
    "terminal-bench": Source(
        "laude-institute/terminal-bench-leaderboard",
        "8e1925a3",
        "none stated",
        "nine pairs of agent and model on 80 tasks, five runs",
        "Lengths are missing where runs timed out, which is not at random; where no test was parsed (6% of the trials) "
        "all count as failed. In five tasks the page's table took messages of failures for tests of their own, so that "
        "74 trials that were resolved count as failed in part.",
        terminal_bench.rows,
        "There the five tasks are right, with which both verdicts stay inconclusive, and four more pairs are in it; it "
        "has no `actions`.",
    ),
    "hinted-mcq": Source(
        "4cd4/hot-mess-reward-hacking",
        "d634ac7a",
        "MIT",
        "two models on GPQA and MMLU questions, without a hint and with one toward a wrong answer",
        "The intervention is the hint: less incoherent with it says more alike, not more often right. The "
        "answers of deepseek-v3 without a hint look suspect in the source.",
        hot_mess_reward_hacking.rows,
        "It has a third model, haiku-4.5, that the page has not: `--where` leaves it out (`model <> 'haiku-4.5'`).",
    ),
    "paraphrase_consistency": Source(
        "kazemf78/llm-consistency-study",
        "a3cbf6bc",
        "Apache-2.0",
        "Qwen3, 0.6 to 32 billion parameters, paraphrased questions at temperature 0",
        "Repeats differ by wording: variance is that of wordings. Which questions are there depends on the model.",
    ),
    "mgsm_language_forcing": Source(
        "protimroy/crosslingual-test-time-scaling",
        "2b21a157",
        "none stated",
        "s1.1, 3 to 32 billion parameters, MGSM in 11 languages",
        "The longest outputs are missing, most of them of the smallest model: do not compare sizes.",
    ),
    "budget_global_mmlu": Source(
        "protimroy/crosslingual-test-time-scaling",
        "2b21a157",
        "none stated",
        "s1.1-32B with thinking capped at five budgets, 400 questions in 7 languages",
        "One greedy response at each budget; budget 0 is another model. The languages of a question are one cluster. "
        "Letters were parsed from texts for this table: 1 to 4% may be wrong.",
    ),
    "thinking_budget_qa": Source(
        "XuZhao0/tts-knowledge",
        "9b9674be",
        "MIT",
        "SimpleQA and FRAMES at levels of thinking of 12 models",
        "One response at each level, so no variance of sampling; the longest levels are missing. Right more often goes "
        "with attempting more often in some models: not attempted counts as wrong. Graded by gpt-4o-mini.",
        tts_knowledge.rows,
        "A whole clone has the longest levels too, which the page lacks.",
    ),
    "temperature0_json": Source(
        "breckbaldwin/llm-stability",
        "c089c02e",
        "Apache-2.0",
        "gpt-4o at temperature 0 with a JSON schema, 7 tasks, five runs",
        "Variance that temperature does not explain; repeats that agree are no copies.",
        llm_stability.rows,
    ),
    "tot_game24": Source(
        "princeton-nlp/tree-of-thought-llm",
        "ab400345",
        "MIT",
        "GPT-4 (2023) at the game of 24, 100 responses to each of 100 questions under two prompts",
        "Several expressions are right; most questions are never solved.",
        tree_of_thought.game24,
    ),
    "tot_creative_writing": Source(
        "princeton-nlp/tree-of-thought-llm",
        "ab400345",
        "MIT",
        "stories by GPT-4, each judged five times by GPT-4",
        "The same model judges itself; judgements are nested in stories.",
        tree_of_thought.creative_writing,
    ),
    "cruxeval_codellama7b": Source(
        "facebookresearch/cruxeval",
        "190faf16",
        "MIT",
        "CodeLlama-7B on 800 functions, inputs and outputs, ten samples",
        "The order of the samples carries information: never take the first ones.",
        cruxeval.rows,
    ),
    "humaneval_repeats": Source(
        "jamesmurdza/humaneval-results",
        "5eac7809",
        "none stated",
        "three models on HumanEval, ten programs each",
        "Right or wrong by unit tests. Models of 2023 at temperature 0.2: most programs repeat another one.",
        humaneval_results.rows,
        "Nine programs that begin with a fence of their own have their length, where the page took 0.",
    ),
    "agent_hotpotqa": Source(
        "amanmehta-maniac/agent-consistency",
        "3e7f58d3",
        "none stated",
        "three models as agents on HotpotQA, ten runs",
        "Right where the answer holds the gold one, which differs from the authors' own rule in 5 to 9% of a model's "
        "runs; 49 runs without an answer are wrong. Runs at temperature 0 are left out.",
        agent_consistency.rows,
    ),
}
