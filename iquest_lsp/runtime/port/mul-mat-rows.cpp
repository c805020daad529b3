#include "mul-mat-rows.h"

#include "ggml-cpu.h"
#include "ggml-cpu-impl.h"
#include "ggml-impl.h"
#include "simd-mappings.h"
#include "common.h"

#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__) && !defined(__AVX512F__)

//
// K-quants: ggml_vec_dot_* of arch/x86/quants.c for several activations at once, each with the same operations in the
// same order, so that a row gives what it gives alone
//

static constexpr int MOST = 4;

// from as many rows on tiles of unpacked weights are quicker
static constexpr int64_t TILED_FROM = 32;

// how far ahead of a block the file is asked for: with one activation the products wait for the memory
static constexpr int64_t AHEAD = 2048;

static inline void fetch_ahead(const void * block, size_t size) {
    for (size_t at = 0; at < size; at += 64) {
        _mm_prefetch((const char *) block + AHEAD + at, _MM_HINT_T0);
    }
}

static inline float sum_of(__m256 x) {
    __m128 res = _mm256_extractf128_ps(x, 1);
    res = _mm_add_ps(res, _mm256_castps256_ps128(x));
    res = _mm_add_ps(res, _mm_movehl_ps(res, res));
    res = _mm_add_ss(res, _mm_movehdup_ps(res));
    return _mm_cvtss_f32(res);
}

// the 8 scales and the 8 minima of a block of Q4_K or Q5_K, 16 bits each
static inline __m256i scales_and_mins(const uint8_t * packed) {
    static const uint32_t kmask1 = 0x3f3f3f3f;
    static const uint32_t kmask2 = 0x0f0f0f0f;
    static const uint32_t kmask3 = 0x03030303;

    uint32_t utmp[4];
    memcpy(utmp, packed, 12);
    utmp[3] = ((utmp[2] >> 4) & kmask2) | (((utmp[1] >> 6) & kmask3) << 4);
    const uint32_t uaux = utmp[1] & kmask1;
    utmp[1] = (utmp[2] & kmask2) | (((utmp[0] >> 6) & kmask3) << 4);
    utmp[2] = uaux;
    utmp[0] &= kmask1;

    return _mm256_cvtepu8_epi16(_mm_set_epi32(utmp[3], utmp[2], utmp[1], utmp[0]));
}

static inline __m128i sums_by_32(const block_q8_K & y) {
    const __m256i q8sums = _mm256_loadu_si256((const __m256i *) y.bsums);
    return _mm_hadd_epi16(_mm256_castsi256_si128(q8sums), _mm256_extracti128_si256(q8sums, 1));
}

