"""The assistant of the device: known commands without a model, anything else with a small one, under rules.

entity_linking  what exists on this device, and which of it a phrase means
grammar         sentences with slots, compiled to patterns, and what fills a slot
phrasings       (TOML) sentences of known commands, patterns of intent, what is said; English and Chinese
fast_path       an utterance as tool calls, with no model
intent          which tools a text calls for: the writes it orders, the reads it can be about
call_fit        whether a model's tool call fits the words that it answers
documents       questions to the device's documents in a person's own words
prompt          what a model is told, in few tokens
model_steps     one step of a model: a tool call or an answer, repaired and checked
loop            the agent, on smolagents; imported late
grounding       what of a model's answer the results support
wording         results, and what can be asked, as sentences without a model
assistant       the fallback chain: fast path, small model, larger model, hub
"""
