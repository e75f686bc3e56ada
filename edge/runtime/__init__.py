"""What runs language models on the device.

port     what the rest of the device asks for
ollama   an Ollama server
llama    llama.cpp in a child process
"""
