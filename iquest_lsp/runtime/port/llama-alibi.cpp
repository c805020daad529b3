#include "llama-alibi.h"

#include "llama-context.h"
#include "llama-impl.h"
#include "llama-kv-cache-iswa.h"
#include "llama-model.h"

#include "models/models.h"

#include <algorithm>
#include <cmath>
#include <cstring>

static constexpr int64_t TILE = GGML_FA_ALIBI_TILE;

bool llama_alibi_applies(const llama_model & model, bool offload_kqv) {
    if (!model.hparams.use_alibi || !(model.hparams.f_max_alibi_bias > 0.0f) || model.hparams.attn_soft_cap) {
        return false;
    }

    if (!dynamic_cast<const llama_model_iquestloopcoder *>(&model)) {
        return false;
    }

    for (uint32_t il = 0; il < model.hparams.n_layer_all; ++il) {
        if (model.hparams.n_gqa(il) > GGML_FA_ALIBI_MAX_GROUP) {
            return false;
        }

        auto * dev = model.dev_layer(il);

        if (offload_kqv && dev && ggml_backend_dev_type(dev) != GGML_BACKEND_DEVICE_TYPE_CPU) {
            return false;
        }
    }

    return true;
}

// query tiles that n_token tokens of n_seq sequences can take
static int64_t max_q_tiles(int64_t n_token, int64_t n_seq) {
    return (n_token + TILE - 1)/TILE + n_seq;
}

int64_t llama_alibi_table_rows(int64_t n_kv, int64_t n_token, int64_t n_seq) {
    const int64_t size = ggml_fa_alibi_offs_seq(max_q_tiles(n_token, n_seq), n_token, (n_kv + TILE - 1)/TILE, n_seq);

    return (size + n_kv - 1)/n_kv;
}

void llama_alibi_table_fill(
                        ggml_tensor * dst,
                 const llama_ubatch * ubatch,
           const llama_kv_cells_vec & v_cells,
        const std::vector<uint32_t> & seq_to_stream,
                           uint32_t   n_swa,
                     llama_swa_type   swa_type,
                               bool   causal) {
    GGML_ASSERT(ggml_backend_buffer_is_host(dst->buffer));
    GGML_ASSERT(swa_type == LLAMA_SWA_TYPE_NONE || swa_type == LLAMA_SWA_TYPE_STANDARD);

    const int64_t n_kv     = dst->ne[0];
    const int64_t n_stream = dst->ne[3];
    const int64_t n_token  = ubatch->n_tokens/n_stream;
    const int64_t n_tile   = (n_kv + TILE - 1)/TILE;
    const int64_t n_seq    = n_stream == 1 ? ubatch->n_seqs_unq : 1;

    const int64_t n_q_tile_max = max_q_tiles(n_token, n_seq);

    GGML_ASSERT(ggml_fa_alibi_offs_seq(n_q_tile_max, n_token, n_tile, n_seq) <= dst->ne[0]*dst->ne[1]);

    for (int64_t s = 0; s < n_stream; ++s) {
        int32_t * tab = (int32_t *) ((char *) dst->data + s*dst->nb[3]);

        const int64_t      i0   = s*n_token;
        const llama_seq_id seq0 = ubatch->seq_id[i0][0];

        int32_t * q_tiles = tab + GGML_FA_ALIBI_HEADER;
        int32_t * tokens  = tab + ggml_fa_alibi_offs_tokens(n_q_tile_max);
        int32_t * pos     = tokens + n_token;

        // the tokens of each sequence together, in their order
        int64_t n_row    = 0;
        int64_t n_placed = 0;
        int64_t n_q_tile = 0;

        for (uint32_t u = 0; u < ubatch->n_seqs_unq; ++u) {
            const llama_seq_id seq_id = ubatch->seq_id_unq[u];

            const int64_t first = n_placed;

            for (int64_t i = 0; i < n_token; ++i) {
                if (ubatch->seq_id[i0 + i][0] == seq_id) {
                    tokens[n_placed] = i;
                    pos   [n_placed] = ubatch->pos[i0 + i];
                    n_placed++;
                }
            }

            if (n_placed == first) {
                continue;
            }

            GGML_ASSERT(n_row < n_seq);

            for (int64_t i = first; i < n_placed; i += TILE) {
                int32_t * q_tile = q_tiles + 4*n_q_tile++;
                q_tile[0] = n_row;
                q_tile[1] = i;
                q_tile[2] = std::min(TILE, n_placed - i);
                q_tile[3] = 0;
            }

            const auto & cells = v_cells.at(seq_to_stream[seq_id]);

            int32_t * tiles = tab + ggml_fa_alibi_offs_seq(n_q_tile_max, n_token, n_tile, n_row);
            int32_t * c_pos = tiles + 4*n_tile;

            bool sorted = true;

            // from the last tile on, since that is mostly the nearest one
            for (int64_t it = n_tile - 1; it >= 0; --it) {
                int32_t p_min = INT32_MAX;
                int32_t p_max = -1;
                int32_t count = 0;

                for (int64_t c = it*TILE; c < (it + 1)*TILE; ++c) {
                    const bool held = c < n_kv && !cells.is_empty(c) && cells.seq_has(c, seq_id);

                    c_pos[c] = held ? cells.pos_get(c) : GGML_FA_ALIBI_ABSENT;

                    if (held) {
                        p_min = std::min(p_min, c_pos[c]);
                        p_max = std::max(p_max, c_pos[c]);
                        count++;
                    }
                }

                int32_t * tile = tiles + 4*(n_tile - 1 - it);
                tile[0] = p_min;
                tile[1] = p_max;
                tile[2] = count;
                tile[3] = it;

                sorted = sorted && (it == n_tile - 1 || p_max <= tile[-3]);
            }

            if (!sorted) {
                struct row { int32_t v[4]; };
                row * rows = reinterpret_cast<row *>(tiles);
                std::sort(rows, rows + n_tile, [](const row & a, const row & b) {
                    return a.v[1] != b.v[1] ? a.v[1] > b.v[1] : a.v[3] > b.v[3];
                });
            }

            n_row++;
        }

        GGML_ASSERT(n_placed == n_token);

        tab[GGML_FA_ALIBI_N_TOKEN]      = n_token;
        tab[GGML_FA_ALIBI_N_TILE]       = n_tile;
        tab[GGML_FA_ALIBI_N_Q_TILE]     = n_q_tile;
        tab[GGML_FA_ALIBI_N_Q_TILE_MAX] = n_q_tile_max;
        tab[GGML_FA_ALIBI_WINDOW]       = swa_type == LLAMA_SWA_TYPE_NONE ? INT32_MAX : (int32_t) n_swa;
        tab[GGML_FA_ALIBI_CAUSAL]       = causal;
        tab[GGML_FA_ALIBI_STREAM]       = seq_to_stream[seq0];
    }
}

