"""The fuzzer's parts: what a program may call, how one is drawn, what is demanded of it."""
