"""The cross fuzzer's parts: statements by family, drawing, engines, judging, minimising."""
