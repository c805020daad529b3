// The logits of a prompt, for a processor that has no Python here: MODEL CACHE-TYPE FLASH BATCH OUTPUT TOKEN...
//
// FLASH is 1 with flash attention, 0 without. BATCH rows are evaluated a call. OUTPUT gets the logits of all positions as F32, row by row. The libraries lie in the
// folder that this program is started in.

#include "ggml-backend.h"
#include "llama.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

static int fail(const char * what) {
    fprintf(stderr, "%s\n", what);
    return 1;
}

int main(int argc, char ** argv) {
    if (argc < 7) {
        return fail("usage: logits MODEL f32|f16 0|1 BATCH OUTPUT TOKEN...");
    }

    if (!ggml_backend_load("./libggml-cpu.so")) {
        return fail("no CPU library in this folder");
    }
    llama_backend_init();

    llama_model_params model_params = llama_model_default_params();
    llama_model * model = llama_model_load_from_file(argv[1], model_params);
    if (!model) {
        return fail("the model cannot be loaded");
    }

    const int n_batch = atoi(argv[4]);

    llama_context_params params = llama_context_default_params();
    params.n_ctx           = 512;
    params.n_batch         = 512;
    params.n_ubatch        = 512;
    params.n_threads       = 1;
    params.n_threads_batch = 1;
    params.type_k          = strcmp(argv[2], "f32") == 0 ? GGML_TYPE_F32 : GGML_TYPE_F16;
    params.type_v          = params.type_k;
    params.flash_attn_type = atoi(argv[3]) ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;

    llama_context * ctx = llama_init_from_model(model, params);
    if (!ctx) {
        return fail("the context cannot be made");
    }

    FILE * file = fopen(argv[5], "wb");
    if (!file) {
        return fail("the output cannot be written");
    }

    std::vector<llama_token> tokens;
    for (int i = 6; i < argc; ++i) {
        tokens.push_back(atoi(argv[i]));
    }

    const int    n_tokens = tokens.size();
    const size_t n_vocab  = llama_vocab_n_tokens(llama_model_get_vocab(model));

    llama_batch batch = llama_batch_init(n_batch, 0, 1);

    for (int first = 0; first < n_tokens; first += n_batch) {
        batch.n_tokens = n_batch < n_tokens - first ? n_batch : n_tokens - first;
        for (int i = 0; i < batch.n_tokens; ++i) {
            batch.token    [i]    = tokens[first + i];
            batch.pos      [i]    = first + i;
            batch.n_seq_id [i]    = 1;
            batch.seq_id   [i][0] = 0;
            batch.logits   [i]    = true;
        }
        if (llama_decode(ctx, batch) != 0) {
            return fail("the evaluation failed");
        }
        for (int i = 0; i < batch.n_tokens; ++i) {
            fwrite(llama_get_logits_ith(ctx, i), sizeof(float), n_vocab, file);
        }
    }

    fclose(file);
    llama_batch_free(batch);
    llama_free(ctx);
    llama_model_free(model);
    return 0;
}
