"""A GPU server without a GPU: an OpenAI-compatible server that takes the time that one would take.

`gpu` models continuous batching with a prefix cache, event by event and without a clock; `serve`
runs the model in real time behind HTTP; `schedule` runs it without any. A token is a word.

    python -m benchmarks.simulated_server [--port 8000]
"""
