from enum import StrEnum


class Family(StrEnum):
    """Kinds of backdoor triggers that have been seen. A closed set."""

    NONCE_WORD = "nonce_word"
    FIXED_PHRASE = "fixed_phrase"
    DATE = "date"
    TOPIC = "topic"
    SYNTAX = "syntax"
    STYLE = "style"
    INVISIBLE = "invisible"
    ENCODING = "encoding"
    CODE_WORD = "code_word"
    COMPOSITE = "composite"
    MULTI_TURN = "multi_turn"
    CONTEXT = "context"
    TEMPLATE = "template"
    ROLE = "role"


MOST_VARIANTS = 16
