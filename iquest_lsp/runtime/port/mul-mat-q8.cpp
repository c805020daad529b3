#include "mul-mat-q8.h"

#include "ggml-cpu.h"
#include "ggml-cpu-impl.h"
#include "ggml-impl.h"
#include "common.h"

#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"

#include <algorithm>
#include <cmath>
#include <cstring>

// Rows of weights lie in groups of 16, so that a group's products with four values of an activation come out of one
// instruction, one row to a lane, and nothing has to be summed across lanes. For each block of 32 values
//
//     half    d[16]
//     uint8_t q[8][16][4]   the values plus 128: vpdpbusd multiplies unsigned by signed bytes
//
// which is as large as 16 blocks of Q8_0. The activations are rounded to 8 bits as for Q8_0, except that their scales stay
// F32; beside each block stands -128 times its sum, where the sums of products start. A result is the sum over blocks in
// their order, whatever the number of activations and threads.

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512VNNI__)

static constexpr int64_t GROUP = 16;
static constexpr int64_t BLOCK = QK8_0;

struct block_q8_0_group {
    ggml_half d[GROUP];
    uint8_t   q[BLOCK/4][GROUP][4];
};

static_assert(sizeof(block_q8_0_group) == GROUP*sizeof(block_q8_0), "a group takes the place of its rows");

// an activation: values, then scales, then what the sums start from
static int64_t row_size(int64_t n) {
    return n + n/BLOCK*(sizeof(float) + sizeof(int32_t));
}

static const float   * row_scales(const char * row, int64_t n) { return (const float   *) (row + n); }
static const int32_t * row_starts(const char * row, int64_t n) { return (const int32_t *) (row + n + n/BLOCK*sizeof(float)); }

static void quantize_row(const float * x, char * row, int64_t n) {
    float   * scales = (float   *) row_scales(row, n);
    int32_t * starts = (int32_t *) row_starts(row, n);

    for (int64_t ib = 0; ib < n/BLOCK; ++ib, x += BLOCK) {
        const __m512 x0 = _mm512_loadu_ps(x);
        const __m512 x1 = _mm512_loadu_ps(x + 16);

        const float amax = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(x0), _mm512_abs_ps(x1)));
        const float mul  = amax > 0.0f ? 127.0f/amax : 0.0f;

        const __m512i q0 = _mm512_cvtps_epi32(_mm512_mul_ps(x0, _mm512_set1_ps(mul)));
        const __m512i q1 = _mm512_cvtps_epi32(_mm512_mul_ps(x1, _mm512_set1_ps(mul)));

        _mm_storeu_si128((__m128i *) (row + ib*BLOCK),      _mm512_cvtsepi32_epi8(q0));
        _mm_storeu_si128((__m128i *) (row + ib*BLOCK + 16), _mm512_cvtsepi32_epi8(q1));

        scales[ib] = amax/127.0f;
        starts[ib] = -128*_mm512_reduce_add_epi32(_mm512_add_epi32(q0, q1));
    }
}

// NR activations by NG groups of weight rows
template <int NR, int NG>
static void kernel(const block_q8_0_group * w, const char * const * rows, float * const * dst, int64_t n) {
    const int64_t nb = n/BLOCK;

    const float   * scales[NR];
    const int32_t * starts[NR];
    __m512 acc[NR][NG];

    for (int r = 0; r < NR; ++r) {
        scales[r] = row_scales(rows[r], n);
        starts[r] = row_starts(rows[r], n);
        for (int g = 0; g < NG; ++g) {
            acc[r][g] = _mm512_setzero_ps();
        }
    }

    for (int64_t ib = 0; ib < nb; ++ib) {
        __m512i sum[NR][NG];
        for (int r = 0; r < NR; ++r) {
            for (int g = 0; g < NG; ++g) {
                sum[r][g] = _mm512_set1_epi32(starts[r][ib]);
            }
        }

        for (int64_t i = 0; i < BLOCK/4; ++i) {
            __m512i q[NG];
            for (int g = 0; g < NG; ++g) {
                q[g] = _mm512_loadu_si512(w[g*nb + ib].q[i]);
            }
            for (int r = 0; r < NR; ++r) {
                int32_t four;
                memcpy(&four, rows[r] + ib*BLOCK + 4*i, sizeof(four));
                for (int g = 0; g < NG; ++g) {
                    sum[r][g] = _mm512_dpbusd_epi32(sum[r][g], q[g], _mm512_set1_epi32(four));
                }
            }
        }

        for (int g = 0; g < NG; ++g) {
            const __m512 d = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *) w[g*nb + ib].d));
            for (int r = 0; r < NR; ++r) {
                acc[r][g] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[r][g]), _mm512_mul_ps(d, _mm512_set1_ps(scales[r][ib])), acc[r][g]);
            }
        }
    }

    for (int r = 0; r < NR; ++r) {
        for (int g = 0; g < NG; ++g) {
            _mm512_storeu_ps(dst[r] + g*GROUP, acc[r][g]);
        }
    }
}