template <int NR>
static void dot_q4_K(int64_t n, const void * w, const char * const * rows, float * out) {
    const block_q4_K * x = (const block_q4_K *) w;

    const __m256i m4 = _mm256_set1_epi8(0xF);

    __m256 acc  [NR];
    __m128 acc_m[NR];
    for (int r = 0; r < NR; ++r) {
        acc  [r] = _mm256_setzero_ps();
        acc_m[r] = _mm_setzero_ps();
    }

    for (int64_t i = 0; i < n/QK_K; ++i) {
        fetch_ahead(x + i, sizeof(x[i]));

        const float d    = GGML_CPU_FP16_TO_FP32(x[i].data.data.d);
        const float dmin = GGML_CPU_FP16_TO_FP32(x[i].data.data.dmin);

        const __m256i both   = scales_and_mins(x[i].scales);
        const __m128i mins   = _mm256_extracti128_si256(both, 1);
        const __m256i scales = _mm256_broadcastsi128_si256(_mm256_castsi256_si128(both));

        const int8_t * q8[NR];
        __m256i sumi[NR];
        for (int r = 0; r < NR; ++r) {
            const block_q8_K & y = ((const block_q8_K *) rows[r])[i];
            const __m128i prod = _mm_madd_epi16(mins, sums_by_32(y));
            acc_m[r] = _mm_fmadd_ps(_mm_set1_ps(-y.d*dmin), _mm_cvtepi32_ps(prod), acc_m[r]);
            q8  [r] = y.qs;
            sumi[r] = _mm256_setzero_si256();
        }

        for (int j = 0; j < QK_K/64; ++j) {
            const __m256i scale_l = _mm256_shuffle_epi8(scales, _mm256_set1_epi16(0x0100 + 0x0202*(2*j)));
            const __m256i scale_h = _mm256_shuffle_epi8(scales, _mm256_set1_epi16(0x0100 + 0x0202*(2*j + 1)));

            const __m256i q4bits = _mm256_loadu_si256((const __m256i *) (x[i].qs + 32*j));
            const __m256i q4l = _mm256_and_si256(q4bits, m4);
            const __m256i q4h = _mm256_and_si256(_mm256_srli_epi16(q4bits, 4), m4);

            for (int r = 0; r < NR; ++r) {
                const __m256i q8l = _mm256_loadu_si256((const __m256i *) (q8[r] + 64*j));
                const __m256i q8h = _mm256_loadu_si256((const __m256i *) (q8[r] + 64*j + 32));
                const __m256i p16l = _mm256_madd_epi16(scale_l, _mm256_maddubs_epi16(q4l, q8l));
                const __m256i p16h = _mm256_madd_epi16(scale_h, _mm256_maddubs_epi16(q4h, q8h));
                sumi[r] = _mm256_add_epi32(sumi[r], _mm256_add_epi32(p16l, p16h));
            }
        }

        for (int r = 0; r < NR; ++r) {
            const float dy = ((const block_q8_K *) rows[r])[i].d;
            acc[r] = _mm256_fmadd_ps(_mm256_set1_ps(dy*d), _mm256_cvtepi32_ps(sumi[r]), acc[r]);
        }
    }

    for (int r = 0; r < NR; ++r) {
        acc_m[r] = _mm_add_ps(acc_m[r], _mm_movehl_ps(acc_m[r], acc_m[r]));
        acc_m[r] = _mm_add_ss(acc_m[r], _mm_movehdup_ps(acc_m[r]));
        out[r] = sum_of(acc[r]) + _mm_cvtss_f32(acc_m[r]);
    }
}

template <int NR>
static void dot_q5_K(int64_t n, const void * w, const char * const * rows, float * out) {
    const block_q5_K * x = (const block_q5_K *) w;

    const __m256i m4    = _mm256_set1_epi8(0xF);
    const __m128i mzero = _mm_setzero_si128();

    __m256 acc  [NR];
    float  summs[NR];
    for (int r = 0; r < NR; ++r) {
        acc  [r] = _mm256_setzero_ps();
        summs[r] = 0.0f;
    }

    for (int64_t i = 0; i < n/QK_K; ++i) {
        fetch_ahead(x + i, sizeof(x[i]));

        const float d    = GGML_CPU_FP16_TO_FP32(x[i].data.data.d);
        const float dmin = GGML_CPU_FP16_TO_FP32(x[i].data.data.dmin);

        const __m256i both   = scales_and_mins(x[i].scales);
        const __m128i mins   = _mm256_extracti128_si256(both, 1);
        const __m256i scales = _mm256_broadcastsi128_si256(_mm256_castsi256_si128(both));
        const __m256i hbits  = _mm256_loadu_si256((const __m256i *) x[i].qh);

        const int8_t * q8[NR];
        __m256i sumi[NR];
        for (int r = 0; r < NR; ++r) {
            const block_q8_K & y = ((const block_q8_K *) rows[r])[i];
            const __m128i prod = _mm_madd_epi16(mins, sums_by_32(y));
            const __m128i hsum = _mm_hadd_epi32(_mm_hadd_epi32(prod, mzero), mzero);
            const float   dm   = -y.d*dmin;
            summs[r] += dm*_mm_extract_epi32(hsum, 0);
            q8   [r] = y.qs;
            sumi [r] = _mm256_setzero_si256();
        }

        __m256i hmask = _mm256_set1_epi8(1);
        for (int j = 0; j < QK_K/64; ++j) {
            const __m256i scale_0 = _mm256_shuffle_epi8(scales, _mm256_set1_epi16(0x0100 + 0x0202*(2*j)));
            const __m256i scale_1 = _mm256_shuffle_epi8(scales, _mm256_set1_epi16(0x0100 + 0x0202*(2*j + 1)));

            const __m256i q5bits = _mm256_loadu_si256((const __m256i *) (x[i].qs + 32*j));

            const __m256i q5h_0 = _mm256_slli_epi16(_mm256_srli_epi16(_mm256_and_si256(hbits, hmask), 2*j), 4);
            const __m256i q5_0  = _mm256_add_epi8(_mm256_and_si256(q5bits, m4), q5h_0);
            hmask = _mm256_slli_epi16(hmask, 1);

            const __m256i q5h_1 = _mm256_slli_epi16(_mm256_srli_epi16(_mm256_and_si256(hbits, hmask), 2*j + 1), 4);
            const __m256i q5_1  = _mm256_add_epi8(_mm256_and_si256(_mm256_srli_epi16(q5bits, 4), m4), q5h_1);
            hmask = _mm256_slli_epi16(hmask, 1);

            for (int r = 0; r < NR; ++r) {
                const __m256i q8_0 = _mm256_loadu_si256((const __m256i *) (q8[r] + 64*j));
                const __m256i q8_1 = _mm256_loadu_si256((const __m256i *) (q8[r] + 64*j + 32));
                const __m256i p16_0 = _mm256_madd_epi16(scale_0, _mm256_maddubs_epi16(q5_0, q8_0));
                const __m256i p16_1 = _mm256_madd_epi16(scale_1, _mm256_maddubs_epi16(q5_1, q8_1));
                sumi[r] = _mm256_add_epi32(sumi[r], _mm256_add_epi32(p16_0, p16_1));
            }
        }

        for (int r = 0; r < NR; ++r) {
            const float dy = ((const block_q8_K *) rows[r])[i].d;
            acc[r] = _mm256_fmadd_ps(_mm256_set1_ps(dy*d), _mm256_cvtepi32_ps(sumi[r]), acc[r]);
        }
    }

    for (int r = 0; r < NR; ++r) {
        out[r] = sum_of(acc[r]) + summs[r];
    }
}