float llama_alibi_eps(ggml_type type_k, ggml_type type_v) {
    // half of the last place of a value, relative to the largest of its block where blocks share a scale
    const auto half_place = [](ggml_type type) {
        switch (type) {
            case GGML_TYPE_F32:  return 0x1p-24f;
            case GGML_TYPE_F16:  return 0x1p-12f;
            case GGML_TYPE_BF16: return 0x1p-9f;
            default:             return 0x1p-9f; // 8 bits; those of fewer bits are rounded more coarsely still
        }
    };

    return std::min(half_place(type_k), half_place(type_v));
}

ggml_tensor * llama_alibi_attention(
        ggml_context * ctx,
         ggml_tensor * q,
         ggml_tensor * k,
         ggml_tensor * v,
         ggml_tensor * table,
               float   scale,
               float   max_bias,
               float   eps,
             int32_t   n_share) {
    const int32_t mark = GGML_FA_ALIBI_MARK;

    ggml_tensor * cur = ggml_flash_attn_ext(ctx, q, k, v, nullptr, scale, 0.0f, 0.0f);

    cur->src[5] = table;

    memcpy(cur->op_params + 1, &max_bias, sizeof(max_bias));
    memcpy(cur->op_params + 5, &mark,     sizeof(mark));
    memcpy(cur->op_params + 6, &eps,      sizeof(eps));
    memcpy(cur->op_params + 7, &n_share,  sizeof(n_share));

    return cur;
}

//
// C API
//

template<typename F>
static void for_each_cache(const llama_context * ctx, F && f) {
    if (auto * iswa = dynamic_cast<llama_kv_cache_iswa *>(ctx->get_memory())) {
        f(*iswa->get_base());
        f(*iswa->get_swa());
    } else if (auto * kv = dynamic_cast<llama_kv_cache *>(ctx->get_memory())) {
        f(*kv);
    }
}

bool llama_loop_attn_applies(const llama_context * ctx) {
    return ctx->get_cparams().flash_attn && ctx->get_cparams().attn_alibi;
}

float llama_loop_attn_set_skip(llama_context * ctx, float share) {
    if (!llama_loop_attn_applies(ctx)) {
        return 0.0f;
    }

    if (!(share >= 0.0f)) {
        for_each_cache(ctx, [&](const llama_kv_cache & kv) {
            share = llama_alibi_eps(kv.type_k(), kv.type_v());
        });
    }

    ctx->set_attn_alibi_eps(share);

    return share;
}

void llama_loop_attn_counts(llama_context * ctx, uint64_t counts[3], bool reset) {
    counts[0] = counts[1] = counts[2] = 0;

    for_each_cache(ctx, [&](llama_kv_cache & kv) {
        kv.alibi_counts(counts, reset);
    });
}
