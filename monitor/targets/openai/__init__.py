"""Any endpoint that speaks OpenAI's chat completions, or its legacy completions."""

from monitor.targets.openai.target import OpenAITarget

__all__ = ["OpenAITarget"]