template <int NR>
static void dot_q6_K(int64_t n, const void * w, const char * const * rows, float * out) {
    const block_q6_K * x = (const block_q6_K *) w;

    const __m256i m3  = _mm256_set1_epi8(3);
    const __m256i m15 = _mm256_set1_epi8(15);

    __m256 acc[NR];
    for (int r = 0; r < NR; ++r) {
        acc[r] = _mm256_setzero_ps();
    }

    for (int64_t i = 0; i < n/QK_K; ++i) {
        fetch_ahead(x + i, sizeof(x[i]));

        const float d = GGML_CPU_FP16_TO_FP32(x[i].d);

        const __m256i scales_16 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *) x[i].scales));

        const int8_t * q8[NR];
        __m256i sumi[NR];
        for (int r = 0; r < NR; ++r) {
            q8  [r] = ((const block_q8_K *) rows[r])[i].qs;
            sumi[r] = _mm256_setzero_si256();
        }

        for (int j = 0; j < QK_K/128; ++j) {
            const __m256i q4bits1 = _mm256_loadu_si256((const __m256i *) (x[i].ql + 64*j));
            const __m256i q4bits2 = _mm256_loadu_si256((const __m256i *) (x[i].ql + 64*j + 32));
            const __m256i q4bitsH = _mm256_loadu_si256((const __m256i *) (x[i].qh + 32*j));

            __m256i q4[4];
            q4[0] = _mm256_slli_epi16(_mm256_and_si256(q4bitsH, m3), 4);
            q4[1] = _mm256_slli_epi16(_mm256_and_si256(q4bitsH, _mm256_set1_epi8(12)), 2);
            q4[2] = _mm256_and_si256(q4bitsH, _mm256_set1_epi8(48));
            q4[3] = _mm256_srli_epi16(_mm256_and_si256(q4bitsH, _mm256_set1_epi8(-64)), 2);
            q4[0] = _mm256_or_si256(_mm256_and_si256(q4bits1, m15), q4[0]);
            q4[1] = _mm256_or_si256(_mm256_and_si256(q4bits2, m15), q4[1]);
            q4[2] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(q4bits1, 4), m15), q4[2]);
            q4[3] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(q4bits2, 4), m15), q4[3]);

            for (int k = 0; k < 4; ++k) {
                // two scales, each for 16 values: eight products of 16 bits
                const int8_t * s = x[i].scales + 8*j + 2*k;
                const __m256i scale = _mm256_set_m128i(_mm_set1_epi16(s[1]), _mm_set1_epi16(s[0]));
                for (int r = 0; r < NR; ++r) {
                    const __m256i y = _mm256_loadu_si256((const __m256i *) (q8[r] + 128*j + 32*k));
                    sumi[r] = _mm256_add_epi32(sumi[r], _mm256_madd_epi16(scale, _mm256_maddubs_epi16(q4[k], y)));
                }
            }
        }

        for (int r = 0; r < NR; ++r) {
            const block_q8_K & y = ((const block_q8_K *) rows[r])[i];
            const __m256i q8sums = _mm256_loadu_si256((const __m256i *) y.bsums);
            const __m256i sub    = _mm256_slli_epi32(_mm256_madd_epi16(q8sums, scales_16), 5);
            acc[r] = _mm256_fmadd_ps(_mm256_set1_ps(y.d*d), _mm256_cvtepi32_ps(_mm256_sub_epi32(sumi[r], sub)), acc[r]);
        }
    }

    for (int r = 0; r < NR; ++r) {
        out[r] = sum_of(acc[r]);
    }
}

