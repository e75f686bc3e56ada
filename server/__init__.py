"""What people and programs talk to: the HTTP application, the chat, the web page and the command line."""
