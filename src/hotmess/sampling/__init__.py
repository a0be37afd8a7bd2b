"""Drawing responses from language models through Inspect: prompts, plans of draws, tasks and answer parsing.

Nothing here is imported until it is used: `parse`, `prompts`, `items` and `draws` need only the core packages, `task`
and `command` need the extra `inspect`.
"""