template <int NR>
static void dot(ggml_type type, int64_t n, const void * w, const char * const * rows, float * out) {
    switch (type) {
        case GGML_TYPE_Q4_K: dot_q4_K<NR>(n, w, rows, out); break;
        case GGML_TYPE_Q5_K: dot_q5_K<NR>(n, w, rows, out); break;
        case GGML_TYPE_Q6_K: dot_q6_K<NR>(n, w, rows, out); break;
        default: GGML_ABORT("not a type for several rows");
    }
}

bool ggml_mul_mat_rows_reads(ggml_type type) {
    return type == GGML_TYPE_Q4_K || type == GGML_TYPE_Q5_K || type == GGML_TYPE_Q6_K;
}

bool ggml_mul_mat_rows_applies(const ggml_tensor * dst) {
    const ggml_tensor * w = dst->src[0];
    const ggml_tensor * x = dst->src[1];

    return ggml_mul_mat_rows_reads(w->type) && w->extra == nullptr && x->type == GGML_TYPE_F32 &&
        x->ne[1] < TILED_FROM && x->ne[2] == 1 && x->ne[3] == 1;
}

void ggml_mul_mat_rows(ggml_tensor * dst, const char * x, size_t stride, int64_t w0, int64_t w1, int64_t x0, int64_t x1) {
    const ggml_tensor * w = dst->src[0];

    for (int64_t i = x0; i < x1; i += MOST) {
        const int some = (int) std::min<int64_t>(MOST, x1 - i);

        const char * rows[MOST];
        float      * outs[MOST];
        for (int r = 0; r < some; ++r) {
            rows[r] = x + (i + r)*stride;
            outs[r] = (float *) ((char *) dst->data + (i + r)*dst->nb[1]);
        }

        for (int64_t iw = w0; iw < w1; ++iw) {
            const char * row = (const char *) w->data + iw*w->nb[1];

            float out[MOST];
            switch (some) {
                case 1: dot<1>(w->type, w->ne[0], row, rows, out); break;
                case 2: dot<2>(w->type, w->ne[0], row, rows, out); break;
                case 3: dot<3>(w->type, w->ne[0], row, rows, out); break;
                case 4: dot<4>(w->type, w->ne[0], row, rows, out); break;
            }
            for (int r = 0; r < some; ++r) {
                outs[r][iw] = out[r];
            }
        }
    }
}

bool ggml_mul_mat_q8_0_tiles_one_row(int type) {
    return type == GGML_TYPE_Q8_0;
}

//
// Q4_1: rows of weights in groups of 8, each in a lane of 32 bits, so that nothing has to be summed across lanes. For
// each block of 32 values
//
//     half    d[8], m[8]
//     uint8_t q[4][8][4]   of each row four bytes as in block_q4_1: values 4g to 4g + 3, and above them those 16 farther
//
// which is as large as 8 blocks of Q4_1. The activations are rounded to 8 bits as for Q8_1, except that their scales and
// sums stay F32.
//

static constexpr int64_t GROUP = 8;
static constexpr int64_t BLOCK = QK4_1;

struct block_q4_1_group {
    ggml_half d[GROUP];
    ggml_half m[GROUP];
    uint8_t   q[BLOCK/8][GROUP][4];
};

static_assert(sizeof(block_q4_1_group) == GROUP*sizeof(block_q4_1), "a group takes the place of its rows");

