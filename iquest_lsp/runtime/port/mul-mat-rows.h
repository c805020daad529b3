#pragma once

// Products of a few activations with quantized weights on processors with AVX2 and without AVX-512: what is read and
// unpacked of the weights serves all of them. A result does not depend on the rows beside it.
//
// K-quants keep the layout of the file, so that it stays mapped. Q4_1 is laid out anew when it is loaded, as repack.cpp
// does for other types.

#include "ggml.h"

struct ggml_compute_params;

#ifdef __cplusplus
extern "C" {
#endif

// weights of this type are read from the layout of the file, by the functions below
bool ggml_mul_mat_rows_reads(enum ggml_type type);

// the product of weights and activations is one for ggml_mul_mat_rows: not so many rows that unpacking tiles of weights
// pays (tiled.cpp)
bool ggml_mul_mat_rows_applies(const struct ggml_tensor * dst);

// rows [w0, w1) of the weights by rows [x0, x1) of the quantized activations, which lie at x with a stride
void ggml_mul_mat_rows(struct ggml_tensor * dst, const char * x, size_t stride, int64_t w0, int64_t w1, int64_t x0, int64_t x1);

// one activation goes through the tiles of llamafile/sgemm.cpp too, which read four rows of weights at a time
bool ggml_mul_mat_q8_0_tiles_one_row(int type);

bool   ggml_mul_mat_q4_1_applies  (const struct ggml_tensor * w);
void   ggml_mul_mat_q4_1_repack   (const struct ggml_tensor * w, const void * data);
size_t ggml_mul_mat_q4_1_work_size(const struct ggml_tensor * dst);

void ggml_compute_forward_mul_mat_q4_1(const struct ggml_compute_params * params, struct ggml_tensor * dst);

#ifdef __cplusplus
}
#endif
