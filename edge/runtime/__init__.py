"""What runs language models on the device.

port          what the rest of the device asks for
chat          what every chat model does alike
client        the HTTP client of both
ollama        an Ollama server
vocabulary    counts tokens where the server does not
llama         llama.cpp in a child process
model_store   the models of llama.cpp, as files
"""
