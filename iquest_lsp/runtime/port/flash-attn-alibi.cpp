#include "ggml-flash-attn-alibi.h"

#include "ggml-cpu.h"
#include "ggml-impl.h"
#include "ggml-cpu-impl.h"
#include "common.h"
#include "ops.h"
#include "simd-gemm.h"
#include "vec.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>

// The heads that share keys and values are computed together, over tiles of 64 queries and 64 cells, in F32.
//
// What may be left out. For a query i and a cell j at distance d, the score is s_ij = scale*<q_i, k_j> - m*d, and the
// weight of j is exp(s_ij)/Z_i with Z_i the sum of exp(s_ij) over all visible cells. By Cauchy-Schwarz
//
//     s_ij <= scale*|q_i|*max|k_j| - m*min(d) =: b_i   for all cells of a tile,
//
// and any part of Z_i is a lower bound of it: L_i <= log(Z_i), where L_i comes from the cells seen so far. So the weights
// of a tile sum to at most 64*exp(b_i - L_i), whatever the values of its keys. Tiles are visited from near to far. One is
// left out for a head if that bound, at the worst row of the query tile, fits into what is left of the budget eps for the
// head: then the weights that are missing in a row sum to at most eps of Z_i (budgets of threads that share a row add up
// to eps), and an output differs by at most 2*eps*max|v| from the full sum. The caller chooses eps below the rounding of
// the values in the cache. Nothing is assumed about the size of the logits, the order of the cells or their distances.
//
// Keys of a trained model share much of their direction, so where that does not suffice, the mean c of the keys of the tile
// gives a second bound: scale*<q_i, c> + scale*|q_i|*max|k_j - c| in place of scale*|q_i|*max|k_j|.
//
// The pace keeps the first tile that could be left out from spending the budget of all that follow: bounds fall off by
// exp(-64*m) from tile to tile, so a share of 1 - exp(-64*m) each suffices, or an equal share where that is more. It
// decides what is left out, not whether that is sound.
//
// Norms and means of the keys are kept per tile in the cache (a norm of 0: not known, computed when needed). Where the keys
// had to be read, the same test with the true scores in place of the bound saves the values.
//
// Few rows. Up to GGML_FA_ALIBI_ROWS queries of a sequence decide each for itself: a tile is read when one of them needs
// it, and has no weight for the others. Together with a fixed order of summation (tiles are shared out by their index in
// the cache, into as many shares as the context asked for, however many threads there are) a row's result then depends
// neither on the rows beside it nor on the number of threads: drafts that are verified together get what they would have
// got one by one.

static constexpr int TILE = GGML_FA_ALIBI_TILE;
static constexpr int ROWS = GGML_FA_ALIBI_ROWS;

// the bounds are computed in F32 as well; an upper estimate of what that rounds off, for scores up to 2^17
static constexpr float BOUND_SLACK = 0.05f;

namespace {

struct fa_alibi {
    fa_alibi(const ggml_compute_params * params, ggml_tensor * dst, int nth);

    const ggml_tensor * q;
    const ggml_tensor * k;
    const ggml_tensor * v;
    const ggml_tensor * table;

    ggml_tensor * dst;

    int64_t DK;
    int64_t DV;
    int64_t n_head;
    int64_t n_head_kv;
    int64_t n_group;  // heads that share keys and values
    int64_t n_stream;
    int64_t n_token;  // rows of queries, per stream
    int64_t n_kv;
    int64_t n_share; // shares of the cells, if they are shared out

    float scale;
    float max_bias;
    float eps;

    ggml_fa_alibi_cache * cache;

    const ggml_compute_params * params; // null while planning

    int nth;

    // scratch of a thread, in floats
    int64_t size_scratch() const;
    int64_t size_partial() const { return 2 + DV; }

    // the tiles of cells of each query tile are shared out, if there is too little work for all threads otherwise
    bool is_split() const;

    const int32_t * stream_table(int64_t is) const {
        return (const int32_t *) ((const char *) table->data + is*table->nb[3]);
    }

    float slope(int64_t h) const;

    void reduce();

    float * partials(int64_t is, int64_t h, int64_t i_token) const {
        float * base = (float *) params->wdata + nth*size_scratch();
        return base + ((is*n_head + h)*n_token + i_token)*n_share*size_partial();
    }

    float * out(int64_t is, int64_t h, int64_t i_token) const {
        return (float *) ((char *) dst->data + is*dst->nb[3] + i_token*dst->nb[2] + h*dst->nb[1]);
    }

