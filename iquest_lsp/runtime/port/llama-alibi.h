#pragma once

#include "llama-kv-cells.h"
#include "llama-batch.h"
#include "llama-hparams.h"

#include "ggml-flash-attn-alibi.h"

#include <vector>

struct llama_model;
struct llama_cparams;

class llama_kv_cache;

// Attention of looped models with linear biases on the CPU, see ggml-flash-attn-alibi.h. In a graph a table of positions
// takes the place of the mask: an I32 tensor [n_kv, rows, 1, n_stream], large enough for what the table holds.

// true if keys and values of all layers lie in memory of the CPU and the model is one that this is made for
bool llama_alibi_applies(const llama_model & model, bool offload_kqv);

// rows of the table's tensor
int64_t llama_alibi_table_rows(int64_t n_kv, int64_t n_token, int64_t n_seq);

void llama_alibi_table_fill(
                        ggml_tensor * dst,
                 const llama_ubatch * ubatch,
           const llama_kv_cells_vec & v_cells,
        const std::vector<uint32_t> & seq_to_stream,
                           uint32_t   n_swa,
                     llama_swa_type   swa_type,
                               bool   causal);

// share of a row's weights that may be left out, below what rounding to the cache's types does to a value
float llama_alibi_eps(ggml_type type_k, ggml_type type_v);

ggml_tensor * llama_alibi_attention(
        ggml_context * ctx,
         ggml_tensor * q,
         ggml_tensor * k,
         ggml_tensor * v,
         ggml_tensor * table,
               float   scale,
               float   max_bias,
               float   eps,
             int32_t   n_share);

//
// C API, for the bindings
//

#ifdef __cplusplus
extern "C" {
#endif

// true if attention takes exact distances and can leave out blocks: ALiBi, flash attention, everything on the CPU
LLAMA_API bool llama_loop_attn_applies(const struct llama_context * ctx);

// the share of a row's weights that the following calls may leave out, 0: none, negative: the default of the KV types
// returns the share in use
LLAMA_API float llama_loop_attn_set_skip(struct llama_context * ctx, float share);

// blocks of 64 queries by 64 cells by one head since the last reset: those that hold a visible pair, those of them that
// were left out, those of which only the keys were read
LLAMA_API void llama_loop_attn_counts(struct llama_context * ctx, uint64_t counts[3], bool reset);

#ifdef __cplusplus
}
#endif