// an activation: values, then scales, then scales by sums
static int64_t row_size(int64_t n) {
    return n + n/BLOCK*2*sizeof(float);
}

static void quantize_row(const float * x, char * row, int64_t n) {
    float * scales = (float *) (row + n);
    float * sums   = scales + n/BLOCK;

    const __m256  sign = _mm256_set1_ps(-0.0f);
    const __m256i back = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);

    for (int64_t ib = 0; ib < n/BLOCK; ++ib, x += BLOCK) {
        __m256 v[4];
        for (int k = 0; k < 4; ++k) {
            v[k] = _mm256_loadu_ps(x + 8*k);
        }
        const __m256 most = _mm256_max_ps(
            _mm256_max_ps(_mm256_andnot_ps(sign, v[0]), _mm256_andnot_ps(sign, v[1])),
            _mm256_max_ps(_mm256_andnot_ps(sign, v[2]), _mm256_andnot_ps(sign, v[3])));
        __m128 four = _mm_max_ps(_mm256_extractf128_ps(most, 1), _mm256_castps256_ps128(most));
        four = _mm_max_ps(four, _mm_movehl_ps(four, four));
        four = _mm_max_ss(four, _mm_movehdup_ps(four));

        const float amax = _mm_cvtss_f32(four);
        const float mul  = amax > 0.0f ? 127.0f/amax : 0.0f;

        __m256i q[4];
        for (int k = 0; k < 4; ++k) {
            q[k] = _mm256_cvtps_epi32(_mm256_mul_ps(v[k], _mm256_set1_ps(mul)));
        }
        const __m256i total = _mm256_add_epi32(_mm256_add_epi32(q[0], q[1]), _mm256_add_epi32(q[2], q[3]));
        __m128i sum = _mm_add_epi32(_mm256_extracti128_si256(total, 1), _mm256_castsi256_si128(total));
        sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
        sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));

        const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
        _mm256_storeu_si256((__m256i *) (row + ib*BLOCK), _mm256_permutevar8x32_epi32(bytes, back));

        scales[ib] = amax/127.0f;
        sums  [ib] = amax/127.0f*(float) _mm_cvtsi128_si32(sum);
    }
}

template <int NR>
static void groups_q4_1(const block_q4_1_group * w, int64_t n_group, const char * const * rows, float * const * dst, int64_t n) {
    const int64_t nb = n/BLOCK;

    const __m256i m4  = _mm256_set1_epi8(0xF);
    const __m256i one = _mm256_set1_epi16(1);

    for (int64_t ig = 0; ig < n_group; ++ig, w += nb) {
        __m256 acc[NR];
        for (int r = 0; r < NR; ++r) {
            acc[r] = _mm256_setzero_ps();
        }

        for (int64_t ib = 0; ib < nb; ++ib) {
            const __m256 d = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) w[ib].d));
            const __m256 m = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) w[ib].m));

            __m256i q[BLOCK/4];
            for (int g = 0; g < BLOCK/8; ++g) {
                const __m256i bits = _mm256_loadu_si256((const __m256i *) w[ib].q[g]);
                q[g]           = _mm256_and_si256(bits, m4);
                q[g + BLOCK/8] = _mm256_and_si256(_mm256_srli_epi16(bits, 4), m4);
            }

            for (int r = 0; r < NR; ++r) {
                const char  * values = rows[r] + ib*BLOCK;
                const float * scales = (const float *) (rows[r] + n);

                // eight products of two bytes: at most 8*2*15*127
                __m256i sum = _mm256_setzero_si256();
                for (int g = 0; g < BLOCK/4; ++g) {
                    int32_t four;
                    memcpy(&four, values + 4*g, sizeof(four));
                    sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(q[g], _mm256_set1_epi32(four)));
                }

                const __m256 product = _mm256_cvtepi32_ps(_mm256_madd_epi16(sum, one));
                acc[r] = _mm256_fmadd_ps(product, _mm256_mul_ps(d, _mm256_set1_ps(scales[ib])), acc[r]);
                acc[r] = _mm256_fmadd_ps(m, _mm256_set1_ps(scales[nb + ib]), acc[r]);
            }
        }

        for (int r = 0; r < NR; ++r) {
            _mm256_storeu_ps(dst[r] + ig*GROUP, acc[r]);
        }
    }
}

