#pragma once

// Attention with linear biases (ALiBi) over a KV cache, on the CPU: a form of GGML_OP_FLASH_ATTN_EXT whose distances are
// computed from the positions of the cells, and which leaves out blocks of cells that a head's slope puts below rounding.
//
//   src[0..2]    q, k, v as in ggml_flash_attn_ext(); no mask, no sinks
//                q may have fewer rows than the table lists tokens, if these are of one sequence: those of the last ones
//   src[5]       a table of positions, I32, laid out as below
//   op_params    [5] GGML_FA_ALIBI_MARK, [6] the share of a row's weights that may be left out (float, 0: none),
//                [7] shares that the cells are dealt into where there is little work for many threads
//   k->view_src->extra is the ggml_fa_alibi_cache of the keys, or null
//
// Why not the mask of the usual form: it is F16, so that -|i - j| is inexact beyond 2048 and -INF beyond 65504, and it has
// a value for every pair of a token and a cell. The table has one for every token and one for every cell.

#include "ggml.h"

#include <stdint.h>

#define GGML_FA_ALIBI_MARK 0x616c6962
#define GGML_FA_ALIBI_TILE 64 // rows and cells of a block
#define GGML_FA_ALIBI_ROWS 16 // so few rows of a sequence are computed as if each were alone

#define GGML_FA_ALIBI_MAX_GROUP 256 // heads that share keys and values

// cells that the sequence does not hold: no distance to them is within any window
#define GGML_FA_ALIBI_ABSENT INT32_MAX

// the table of one stream: a header, then
//   query tiles [n_q_tile][4]: sequence row, first token, tokens, -     tokens of one sequence each
//   tokens      [n_token]    : index in the batch, in the order of the query tiles
//   positions   [n_token]    : their positions
//   for each sequence row:
//     tiles     [n_tile][4]  : smallest and largest position, cells of the sequence, tile index; by descending largest
//                              position, tiles without cells of the sequence last
//     cells     [n_tile*64]  : position or GGML_FA_ALIBI_ABSENT
enum ggml_fa_alibi_header {
    GGML_FA_ALIBI_N_TOKEN,
    GGML_FA_ALIBI_N_TILE,
    GGML_FA_ALIBI_N_Q_TILE,
    GGML_FA_ALIBI_N_Q_TILE_MAX,
    GGML_FA_ALIBI_WINDOW,  // distances from here on are masked
    GGML_FA_ALIBI_CAUSAL,  // later cells are masked
    GGML_FA_ALIBI_STREAM,  // index of the stream in the cache
    GGML_FA_ALIBI_HEADER = 8,
};

static inline int64_t ggml_fa_alibi_offs_tokens(int64_t n_q_tile_max) {
    return GGML_FA_ALIBI_HEADER + 4*n_q_tile_max;
}

static inline int64_t ggml_fa_alibi_offs_seq(int64_t n_q_tile_max, int64_t n_token, int64_t n_tile, int64_t i_seq) {
    return ggml_fa_alibi_offs_tokens(n_q_tile_max) + 2*n_token + i_seq*(4 + GGML_FA_ALIBI_TILE)*n_tile;
}

#ifdef __cplusplus

#include <atomic>
#include <memory>

// what is known of the keys from one call to the next, and what was counted
struct ggml_fa_alibi_cache {
    // largest norm of a key in a tile of cells, 0 if it has to be computed, [n_stream][n_head_kv][n_tile]
    // to be set to 0 by whoever writes a cell of the tile
    std::unique_ptr<std::atomic<float>[]> k_norm;

    // the mean of the keys in a tile and the largest distance from it, valid where the norm is, [..][n_embd + 1]
    std::unique_ptr<std::atomic<float>[]> k_mean;

    int64_t n_head_kv = 0;
    int64_t n_tile    = 0;
    int64_t n_embd    = 0; // per head

    // blocks (query tile x tile of cells x head) that hold a visible pair, those of them that were left out, and those of
    // which only the keys were read
    std::atomic<uint64_t> n_block    {0};
    std::atomic<uint64_t> n_skipped  {0};
    std::atomic<uint64_t> n_skipped_v{0};
};

extern "C" {
#endif

struct ggml_compute_params;

static inline bool ggml_is_flash_attn_alibi(const struct ggml_tensor * dst) {
    return dst->op == GGML_OP_FLASH_ATTN_EXT && dst->op_params[5] == GGML_FA_ALIBI_MARK;
}

size_t ggml_flash_attn_alibi_work_size(const struct ggml_tensor * dst, int n_tasks);

void ggml_compute_forward_flash_attn_alibi(const struct ggml_compute_params * params, struct ggml_tensor * dst);

#ifdef __cplusplus
}
#endif