    uint64_t n_block     = 0;
    uint64_t n_skipped   = 0;
    uint64_t n_skipped_v = 0;
};

fa_alibi::fa_alibi(const ggml_compute_params * params, ggml_tensor * dst, int nth) :
        q(dst->src[0]), k(dst->src[1]), v(dst->src[2]), table(dst->src[5]), dst(dst), params(params), nth(nth) {
    DK        = k->ne[0];
    DV        = v->ne[0];
    n_token   = q->ne[1];
    n_head    = q->ne[2];
    n_stream  = q->ne[3];
    n_kv      = k->ne[1];
    n_head_kv = k->ne[2];
    n_group   = n_head/n_head_kv;

    memcpy(&scale,    dst->op_params + 0, sizeof(float));
    memcpy(&max_bias, dst->op_params + 1, sizeof(float));
    memcpy(&eps,      dst->op_params + 6, sizeof(float));

    n_share = std::max(dst->op_params[7], 1);

    cache = k->view_src ? (ggml_fa_alibi_cache *) k->view_src->extra : nullptr;
}

int64_t fa_alibi::size_scratch() const {
    const int64_t n_row = n_group*std::min<int64_t>(n_token, TILE);

    //     Q, Q^T        VKQ         M, S, L, |q|  KQ           K^T       V         rows of K or V           mean
    return 2*n_row*DK + n_row*DV + 4*n_row + TILE*TILE + TILE*DK + TILE*DV + TILE*std::max(DK, DV) + DK + CACHE_LINE_SIZE_F32;
}

bool fa_alibi::is_split() const {
    const int64_t n_unit = n_stream*n_head_kv*((n_token + TILE - 1)/TILE);

    // the same for any few rows
    return n_share > 1 && n_unit < 4*n_share && (n_token <= ROWS || n_stream*n_head*n_token*size_partial() <= (1 << 20));
}

float fa_alibi::slope(int64_t h) const {
    const int64_t n_head_log2 = 1ll << (int) floor(log2(n_head));

    const float m0 = powf(2.0f, -(max_bias       ) / n_head_log2);
    const float m1 = powf(2.0f, -(max_bias / 2.0f) / n_head_log2);

    return h < n_head_log2 ? powf(m0, h + 1) : powf(m1, 2*(h - n_head_log2) + 1);
}

} // namespace

// log2 rounded down, of a positive number
static inline float floor_log2(float x) {
    int32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return (float) ((bits >> 23) - 127);
}

static inline float row_max(const float * x) {
    float m[16];
    for (int l = 0; l < 16; ++l) {
        m[l] = x[l];
    }
    for (int i = 16; i < TILE; i += 16) {
        for (int l = 0; l < 16; ++l) {
            m[l] = x[i + l] > m[l] ? x[i + l] : m[l];
        }
    }
    float res = m[0];
    for (int l = 1; l < 16; ++l) {
        res = m[l] > res ? m[l] : res;
    }
    return res;
}

static inline void half_to_float(const ggml_fp16_t * src, float * dst, int64_t n) {
    int64_t i = 0;
#if defined(__AVX512F__)
    for (; i + 16 <= n; i += 16) {
        _mm512_storeu_ps(dst + i, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *) (src + i))));
    }
#elif defined(__F16C__)
    for (; i + 8 <= n; i += 8) {
        _mm256_storeu_ps(dst + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) (src + i))));
    }
#endif
    if (i < n) {
        ggml_cpu_fp16_to_fp32(src + i, dst + i, n - i);
    }
}

// C[M x N] += A[M x K] * B[K x N]
static void gemm(float * C, const float * A, const float * B, int M, int K, int N) {
#if defined(__AVX512F__)
    // narrow products: more rows at once than simd_gemm() takes, so that each value of B is used more often
    constexpr int KN = GGML_F32_EPR;
    if (N < 4*KN && N % (2*KN) == 0) {
        for (; M >= 8; M -= 8, A += 8*K, C += 8*N) {
            for (int j = 0; j < N; j += 2*KN) {
                simd_gemm_ukernel<8, 2>(C + j, A, B + j, K, N);
            }
        }
        for (; M >= 4; M -= 4, A += 4*K, C += 4*N) {
            for (int j = 0; j < N; j += 2*KN) {
                simd_gemm_ukernel<4, 2>(C + j, A, B + j, K, N);
            }
        }
        for (; M >= 1; M -= 1, A += K, C += N) {
            for (int j = 0; j < N; j += 2*KN) {
                simd_gemm_ukernel<1, 2>(C + j, A, B + j, K, N);
            }
        }
        return;
    }
#endif
    simd_gemm(C, A, B, M, K, N);
}

// before and after a tile; within it the distance may be 0
static inline int32_t distance(int32_t pos, int32_t c_min, int32_t c_max) {
    return std::max(std::max(pos - c_max, c_min - pos), 0);
}

// the largest b_i - L_i of nq queries; qc is scale*<q_i, c>, or null
static float max_bound(
        const float * QN, const float * L, const float * qc, const int32_t * pos, int nq, float k_norm, float m, int32_t c_min, int32_t c_max) {
    const auto bound = [&](int r) {
        return (qc ? qc[r] : 0.0f) + QN[r]*k_norm - m*(float) distance(pos[r], c_min, c_max) - L[r];
    };

    float res = -INFINITY;

    int r = 0;
    if (nq >= 16) {
        float lane[16];
        std::fill(lane, lane + 16, -INFINITY);
        for (; r + 16 <= nq; r += 16) {
            for (int l = 0; l < 16; ++l) {
                const float b = bound(r + l);
                lane[l] = b > lane[l] || b != b ? b : lane[l];
            }
        }
        for (int l = 0; l < 16; ++l) {
            res = lane[l] > res || lane[l] != lane[l] ? lane[l] : res;
        }
    }
    for (; r < nq; ++r) {
        const float b = bound(r);
        res = b > res || b != b ? b : res;
    }
    return res;
}

