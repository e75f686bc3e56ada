"""The assistant of the device: known commands without a model, anything else with a small one, under rules.

language     which of the two languages a text is in
templates    sentences with slots, compiled to patterns
phrasings    (TOML) the sentences of known commands, English and Chinese
slots        numbers, times, levels and names in a sentence
naming       what exists on this device, and which of it a phrase means
fast_path    an utterance as tool calls, with no model
about        what can be asked and ordered here
consent      which writes a person's own words ask for
repair       JSON and arguments as small models write them
repetition   whether a model has begun to loop
prompt       what a model is told, in few tokens
stepping     one step of a model: a tool call or an answer, checked
lean         smolagents without what a device never uses
loop         the agent, on smolagents; imported late
grounding    what of a model's answer the results support
wording      results as sentences, without a model
assistant    the ladder: fast path, small model, larger model, hub
"""