template <int NG>
static void some_rows(const block_q8_0_group * w, const char * const * rows, float * const * dst, int64_t n, int n_row) {
    switch (n_row) {
        case 1: kernel<1, NG>(w, rows, dst, n); break;
        case 2: kernel<2, NG>(w, rows, dst, n); break;
        case 3: kernel<3, NG>(w, rows, dst, n); break;
        case 4: kernel<4, NG>(w, rows, dst, n); break;
        default: GGML_ABORT("at most 4 rows");
    }
}

bool ggml_mul_mat_q8_applies(const ggml_tensor * w) {
    return w->type == GGML_TYPE_Q8_0 && w->ne[0] % BLOCK == 0 && w->ne[1] % GROUP == 0 && w->ne[2] == 1 && w->ne[3] == 1;
}

void ggml_mul_mat_q8_repack(const ggml_tensor * w, const void * data) {
    const int64_t nb = w->ne[0]/BLOCK;

    const block_q8_0 * src = (const block_q8_0 *) data;
    block_q8_0_group * dst = (block_q8_0_group *) w->data;

    for (int64_t ig = 0; ig < w->ne[1]/GROUP; ++ig) {
        for (int64_t ib = 0; ib < nb; ++ib, ++dst) {
            for (int64_t i = 0; i < GROUP; ++i) {
                const block_q8_0 & from = src[(ig*GROUP + i)*nb + ib];

                dst->d[i] = from.d;
                for (int64_t j = 0; j < BLOCK; ++j) {
                    dst->q[j/4][i][j % 4] = (uint8_t) (from.qs[j] + 128);
                }
            }
        }
    }
}

size_t ggml_mul_mat_q8_work_size(const ggml_tensor * dst) {
    return ggml_nrows(dst->src[1])*row_size(dst->src[1]->ne[0]);
}

void ggml_compute_forward_mul_mat_q8(const ggml_compute_params * params, ggml_tensor * dst) {
    const ggml_tensor * w = dst->src[0];
    const ggml_tensor * x = dst->src[1];

    GGML_ASSERT(x->type == GGML_TYPE_F32 && x->nb[0] == sizeof(float) && dst->nb[0] == sizeof(float));

    const int64_t n     = w->ne[0];
    const int64_t n_row = ggml_nrows(x);
    const int64_t nb    = n/BLOCK;

    const auto place = [&](const ggml_tensor * t, int64_t i) {
        const int64_t i1 = i % t->ne[1];
        const int64_t i2 = i/t->ne[1] % t->ne[2];
        const int64_t i3 = i/(t->ne[1]*t->ne[2]);
        return (char *) t->data + i1*t->nb[1] + i2*t->nb[2] + i3*t->nb[3];
    };

    char * work = (char *) params->wdata;

    GGML_ASSERT((size_t) (n_row*row_size(n)) <= params->wsize);

    for (int64_t i = params->ith; i < n_row; i += params->nth) {
        quantize_row((const float *) place(x, i), work + i*row_size(n), n);
    }

    if (params->ith == 0) {
        ggml_threadpool_chunk_set(params->threadpool, params->nth);
    }
    ggml_barrier(params->threadpool);

    // a few rows keep more groups under way, since each of their sums waits for the product before it
    const int64_t n_group = w->ne[1]/GROUP;
    const int64_t n_step  = n_row < 4 ? 4 : 2;
    const int64_t n_chunk = (n_group + n_step - 1)/n_step;

    for (int64_t ic = params->ith; ic < n_chunk; ic = ggml_threadpool_chunk_add(params->threadpool, 1)) {
        const int64_t ig    = ic*n_step;
        const int64_t count = std::min(n_step, n_group - ig);

        const block_q8_0_group * groups = (const block_q8_0_group *) w->data + ig*nb;

        for (int64_t i = 0; i < n_row; i += 4) {
            const int some = (int) std::min<int64_t>(4, n_row - i);

            const char * rows[4];
            float      * outs[4];
            for (int r = 0; r < some; ++r) {
                rows[r] = work + (i + r)*row_size(n);
                outs[r] = (float *) place(dst, i + r) + ig*GROUP;
            }

            switch (count) {
                case 1: some_rows<1>(groups, rows, outs, n, some); break;
                case 2: some_rows<2>(groups, rows, outs, n, some); break;
                case 3: some_rows<3>(groups, rows, outs, n, some); break;
                case 4: some_rows<4>(groups, rows, outs, n, some); break;
                default: GGML_ABORT("at most 4 groups");
            }
        }
    }
}

#else

bool ggml_mul_mat_q8_applies(const ggml_tensor * w) {
    GGML_UNUSED(w);
    return false;
}

void ggml_mul_mat_q8_repack(const ggml_tensor * w, const void * data) {
    GGML_UNUSED(w);
    GGML_UNUSED(data);
    GGML_ABORT("not for this processor");
}

size_t ggml_mul_mat_q8_work_size(const ggml_tensor * dst) {
    GGML_UNUSED(dst);
    return 0;
}

void ggml_compute_forward_mul_mat_q8(const ggml_compute_params * params, ggml_tensor * dst) {
    GGML_UNUSED(params);
    GGML_UNUSED(dst);
    GGML_ABORT("not for this processor");
}

#endif