// rows of a tile in F32; where they are stored so, they are used in place
static const float * unpack_rows(const char * data, size_t nb, ggml_type type, int n, int64_t D, float * rows, int64_t & stride) {
    if (type == GGML_TYPE_F32) {
        stride = nb/sizeof(float);
        return (const float *) data;
    }

    stride = D;
    if (type == GGML_TYPE_F16) {
        for (int i = 0; i < n; ++i) {
            half_to_float((const ggml_fp16_t *) (data + i*nb), rows + i*D, D);
        }
    } else {
        ggml_to_float_t const to_float = ggml_get_type_traits(type)->to_float;
        for (int i = 0; i < n; ++i) {
            to_float(data + i*nb, rows + i*D, D);
        }
    }
    return rows;
}

#if defined(__AVX__)
static inline void transpose_8x8(const float * src, int64_t ss, float * dst, int64_t ds) {
    __m256 r[8];
    __m256 t[8];
    for (int i = 0; i < 8; ++i) {
        r[i] = _mm256_loadu_ps(src + i*ss);
    }
    for (int i = 0; i < 4; ++i) {
        t[2*i + 0] = _mm256_unpacklo_ps(r[2*i], r[2*i + 1]);
        t[2*i + 1] = _mm256_unpackhi_ps(r[2*i], r[2*i + 1]);
    }
    for (int i = 0; i < 2; ++i) {
        r[4*i + 0] = _mm256_shuffle_ps(t[4*i + 0], t[4*i + 2], _MM_SHUFFLE(1, 0, 1, 0));
        r[4*i + 1] = _mm256_shuffle_ps(t[4*i + 0], t[4*i + 2], _MM_SHUFFLE(3, 2, 3, 2));
        r[4*i + 2] = _mm256_shuffle_ps(t[4*i + 1], t[4*i + 3], _MM_SHUFFLE(1, 0, 1, 0));
        r[4*i + 3] = _mm256_shuffle_ps(t[4*i + 1], t[4*i + 3], _MM_SHUFFLE(3, 2, 3, 2));
    }
    for (int i = 0; i < 4; ++i) {
        _mm256_storeu_ps(dst + (i + 0)*ds, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
        _mm256_storeu_ps(dst + (i + 4)*ds, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
    }
}
#endif

// dst [D][TILE] from n rows of D values
static void transpose_tile(const float * src, int64_t stride, float * dst, int n, int64_t D) {
    if (n < TILE) {
        memset(dst, 0, D*TILE*sizeof(float));
    }

    int     i0 = 0;
    int64_t d0 = 0;
#if defined(__AVX__)
    for (; i0 + 8 <= n; i0 += 8) {
        for (d0 = 0; d0 + 8 <= D; d0 += 8) {
            transpose_8x8(src + i0*stride + d0, stride, dst + d0*TILE + i0, TILE);
        }
        for (int i = i0; i < i0 + 8; ++i) {
            for (int64_t d = d0; d < D; ++d) {
                dst[d*TILE + i] = src[i*stride + d];
            }
        }
    }
#endif
    GGML_UNUSED(d0);
    for (int i = i0; i < n; ++i) {
        for (int64_t d = 0; d < D; ++d) {
            dst[d*TILE + i] = src[i*stride + d];
        }
    }
}

// upper bounds of the norm of each row, at least 0, the largest of them; a NaN stays
static float max_norm(const float * src, int64_t stride, int n, int64_t D, const float * mean) {
    float res = 0.0f;
    for (int i = 0; i < n; ++i) {
        const float * x = src + i*stride;

        float lane[16] = { 0.0f };
        int64_t d = 0;
        for (; d + 16 <= D; d += 16) {
            for (int l = 0; l < 16; ++l) {
                const float y = mean ? x[d + l] - mean[d + l] : x[d + l];
                lane[l] += y*y;
            }
        }
        float sum = 0.0f;
        for (; d < D; ++d) {
            const float y = mean ? x[d] - mean[d] : x[d];
            sum += y*y;
        }
        for (int l = 0; l < 16; ++l) {
            sum += lane[l];
        }
        if (!(sum <= res)) {
            res = sum;
        }
    }
    return sqrtf(res)*(1.0f + 1e-5f);
}

static void row_mean(const float * src, int64_t stride, int n, int64_t D, float * mean) {
    memcpy(mean, src, D*sizeof(float));
    for (int i = 1; i < n; ++i) {
        for (int64_t d = 0; d < D; ++d) {
            mean[d] += src[i*stride + d];
        }
    }
    for (int64_t d = 0; d < D; ++d) {
        mean[d] /= (float) n;
    }
}

namespace {

// one query tile of the heads [ig*n_group, (ig + 1)*n_group), over the tiles of cells of one share
struct fa_alibi_tile {
    fa_alibi_tile(fa_alibi & op, int64_t is, int64_t ig, int64_t iq, int i_share, int n_share);

    void run();

private:
    fa_alibi & op;

    const int64_t is;
    const int64_t ig;
    const int     i_share;
    const int     n_share;

    const int64_t DK;
    const int64_t DV;
    const int64_t n_group;

    // what the table says of the stream, the sequence and the queries, which are those of its last tokens
    int64_t n_tile;
    int64_t n_missing;
    int32_t window;
    bool    causal;
    int     nq;

    const int32_t * i_token;
    const int32_t * pos;
    const int32_t * tiles;
    const int32_t * cells;

    int32_t q_min;
    int32_t q_max;

    // what decides together: a row, or all rows of a head
    bool by_row;
    int  n_judge;

    // scratch; a row is one query of one head
    float * Q;
    float * QT;  // of each head [DK][nq]
    float * VKQ;
    float * M;
    float * S;
    float * L;   // lower bound of the logarithm of the sum of weights
    float * QN;  // scale*|q|
    float * KQ;
    float * KT;
    float * V32;
    float * row;
    float * avg;

    const char * k_data;
    const char * v_data;

    // what the cache keeps of the keys, by tile of cells; null if nothing may be left out
    std::atomic<float> * norms = nullptr;
    std::atomic<float> * means = nullptr;

    // the budget for this share
    float budget;

    float slope[GGML_FA_ALIBI_MAX_GROUP];
    float pace [GGML_FA_ALIBI_MAX_GROUP*ROWS]; // logarithm of the largest part of the budget for one tile, per cell
    float spent[GGML_FA_ALIBI_MAX_GROUP*ROWS];

    // the tile of cells at hand
    const int32_t * tile = nullptr; // smallest and largest position, cells in use, index
    int64_t         c0   = 0;
    int             nc   = 0;

    const float * k_rows   = nullptr;
    int64_t       k_stride = 0;
    bool          have_v   = false;

    float k_norm = -1.0f; // largest norm of its keys, negative if not asked for yet
    float radius = -1.0f; // largest distance from their mean, likewise

    bool need[GGML_FA_ALIBI_MAX_GROUP*ROWS];
    bool some[GGML_FA_ALIBI_MAX_GROUP]; // a judge of the head needs the tile
    bool keep[TILE];                    // of the heads whose scores are computed together: their values are needed

    void set_scratch();
    void set_queries();
    void set_budget();

    // the tile, and what is known of it
    void take(const int32_t * next);
    void load_keys();
    void load_values();
    void know_norm();
    void know_mean();

    bool is_whole(int32_t p_min, int32_t p_max) const;
    bool is_seen (int32_t p_min, int32_t p_max) const;

    // true if weights of at most exp(bound) per cell, relative to what row sums are known to reach, may be left out
    bool leave_out(int64_t i_judge, float bound);

    // scores of a row, from its products, and the largest of them
    float finish_scores(float * kq, int32_t p, float mj, bool whole) const;

    void    seed_bounds();
    bool    needs(int64_t j, int i);
    int64_t judge();

    void add_heads (int64_t j0, int64_t j1);
    bool add_scores(int64_t j, float * kq_head, bool whole);
    void add_values(int64_t j0, int64_t j1);

    void write();
};

fa_alibi_tile::fa_alibi_tile(fa_alibi & op, int64_t is, int64_t ig, int64_t iq, int i_share, int n_share) :
        op(op), is(is), ig(ig), i_share(i_share), n_share(n_share), DK(op.DK), DV(op.DV), n_group(op.n_group) {
    const int32_t * tab = op.stream_table(is);

    const int64_t n_q_tile_max = tab[GGML_FA_ALIBI_N_Q_TILE_MAX];
    const int64_t n_listed     = tab[GGML_FA_ALIBI_N_TOKEN];

    n_tile    = tab[GGML_FA_ALIBI_N_TILE];
    window    = tab[GGML_FA_ALIBI_WINDOW];
    causal    = tab[GGML_FA_ALIBI_CAUSAL];
    n_missing = n_listed - op.n_token;

    const int32_t * q_tile = tab + GGML_FA_ALIBI_HEADER + 4*iq;
    const int64_t   first  = std::max<int64_t>(q_tile[1], n_missing);

    nq = q_tile[1] + q_tile[2] - first;

    by_row  = nq <= ROWS;
    n_judge = by_row ? nq : 1;

    i_token = tab + ggml_fa_alibi_offs_tokens(n_q_tile_max) + first;
    pos     = i_token + n_listed;
    tiles   = tab + ggml_fa_alibi_offs_seq(n_q_tile_max, n_listed, n_tile, q_tile[0]);
    cells   = tiles + 4*n_tile;

    k_data = (const char *) op.k->data + ig*op.k->nb[2] + is*op.k->nb[3];
    v_data = (const char *) op.v->data + ig*op.v->nb[2] + is*op.v->nb[3];

    const ggml_fa_alibi_cache * cache = op.cache;

    if (cache && cache->k_norm && op.eps > 0.0f) {
        const int64_t i_norm = (tab[GGML_FA_ALIBI_STREAM]*cache->n_head_kv + ig)*cache->n_tile;

        norms = cache->k_norm.get() + i_norm;
        means = cache->k_mean ? cache->k_mean.get() + i_norm*(cache->n_embd + 1) : nullptr;
    }
}

void fa_alibi_tile::set_scratch() {
    const int64_t n_row = n_group*nq;

    Q   = (float *) op.params->wdata + op.params->ith*op.size_scratch();
    QT  = Q   + n_row*DK;
    VKQ = QT  + n_row*DK;
    M   = VKQ + n_row*DV;
    S   = M   + n_row;
    L   = S   + n_row;
    QN  = L   + n_row;
    KQ  = QN  + n_row;
    KT  = KQ  + TILE*TILE;
    V32 = KT  + TILE*DK;
    row = V32 + TILE*DV;
    avg = row + TILE*std::max(DK, DV);

    memset(VKQ, 0, n_row*DV*sizeof(float));
    for (int64_t i = 0; i < n_row; ++i) {
        M[i] = -INFINITY;
        S[i] = 0.0f;
        L[i] = -INFINITY;
    }
}

void fa_alibi_tile::set_queries() {
    q_min = pos[0];
    q_max = pos[0];
    for (int r = 1; r < nq; ++r) {
        q_min = std::min(q_min, pos[r]);
        q_max = std::max(q_max, pos[r]);
    }

    const ggml_tensor * q = op.q;

    for (int64_t j = 0; j < n_group; ++j) {
        for (int r = 0; r < nq; ++r) {
            float * dst_row = Q + (j*nq + r)*DK;
            memcpy(dst_row, (const char *) q->data + (i_token[r] - n_missing)*q->nb[1] + (ig*n_group + j)*q->nb[2] + is*q->nb[3], DK*sizeof(float));

            for (int64_t d = 0; d < DK; ++d) {
                QT[(j*DK + d)*nq + r] = dst_row[d];
            }

            float sum = 0.0f;
            ggml_vec_dot_f32(DK, &sum, 0, dst_row, 0, dst_row, 0, 1);
            QN[j*nq + r] = op.scale*sqrtf(sum)*(1.0f + 1e-5f);
        }
    }
}

void fa_alibi_tile::set_budget() {
    GGML_ASSERT(n_group <= GGML_FA_ALIBI_MAX_GROUP);

    budget = op.eps/n_share;

    for (int64_t j = 0; j < n_group; ++j) {
        slope[j] = op.slope(ig*n_group + j);

        const float fall = 1.0f - expf(-slope[j]*TILE*n_share);

        for (int i = 0; i < n_judge; ++i) {
            const int64_t n_seen = by_row ? pos[i]/TILE + 1 : n_tile;

            pace [j*n_judge + i] = logf(budget*std::max(1.0f/n_seen, fall)/TILE) - BOUND_SLACK;
            spent[j*n_judge + i] = 0.0f;
        }
    }
}

void fa_alibi_tile::take(const int32_t * next) {
    tile = next;

    c0 = (int64_t) tile[3]*TILE;
    nc = std::min<int64_t>(TILE, op.n_kv - c0);

    k_rows = nullptr;
    have_v = false;
    k_norm = -1.0f;
    radius = -1.0f;
}

void fa_alibi_tile::load_keys() {
    if (!k_rows) {
        k_rows = unpack_rows(k_data + c0*op.k->nb[1], op.k->nb[1], op.k->type, nc, DK, row, k_stride);
    }
}

void fa_alibi_tile::load_values() {
    if (have_v) {
        return;
    }

    int64_t stride;
    const float * rows = unpack_rows(v_data + c0*op.v->nb[1], op.v->nb[1], op.v->type, nc, DV, V32, stride);
    if (rows != V32) {
        for (int i = 0; i < nc; ++i) {
            memcpy(V32 + i*DV, rows + i*stride, DV*sizeof(float));
        }
    }
    if (nc < TILE) {
        memset(V32 + nc*DV, 0, (TILE - nc)*DV*sizeof(float));
    }
    have_v = true;
}

void fa_alibi_tile::know_norm() {
    k_norm = norms[tile[3]].load(std::memory_order_acquire);
    if (k_norm != 0.0f) {
        return;
    }

    load_keys();
    k_norm = max_norm(k_rows, k_stride, nc, DK, nullptr);
    if (means) {
        row_mean(k_rows, k_stride, nc, DK, avg);

        std::atomic<float> * mean = means + tile[3]*(op.cache->n_embd + 1);
        for (int64_t d = 0; d < DK; ++d) {
            mean[d].store(avg[d], std::memory_order_relaxed);
        }
        mean[DK].store(max_norm(k_rows, k_stride, nc, DK, avg), std::memory_order_relaxed);
    }
    norms[tile[3]].store(k_norm, std::memory_order_release);
}

void fa_alibi_tile::know_mean() {
    const std::atomic<float> * mean = means + tile[3]*(op.cache->n_embd + 1);
    for (int64_t d = 0; d < DK; ++d) {
        avg[d] = mean[d].load(std::memory_order_relaxed);
    }
    radius = mean[DK].load(std::memory_order_relaxed);
}

// every query between these positions sees every cell of the tile
bool fa_alibi_tile::is_whole(int32_t p_min, int32_t p_max) const {
    return causal && tile[2] == TILE && p_max - tile[0] < window && tile[1] <= p_min;
}

// false if none of them sees any
bool fa_alibi_tile::is_seen(int32_t p_min, int32_t p_max) const {
    return !((causal && tile[0] > p_max) || (p_min > tile[1] && p_min - tile[1] >= window));
}

bool fa_alibi_tile::leave_out(int64_t i_judge, float bound) {
    if (!(bound <= pace[i_judge])) {
        return false;
    }
    const float share = TILE*expf(bound + BOUND_SLACK);
    if (spent[i_judge] + share <= budget) {
        spent[i_judge] += share;
        return true;
    }
    return false;
}

float fa_alibi_tile::finish_scores(float * kq, int32_t p, float mj, bool whole) const {
    // copies, so that the compiler need not fear that writing scores changes them
    const int32_t * c_pos  = cells + c0;
    const float     scale  = op.scale;
    const int32_t   window = this->window;
    const bool      causal = this->causal;

    if (whole) {
        for (int c = 0; c < TILE; ++c) {
            kq[c] = kq[c]*scale - mj*(float) (p - c_pos[c]);
        }
    } else {
        for (int c = 0; c < TILE; ++c) {
            const int32_t d = p - c_pos[c];
            const int32_t a = d < 0 ? -d : d;
            // an absent cell lies beyond every window
            const bool    b = c_pos[c] != GGML_FA_ALIBI_ABSENT && (causal ? d >= 0 : true) && d < window;
            kq[c] = b ? kq[c]*scale - mj*(float) a : -INFINITY;
        }
    }
    return row_max(kq);
}

// a share that does not hold what is nearest to a row would read its own nearest tile for want of anything to compare
// with: the largest score in the nearest tile of all is enough to know better
void fa_alibi_tile::seed_bounds() {
    if (!by_row || !norms || n_share == 1) {
        return;
    }

    bool seeded[ROWS];
    int  n_left = 0;
    for (int r = 0; r < nq; ++r) {
        seeded[r] = pos[r] < 4*TILE*n_share;
        n_left   += !seeded[r];
    }

    for (int64_t it = 0; it < n_tile && n_left > 0 && tiles[4*it + 2] > 0; ++it) {
        take(tiles + 4*it);

        if (!is_seen(q_min, q_max)) {
            continue;
        }

        const bool own = tile[3] % n_share == i_share;

        load_keys();
        transpose_tile(k_rows, k_stride, KT, nc, DK);

        bool found[ROWS] = { false };

        for (int64_t j = 0; j < n_group; ++j) {
            memset(KQ, 0, nq*TILE*sizeof(float));
            gemm(KQ, Q + j*nq*DK, KT, nq, DK, TILE);

            for (int r = 0; r < nq; ++r) {
                const float max = finish_scores(KQ + r*TILE, pos[r], slope[j], is_whole(pos[r], pos[r]));

                if (!seeded[r] && max > -INFINITY) {
                    found[r] = true;
                    if (!own) {
                        L[j*nq + r] = max;
                    }
                }
            }
        }

        for (int r = 0; r < nq; ++r) {
            seeded[r] = seeded[r] || found[r];
            n_left   -= found[r];
        }
    }
}

// whether judge i of head j needs the tile: the norm of its keys bounds the scores, and where that does not do, their mean
bool fa_alibi_tile::needs(int64_t j, int i) {
    if (by_row && !is_seen(pos[i], pos[i])) {
        return false;
    }

    // nothing is known of a row before its nearest tile
    if (!norms || (by_row && !(L[j*nq + i] > -INFINITY))) {
        return true;
    }

    if (k_norm < 0.0f) {
        know_norm();
    }
    if (!(k_norm <= FLT_MAX)) {
        return true;
    }

    const int     n  = by_row ? 1 : nq;
    const float * qn = QN + j*nq + i;
    const float * l  = L  + j*nq + i;

    if (leave_out(j*n_judge + i, max_bound(qn, l, nullptr, pos + i, n, k_norm, slope[j], tile[0], tile[1]))) {
        return false;
    }
    if (!means) {
        return true;
    }

    if (radius < 0.0f) {
        know_mean();
    }

    float qc[TILE] = { 0.0f };
    if (n == 1) {
        const float * x = Q + (j*nq + i)*DK;
        for (int64_t d = 0; d < DK; ++d) {
            qc[0] += avg[d]*x[d];
        }
    } else {
        for (int64_t d = 0; d < DK; ++d) {
            const float * x = QT + (j*DK + d)*nq;
            for (int r = 0; r < n; ++r) {
                qc[r] += avg[d]*x[r];
            }
        }
    }
    for (int r = 0; r < n; ++r) {
        qc[r] *= op.scale;
    }

    return !leave_out(j*n_judge + i, max_bound(qn, l, qc, pos + i, n, radius, slope[j], tile[0], tile[1]));
}

// which heads need the tile, and how many
int64_t fa_alibi_tile::judge() {
    int64_t n_need = 0;

    for (int64_t j = 0; j < n_group; ++j) {
        some[j] = false;

        for (int i = 0; i < n_judge; ++i) {
            need[j*n_judge + i] = needs(j, i);

            some[j] = some[j] || need[j*n_judge + i];
        }

        n_need += some[j];
    }

    op.n_block += n_group;
    if (norms) {
        op.n_skipped += n_group - n_need;
    }

    return n_need;
}

// weights of one head's rows from their products with the keys; false if none of them is worth its values
bool fa_alibi_tile::add_scores(int64_t j, float * kq_head, bool whole) {
    float worst = -INFINITY;
    float maxs[TILE];

    for (int r = 0; r < nq; ++r) {
        if (by_row && !need[j*nq + r]) {
            maxs[r] = -INFINITY;
            continue;
        }

        maxs[r] = finish_scores(kq_head + r*TILE, pos[r], slope[j], by_row ? is_whole(pos[r], pos[r]) : whole);

        // rows that see nothing of this tile lose nothing
        const float b = maxs[r] == -INFINITY ? -INFINITY : maxs[r] - L[j*nq + r];

        if (by_row) {
            if (norms && leave_out(j*nq + r, b)) {
                maxs[r] = -INFINITY;
            }
        }
        worst = (by_row ? maxs[r] : b) > worst || b != b ? b : worst;
    }

    const bool kept = by_row ? worst > -INFINITY || worst != worst : !norms || !leave_out(j, worst);
    if (!kept) {
        op.n_skipped_v += norms != nullptr;
        return false;
    }

    for (int r = 0; r < nq; ++r) {
        float * kq = kq_head + r*TILE;

        if (maxs[r] == -INFINITY) {
            memset(kq, 0, TILE*sizeof(float));
            continue;
        }

        const int64_t i = j*nq + r;

        if (maxs[r] > M[i]) {
            const float ms = expf(M[i] - maxs[r]);
            ggml_vec_scale_f32(DV, VKQ + i*DV, ms);
            S[i] *= ms;
            M[i]  = maxs[r];
        }

        S[i] += ggml_vec_soft_max_f32(TILE, kq, kq, M[i]);

        const float l = M[i] + 0.69314718f*floor_log2(S[i]);
        L[i] = L[i] > l ? L[i] : l;
    }

    return true;
}

// the values by the weights of the heads [j0, j1) that keep the tile, neighbours in one product
void fa_alibi_tile::add_values(int64_t j0, int64_t j1) {
    for (int64_t j = j0; j < j1;) {
        if (!keep[j - j0]) {
            ++j;
            continue;
        }

        int64_t je = j + 1;
        while (je < j1 && keep[je - j0]) {
            ++je;
        }

        load_values();

        gemm(VKQ + j*nq*DV, KQ + (j - j0)*nq*TILE, V32, (je - j)*nq, TILE, DV);
        j = je;
    }
}

// the tile for the heads [j0, j1), whose rows fit into one product
void fa_alibi_tile::add_heads(int64_t j0, int64_t j1) {
    memset(KQ, 0, (j1 - j0)*nq*TILE*sizeof(float));
    gemm(KQ, Q + j0*nq*DK, KT, (j1 - j0)*nq, DK, TILE);

    const bool whole = is_whole(q_min, q_max);

    for (int64_t j = j0; j < j1; ++j) {
        keep[j - j0] = add_scores(j, KQ + (j - j0)*nq*TILE, whole);
    }

    add_values(j0, j1);
}

void fa_alibi_tile::run() {
    if (nq <= 0) {
        return;
    }

    set_scratch();
    set_queries();
    set_budget();

    seed_bounds();

    for (int64_t it = 0; it < n_tile; ++it) {
        take(tiles + 4*it);

        if (tile[2] == 0 || (q_min > tile[1] && q_min - tile[1] >= window)) {
            break; // only empty ones follow, or such that lie farther back
        }
        if ((causal && tile[0] > q_max) || tile[3] % n_share != i_share) {
            continue;
        }

        if (judge() == 0) {
            continue;
        }

        load_keys();
        transpose_tile(k_rows, k_stride, KT, nc, DK);

        for (int64_t j0 = 0; j0 < n_group;) {
            if (!some[j0]) {
                ++j0;
                continue;
            }

            // as many neighbouring heads as fit
            int64_t j1 = j0 + 1;
            while (j1 < n_group && some[j1] && (j1 + 1 - j0)*nq <= TILE) {
                ++j1;
            }

            add_heads(j0, j1);
            j0 = j1;
        }
    }

    write();
}

// the rows' outputs, or what reduce() puts them together from
void fa_alibi_tile::write() {
    for (int64_t j = 0; j < n_group; ++j) {
        for (int r = 0; r < nq; ++r) {
            const int64_t i = j*nq + r;
            const int64_t h = ig*n_group + j;

            if (n_share > 1) {
                float * partial = op.partials(is, h, i_token[r] - n_missing) + i_share*op.size_partial();
                partial[0] = M[i];
                partial[1] = S[i];
                memcpy(partial + 2, VKQ + i*DV, DV*sizeof(float));
            } else {
                const float S_inv = S[i] == 0.0f ? 0.0f : 1.0f/S[i];
                ggml_vec_scale_f32(DV, VKQ + i*DV, S_inv);
                memcpy(op.out(is, h, i_token[r] - n_missing), VKQ + i*DV, DV*sizeof(float));
            }
        }
    }
}

// puts together what was found for each row in each share of the cells
void fa_alibi::reduce() {
    float * acc = (float *) params->wdata + params->ith*size_scratch();

    for (int64_t i = params->ith; i < n_stream*n_head*n_token; i += nth) {
        const int64_t i_token = i % n_token;
        const int64_t h       = (i/n_token) % n_head;
        const int64_t is      = i/(n_token*n_head);

        const float * partial = partials(is, h, i_token);

        float M = -INFINITY;
        for (int t = 0; t < n_share; ++t) {
            M = std::max(M, partial[t*size_partial()]);
        }

        float S = 0.0f;
        memset(acc, 0, DV*sizeof(float));
        for (int t = 0; t < n_share; ++t, partial += size_partial()) {
            if (partial[1] == 0.0f) {
                continue;
            }
            const float ms = expf(partial[0] - M);
            S += partial[1]*ms;
            ggml_vec_mad_f32(DV, acc, partial + 2, ms);
        }

        ggml_vec_scale_f32(DV, acc, S == 0.0f ? 0.0f : 1.0f/S);
        memcpy(out(is, h, i_token), acc, DV*sizeof(float));
    }
}

} // namespace

size_t ggml_flash_attn_alibi_work_size(const ggml_tensor * dst, int n_tasks) {
    const fa_alibi fa(nullptr, const_cast<ggml_tensor *>(dst), n_tasks);

    int64_t size = n_tasks*fa.size_scratch();
    if (fa.is_split()) {
        size += fa.n_stream*fa.n_head*fa.n_token*fa.n_share*fa.size_partial();
    }
    return size*sizeof(float);
}

void ggml_compute_forward_flash_attn_alibi(const ggml_compute_params * params, ggml_tensor * dst) {
    fa_alibi fa(params, dst, params->nth);

    GGML_ASSERT(fa.q->type == GGML_TYPE_F32 && fa.table->type == GGML_TYPE_I32);
    GGML_ASSERT(fa.q->nb[0] == sizeof(float));
    GGML_ASSERT(fa.k->nb[0] == ggml_type_size(fa.k->type));
    GGML_ASSERT(fa.v->nb[0] == ggml_type_size(fa.v->type));
    GGML_ASSERT(fa.n_head % fa.n_head_kv == 0 && fa.v->ne[2] == fa.n_head_kv);
    GGML_ASSERT(dst->nb[0] == sizeof(float) && dst->ne[0] == fa.DV);

    if (fa.is_split()) {
        for (int64_t is = 0; is < fa.n_stream; ++is) {
            for (int64_t iq = 0; iq < fa.stream_table(is)[GGML_FA_ALIBI_N_Q_TILE]; ++iq) {
                for (int64_t i = params->ith; i < fa.n_head_kv*fa.n_share; i += params->nth) {
                    fa_alibi_tile(fa, is, i/fa.n_share, iq, i % fa.n_share, fa.n_share).run();
                }
            }
        }

        ggml_barrier(params->threadpool);
        fa.reduce();
    } else {
        int64_t n_unit = 0;
        for (int64_t is = 0; is < fa.n_stream; ++is) {
            n_unit += fa.stream_table(is)[GGML_FA_ALIBI_N_Q_TILE]*fa.n_head_kv;
        }

        if (params->ith == 0) {
            ggml_threadpool_chunk_set(params->threadpool, params->nth);
        }
        ggml_barrier(params->threadpool);

        for (int64_t i = params->ith; i < n_unit; i = ggml_threadpool_chunk_add(params->threadpool, 1)) {
            int64_t is = 0;
            int64_t iu = n_unit - 1 - i; // later tokens see more cells
            while (iu >= fa.stream_table(is)[GGML_FA_ALIBI_N_Q_TILE]*fa.n_head_kv) {
                iu -= fa.stream_table(is)[GGML_FA_ALIBI_N_Q_TILE]*fa.n_head_kv;
                ++is;
            }
            fa_alibi_tile(fa, is, iu % fa.n_head_kv, iu/fa.n_head_kv, 0, 1).run();
        }
    }

    if (fa.cache) {
        fa.cache->n_block    .fetch_add(fa.n_block,     std::memory_order_relaxed);
        fa.cache->n_skipped  .fetch_add(fa.n_skipped,   std::memory_order_relaxed);
        fa.cache->n_skipped_v.fetch_add(fa.n_skipped_v, std::memory_order_relaxed);
    }
}