bool ggml_mul_mat_q4_1_applies(const ggml_tensor * w) {
    return w->type == GGML_TYPE_Q4_1 && w->ne[0] % BLOCK == 0 && w->ne[1] % GROUP == 0 && w->ne[2] == 1 && w->ne[3] == 1;
}

void ggml_mul_mat_q4_1_repack(const ggml_tensor * w, const void * data) {
    const int64_t nb = w->ne[0]/BLOCK;

    const block_q4_1 * src = (const block_q4_1 *) data;
    block_q4_1_group * dst = (block_q4_1_group *) w->data;

    for (int64_t ig = 0; ig < w->ne[1]/GROUP; ++ig) {
        for (int64_t ib = 0; ib < nb; ++ib, ++dst) {
            for (int64_t i = 0; i < GROUP; ++i) {
                const block_q4_1 & from = src[(ig*GROUP + i)*nb + ib];

                dst->d[i] = from.data.data.d;
                dst->m[i] = from.data.data.m;
                for (int64_t g = 0; g < BLOCK/8; ++g) {
                    memcpy(dst->q[g][i], from.qs + 4*g, 4);
                }
            }
        }
    }
}

size_t ggml_mul_mat_q4_1_work_size(const ggml_tensor * dst) {
    return ggml_nrows(dst->src[1])*row_size(dst->src[1]->ne[0]);
}

void ggml_compute_forward_mul_mat_q4_1(const ggml_compute_params * params, ggml_tensor * dst) {
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

    const int64_t n_group = w->ne[1]/GROUP;
    const int64_t n_step  = 4;
    const int64_t n_chunk = (n_group + n_step - 1)/n_step;

    for (int64_t ic = params->ith; ic < n_chunk; ic = ggml_threadpool_chunk_add(params->threadpool, 1)) {
        const int64_t ig    = ic*n_step;
        const int64_t count = std::min(n_step, n_group - ig);

        const block_q4_1_group * groups = (const block_q4_1_group *) w->data + ig*nb;

        for (int64_t i = 0; i < n_row; i += MOST) {
            const int some = (int) std::min<int64_t>(MOST, n_row - i);

            const char * rows[MOST];
            float      * outs[MOST];
            for (int r = 0; r < some; ++r) {
                rows[r] = work + (i + r)*row_size(n);
                outs[r] = (float *) place(dst, i + r) + ig*GROUP;
            }

            switch (some) {
                case 1: groups_q4_1<1>(groups, count, rows, outs, n); break;
                case 2: groups_q4_1<2>(groups, count, rows, outs, n); break;
                case 3: groups_q4_1<3>(groups, count, rows, outs, n); break;
                case 4: groups_q4_1<4>(groups, count, rows, outs, n); break;
            }
        }
    }
}

#else

bool ggml_mul_mat_rows_reads(ggml_type type) {
    GGML_UNUSED(type);
    return false;
}

bool ggml_mul_mat_rows_applies(const ggml_tensor * dst) {
    GGML_UNUSED(dst);
    return false;
}

void ggml_mul_mat_rows(ggml_tensor * dst, const char * x, size_t stride, int64_t w0, int64_t w1, int64_t x0, int64_t x1) {
    GGML_UNUSED(dst);
    GGML_UNUSED(x);
    GGML_UNUSED(stride);
    GGML_UNUSED(w0 + w1 + x0 + x1);
    GGML_ABORT("not for this processor");
}

bool ggml_mul_mat_q8_0_tiles_one_row(int type) {
    GGML_UNUSED(type);
    return false;
}

bool ggml_mul_mat_q4_1_applies(const ggml_tensor * w) {
    GGML_UNUSED(w);
    return false;
}

void ggml_mul_mat_q4_1_repack(const ggml_tensor * w, const void * data) {
    GGML_UNUSED(w);
    GGML_UNUSED(data);
    GGML_ABORT("not for this processor");
}

size_t ggml_mul_mat_q4_1_work_size(const ggml_tensor * dst) {
    GGML_UNUSED(dst);
    return 0;
}

void ggml_compute_forward_mul_mat_q4_1(const ggml_compute_params * params, ggml_tensor * dst) {
    GGML_UNUSED(params);
    GGML_UNUSED(dst);
    GGML_ABORT("not for this processor");
}

#endif
