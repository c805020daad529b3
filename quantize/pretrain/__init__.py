"""Training of the embedded model, from the code that the environment holds to a model file with its card.

    python -m quantize pretrain quantize/pretrain/nano.toml --archive llama_cpp_python-0.3.36.tar.gz --output FOLDER

Stages (stages.py, run.py), each kept in a folder named by the hash of what goes into it:

    manifest    manifest.py, inventory.py   permitted files and their hashes; NAME.manifest.csv beside the recipe
    clean       clean.py                    no data, no copies, whole packages held out
    tokenizer   tokenizer.py                byte-level BPE, llama.cpp's `qwen2` pre-tokenizer
    pack        samples.py, spans.py        rows in the window's own layout (iquest_lsp/context/prompt.py)
    train       model.py, optim.py, train.py
    export      export.py                   GGUF, Q8_0; reader.py reads it back
    evaluate    evaluate.py, floor.py       held-out packages; the order-5 floor; card.py writes the card

A manifest beside the recipe pins the data: exactly its files are used, and a missing one is an error. Delete it to
collect anew, and keep the one that the run leaves in its `clean` folder.

To go on training: the learning rate is flat until the anneal, so raise the steps of the last phase while the run is
still on its flat part, or add a phase; the last checkpoint goes on. A run that has annealed starts anew in a folder of
its own as soon as the recipe's model, data or rates change.
"""
