"""A model of a few thousand random weights, and a tokenizer of single characters."""

from functools import cache
from typing import Any

CONTEXT = 512
CHARACTERS = 256
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


@cache
def tiny_tokenizer() -> Any:
    """One token a byte, so that every text can be read; and a chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    made: Any = PreTrainedTokenizerFast
    return made(
        tokenizer_object=tokenizer,
        eos_token=SPECIAL[0],
        pad_token=SPECIAL[0],
        additional_special_tokens=list(SPECIAL[1:]),
        chat_template=TEMPLATE,
    )


@cache
def tiny_model() -> Any:
    """Random weights that write letters and spaces, one after another, and never end."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = tiny_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    made: Any = LlamaForCausalLM
    model = made(config).eval()
    head = torch.nn.Linear(32, len(tokenizer))
    torch.nn.init.normal_(head.weight, std=1.0)
    written = [
        i for i in range(CHARACTERS) if tokenizer.decode([i]) in "abcdefghijklmnopqrstuvwxyz "
    ]
    torch.nn.init.constant_(head.bias, -40.0)
    with torch.no_grad():
        head.bias[written] = 0.0
    model.lm_head = head
    return model
