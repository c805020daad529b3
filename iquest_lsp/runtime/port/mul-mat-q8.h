#pragma once

// Products with weights in Q8_0 on processors with AVX-512 VNNI. Weights are laid out anew when they are loaded, as
// repack.cpp does for other types and processors, and a row's result does not depend on the rows beside it.

#include "ggml.h"

struct ggml_compute_params;

bool   ggml_mul_mat_q8_applies  (const ggml_tensor * w);
void   ggml_mul_mat_q8_repack   (const ggml_tensor * w, const void * data);
size_t ggml_mul_mat_q8_work_size(const ggml_tensor * dst);

void ggml_compute_forward_mul_mat_q8(const ggml_compute_params * params, ggml_tensor * dst);
