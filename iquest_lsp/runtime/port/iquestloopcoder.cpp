#include "models.h"

#include "llama-kv-cache-loop.h"

// IQuestLoopCoder: the layers of a Llama decoder, run n_loop times over the same tokens.
// Pass 1 is a plain decoder pass. In every further pass the attention of a layer is a per-head mix of
//   A: the pass' queries over the keys and values of pass 1 of the same layer (full cache)
//   B: the pass' queries over the pass' own keys and values, within a local window (sliding cache)
// Layer il of the graph and of the caches is a logical layer: physical layer il % n_phys in pass il / n_phys.
//
// The parallel variant starts pass r from the embedding and the output of pass r - 1 at the position before. Hence all
// passes of a token can run side by side when its predecessors are complete: decoding stacks them as rows of one batch.

static constexpr uint32_t LOOP_MAX_PASSES = 4;
static constexpr uint32_t LOOP_MAX_WINDOW = 1u << 24; // keeps cell counts far from the limits of uint32_t

bool llama_model_iquestloopcoder::accepts(const llama_model_loader & ml) {
    return ml.get_arch() == LLM_ARCH_IQUESTLOOPCODER ||
        (ml.get_arch() == LLM_ARCH_LLAMA && gguf_find_key(ml.metadata, "llama.loop.num") >= 0);
}

void llama_model_iquestloopcoder::check_metadata(llama_model_loader & ml) {
    const auto read_u32 = [&](llm_kv kid, uint32_t value) {
        ml.get_key(kid, value, false);
        return value;
    };

    const auto require = [&](bool ok, const char * what, uint32_t value) {
        if (!ok) {
            throw std::runtime_error(format("looped model with invalid metadata: %s = %u", what, value));
        }
    };

    const uint32_t n_ctx_train = read_u32(LLM_KV_CONTEXT_LENGTH,          1);
    const uint32_t n_embd      = read_u32(LLM_KV_EMBEDDING_LENGTH,        1);
    const uint32_t n_layer     = read_u32(LLM_KV_BLOCK_COUNT,             1);
    const uint32_t n_ff        = read_u32(LLM_KV_FEED_FORWARD_LENGTH,     1);
    const uint32_t n_head      = read_u32(LLM_KV_ATTENTION_HEAD_COUNT,    1);
    const uint32_t n_head_kv   = read_u32(LLM_KV_ATTENTION_HEAD_COUNT_KV, n_head);
    const uint32_t n_expert    = read_u32(LLM_KV_EXPERT_COUNT,            0);
    const uint32_t n_nextn     = read_u32(LLM_KV_NEXTN_PREDICT_LAYERS,    0);
    const uint32_t n_loop      = read_u32(LLM_KV_LOOP_NUM,                1);
    const uint32_t n_window    = read_u32(LLM_KV_LOOP_WINDOW_SIZE,        1);

    require(n_ctx_train > 0 && n_ctx_train <= INT32_MAX,           "context_length",          n_ctx_train);
    require(n_embd      > 0 && n_embd      <= (1u << 20),          "embedding_length",        n_embd);
    require(n_layer     > 0 && n_layer     <= LLAMA_MAX_LAYERS,    "block_count",             n_layer);
    require(n_ff        > 0 && n_ff        <= (1u << 24),          "feed_forward_length",     n_ff);
    require(n_head      > 0 && n_head      <= n_embd,              "attention.head_count",    n_head);
    require(n_head_kv   > 0 && n_head % n_head_kv == 0,            "attention.head_count_kv", n_head_kv);
    require(n_expert == 0,                                         "expert_count",            n_expert);
    require(n_nextn  == 0,                                         "nextn_predict_layers",    n_nextn);
    require(n_loop      > 0 && n_loop      <= LOOP_MAX_PASSES,     "loop.num",                n_loop);
    require((uint64_t) n_layer * n_loop    <= LLAMA_MAX_LAYERS,    "loop.num * block_count",  n_loop * n_layer);
    require(n_window    > 0 && n_window    <= LOOP_MAX_WINDOW,     "loop.window_size",        n_window);

    const uint32_t n_embd_head = read_u32(LLM_KV_ATTENTION_KEY_LENGTH,   n_embd / n_head);
    const uint32_t n_embd_v    = read_u32(LLM_KV_ATTENTION_VALUE_LENGTH, n_embd_head);
    const uint32_t n_rot       = read_u32(LLM_KV_ROPE_DIMENSION_COUNT,   n_embd_head);

    require(n_embd_head > 0 && n_embd_head <= (1u << 16),          "attention.key_length",    n_embd_head);
    require(n_embd_v == n_embd_head,                               "attention.value_length",  n_embd_v);

    float max_bias = 0.0f;
    ml.get_key(LLM_KV_ATTENTION_MAX_ALIBI_BIAS, max_bias, false);

    if (!(max_bias >= 0.0f && max_bias <= 1024.0f)) {
        throw std::runtime_error(format("looped model with invalid metadata: attention.max_alibi_bias = %f", max_bias));
    }

    require(max_bias > 0.0f || (n_rot > 0 && n_rot <= n_embd_head && n_rot % 2 == 0), "rope.dimension_count", n_rot);

    float eps = 1e-5f;
    ml.get_key(LLM_KV_ATTENTION_LAYERNORM_RMS_EPS, eps, false);

    if (!(eps >= 0.0f && eps <= 1.0f)) {
        throw std::runtime_error(format("looped model with invalid metadata: attention.layer_norm_rms_epsilon = %g", eps));
    }

    std::string rope_scaling = "linear";
    ml.get_key(LLM_KV_ROPE_SCALING_TYPE, rope_scaling, false);

    if (rope_scaling != "none" && rope_scaling != "linear" && rope_scaling != "yarn" && rope_scaling != "longrope") {
        throw std::runtime_error(format("looped model with invalid metadata: rope.scaling.type = %s", rope_scaling.c_str()));
    }
}

void llama_model_iquestloopcoder::load_arch_hparams(llama_model_loader & ml) {
    ml.get_key(LLM_KV_ATTENTION_LAYERNORM_RMS_EPS, hparams.f_norm_rms_eps);
    ml.get_key(LLM_KV_ATTENTION_MAX_ALIBI_BIAS,    hparams.f_max_alibi_bias, false);

    uint32_t n_loop   = 1;
    uint32_t n_window = 0;

    ml.get_key(LLM_KV_LOOP_NUM,         n_loop);
    ml.get_key(LLM_KV_LOOP_WINDOW_SIZE, n_window, n_loop > 1);

    // a head's values are as wide as its keys, also where a file only says how wide the keys are
    if (!ml.get_key(LLM_KV_ATTENTION_VALUE_LENGTH, hparams.n_embd_head_v_full, false)) {
        hparams.n_embd_head_v_full = hparams.n_embd_head_k_full;
    }
    hparams.n_embd_head_k_swa = hparams.n_embd_head_k_full;
    hparams.n_embd_head_v_swa = hparams.n_embd_head_v_full;
    hparams.n_rot_swa         = hparams.n_rot_full;

    const uint32_t n_phys = hparams.n_layer_all;

    hparams.n_loop      = n_loop;
    hparams.n_layer_all = n_loop * n_phys;

    for (uint32_t il = n_phys; il < hparams.n_layer_all; ++il) {
        hparams.n_head_arr[il]    = hparams.n_head_arr[il % n_phys];
        hparams.n_head_kv_arr[il] = hparams.n_head_kv_arr[il % n_phys];
        hparams.n_ff_arr[il]      = hparams.n_ff_arr[il % n_phys];
        hparams.is_swa_impl[il]   = true;
    }

    // a single pass has no local window: the sliding cache must not exist then
    if (n_loop > 1) {
        hparams.swa_type = LLAMA_SWA_TYPE_STANDARD;
        hparams.n_swa    = n_window;

        hparams.rope_freq_base_train_swa  = hparams.rope_freq_base_train;
        hparams.rope_freq_scale_train_swa = hparams.rope_freq_scale_train;
    }

    // the parallel variant, with the defaults of its configuration
    const bool parallel =
        ml.get_key(LLM_KV_LOOP_EMBEDDING_SCALE, embedding_scale, false) |
        ml.get_key(LLM_KV_LOOP_HIDDEN_SCALE,    hidden_scale,    false) |
        ml.get_key(LLM_KV_LOOP_NORMALIZE,       normalize,       false);

    if (parallel) {
        embedding_scale = 1.0f;
        normalize       = true;
        position_offset = 1;

        ml.get_key(LLM_KV_LOOP_EMBEDDING_SCALE, embedding_scale, false);
        ml.get_key(LLM_KV_LOOP_NORMALIZE,       normalize,       false);
    }

    ml.get_key(LLM_KV_LOOP_POSITION_OFFSET, position_offset, false);

    std::string gate_input = "query";
    ml.get_key(LLM_KV_LOOP_GATE_INPUT, gate_input, false);

    gate_hidden = gate_input == "hidden";

    if (position_offset > 1) {
        throw std::runtime_error(format("looped model with invalid metadata: loop.position_offset = %u", position_offset));
    }

    if (gate_input != "query" && gate_input != "hidden") {
        throw std::runtime_error(format("looped model with invalid metadata: loop.gate_input = %s", gate_input.c_str()));
    }

    if (!std::isfinite(embedding_scale) || !std::isfinite(hidden_scale)) {
        throw std::runtime_error("looped model with invalid metadata: loop.embedding_scale or loop.hidden_scale");
    }

    type = LLM_TYPE_UNKNOWN;
}

void llama_model_iquestloopcoder::load_arch_tensors(llama_model_loader &) {
    LLAMA_LOAD_LOCALS;

    const int n_phys = hparams.n_layer_phys();

    tok_embd = create_tensor(tn(LLM_TENSOR_TOKEN_EMBD, "weight"), {n_embd, n_vocab}, 0);

    output_norm = create_tensor(tn(LLM_TENSOR_OUTPUT_NORM, "weight"), {n_embd}, 0);
    output      = create_tensor(tn(LLM_TENSOR_OUTPUT,      "weight"), {n_embd, n_vocab}, TENSOR_NOT_REQUIRED);
    if (output == NULL) {
        output = create_tensor(tn(LLM_TENSOR_TOKEN_EMBD, "weight"), {n_embd, n_vocab}, TENSOR_DUPLICATED);
    }

    // a file may hold an exit head: it is read past, since no graph uses it
    create_tensor(tn(LLM_TENSOR_LOOP_EXIT, "weight"), {n_embd, 1}, TENSOR_NOT_REQUIRED);
    create_tensor(tn(LLM_TENSOR_LOOP_EXIT, "bias"),   {1},         TENSOR_NOT_REQUIRED);

    loop_layers.resize(n_phys);

    for (int i = 0; i < n_phys; ++i) {
        auto & layer = layers[i];

        layer.attn_norm = create_tensor(tn(LLM_TENSOR_ATTN_NORM, "weight", i), {n_embd}, 0);

        layer.wq   = create_tensor(tn(LLM_TENSOR_ATTN_Q, "weight", i), {n_embd, n_embd_head_k * n_head}, 0);
        layer.wk   = create_tensor(tn(LLM_TENSOR_ATTN_K, "weight", i), {n_embd, n_embd_k_gqa},           0);
        layer.wv   = create_tensor(tn(LLM_TENSOR_ATTN_V, "weight", i), {n_embd, n_embd_v_gqa},           0);
        layer.wq_b = create_tensor(tn(LLM_TENSOR_ATTN_Q, "bias",   i), {n_embd_head_k * n_head}, TENSOR_NOT_REQUIRED);
        layer.wk_b = create_tensor(tn(LLM_TENSOR_ATTN_K, "bias",   i), {n_embd_k_gqa},           TENSOR_NOT_REQUIRED);
        layer.wv_b = create_tensor(tn(LLM_TENSOR_ATTN_V, "bias",   i), {n_embd_v_gqa},           TENSOR_NOT_REQUIRED);
        layer.wo   = create_tensor(tn(LLM_TENSOR_ATTN_OUT, "weight", i), {n_embd_head_k * n_head, n_embd}, 0);
        layer.wo_b = create_tensor(tn(LLM_TENSOR_ATTN_OUT, "bias",   i), {n_embd}, TENSOR_NOT_REQUIRED);

        layer.rope_freqs = create_tensor(tn(LLM_TENSOR_ROPE_FREQS, "weight", i), {n_rot/2},
                TENSOR_NOT_REQUIRED | (i != 0 ? TENSOR_DUPLICATED : 0));

        layer.ffn_norm = create_tensor(tn(LLM_TENSOR_FFN_NORM, "weight", i), {n_embd}, 0);
        layer.ffn_gate = create_tensor(tn(LLM_TENSOR_FFN_GATE, "weight", i), {n_embd,   n_ff}, 0);
        layer.ffn_down = create_tensor(tn(LLM_TENSOR_FFN_DOWN, "weight", i), {  n_ff, n_embd}, 0);
        layer.ffn_up   = create_tensor(tn(LLM_TENSOR_FFN_UP,   "weight", i), {n_embd,   n_ff}, 0);

        // the gates are unused in a model with a single pass, but may be in its file
        const int flags = hparams.n_loop > 1 ? 0 : TENSOR_NOT_REQUIRED;

        auto & loop_layer = loop_layers[i];

        const int64_t n_embd_gate = gate_hidden ? n_embd : n_embd_head_k;

        loop_layer.gate   = create_tensor(tn(LLM_TENSOR_LOOP_GATE, "weight", i), {n_embd_gate, n_head}, flags);
        loop_layer.gate_b = create_tensor(tn(LLM_TENSOR_LOOP_GATE, "bias",   i), {n_head},              flags);

        if (gate_hidden) {
            loop_layer.gate_norm = create_tensor(tn(LLM_TENSOR_LOOP_GATE_NORM, "weight", i), {n_embd}, flags);
        }
    }

    // the passes share the weights; what the loader and the caches look up by logical layer has to be found
    for (int il = n_phys; il < (int) hparams.n_layer_all; ++il) {
        layers[il] = layers[il % n_phys];
    }
}

std::unique_ptr<llm_graph_context> llama_model_iquestloopcoder::build_arch_graph(const llm_graph_params & params) const {
    return std::make_unique<graph>(*this, params);
}

// all but the first n_skip rows of a matrix
static ggml_tensor * view_last(ggml_context * ctx, ggml_tensor * cur, int64_t n_skip) {
    return n_skip == 0 ? cur : ggml_view_2d(ctx, cur, cur->ne[0], cur->ne[1] - n_skip, cur->nb[1], n_skip*cur->nb[1]);
}

// all but the first n_skip values of a vector
static ggml_tensor * view_last_values(ggml_context * ctx, ggml_tensor * cur, int64_t n_skip) {
    return n_skip == 0 || !cur ? cur : ggml_view_1d(ctx, cur, cur->ne[0] - n_skip, n_skip*cur->nb[0]);
}

// rows of one pass out of the stacked rows of several
static ggml_tensor * view_rows(ggml_context * ctx, ggml_tensor * cur, int64_t n_rows, int i) {
    return ggml_view_2d(ctx, cur, cur->ne[0], n_rows, cur->nb[1], i*n_rows*cur->nb[1]);
}

// for each token the row of the stored pass outputs that belongs to the position before it
class llm_graph_input_loop_carry : public llm_graph_input_i {
public:
    llm_graph_input_loop_carry(const llama_kv_cache_loop_context * mctx) : mctx(mctx) {}
    virtual ~llm_graph_input_loop_carry() = default;

    void set_input(const llama_ubatch * ubatch) override {
        if (idxs->buffer) {
            mctx->get_loop()->set_input_carry_idxs(idxs, ubatch);
        }
    }

    bool can_reuse(const llm_graph_params & params) override {
        mctx = static_cast<const llama_kv_cache_loop_context *>(params.mctx);

        return idxs->ne[0] == params.ubatch.n_tokens;
    }

    ggml_tensor * idxs = nullptr; // I32 [n_batch]

    const llama_kv_cache_loop_context * mctx;
};

// rows before those with logits, if these are the last ones of a single sequence, else 0
static int64_t n_before_outputs(const llama_ubatch & ubatch, int64_t n_outputs) {
    if (ubatch.n_seqs_unq != 1 || !ubatch.output) {
        return 0;
    }

    const int64_t n_before = (int64_t) ubatch.n_tokens - n_outputs;

    return std::count(ubatch.output, ubatch.output + n_before, 0) == n_before ? n_before : 0;
}

// the graph depends on which rows have logits
class llm_graph_input_loop_last_rows : public llm_graph_input_i {
public:
    llm_graph_input_loop_last_rows(int64_t n_before) : n_before(n_before) {}
    virtual ~llm_graph_input_loop_last_rows() = default;

    void set_input(const llama_ubatch *) override {}

    bool can_reuse(const llm_graph_params & params) override {
        return n_before_outputs(params.ubatch, params.n_outputs) == n_before;
    }

    const int64_t n_before;
};

ggml_tensor * llama_model_iquestloopcoder::graph::build_proj(
        ggml_tensor * w,
        ggml_tensor * w_b,
        ggml_tensor * w_s,
        ggml_tensor * cur,
            int64_t   n_head_cur) const {
    cur = build_lora_mm(w, cur, w_s);
    if (w_b) {
        cur = ggml_add(ctx0, cur, w_b);
    }

    return ggml_reshape_3d(ctx0, cur, n_embd_head_k, n_head_cur, cur->ne[1]);
}

ggml_tensor * llama_model_iquestloopcoder::graph::build_pos(ggml_tensor * cur, ggml_tensor * pos, int il) const {
    if (rope_type == LLAMA_ROPE_TYPE_NONE) {
        return cur;
    }

    return ggml_rope_ext(
            ctx0, cur, pos, model.get_rope_factors(cparams, il),
            n_rot, rope_type, n_ctx_orig, freq_base, freq_scale,
            ext_factor, attn_factor, beta_fast, beta_slow);
}

// sigmoid of the gate's score, [1, n_head, n_tokens]
ggml_tensor * llama_model_iquestloopcoder::graph::build_gate(ggml_tensor * q_cur, ggml_tensor * inpL, int il) const {
    const auto & layer = model.loop_layers[il % hparams.n_layer_phys()];

    // converted files may hold quantized gates
    ggml_tensor * gate = layer.gate;
    if (gate->type != GGML_TYPE_F32) {
        gate = ggml_cast(ctx0, gate, GGML_TYPE_F32);
    }

    ggml_tensor * gate_b = layer.gate_b;
    if (gate_b->type != GGML_TYPE_F32) {
        gate_b = ggml_cast(ctx0, gate_b, GGML_TYPE_F32);
    }

    ggml_tensor * cur;

    if (model.gate_hidden) {
        cur = build_norm(inpL, layer.gate_norm, NULL, LLM_NORM_RMS, il);
        cb(cur, "loop_gate_norm", il);

        cur = ggml_mul_mat(ctx0, gate, cur);
        cur = ggml_reshape_3d(ctx0, cur, 1, n_head, cur->ne[1]);
    } else {
        // queries of "llama" files are in the interleaved layout, but the gate was left in the split one:
        //   element j*n_embd_head/2 + i of the gate belongs to element 2*i + j of the query
        if (rope_type == LLAMA_ROPE_TYPE_NORM) {
            gate = ggml_reshape_3d(ctx0, gate, n_embd_head_k/2, 2, n_head);
            gate = ggml_cont(ctx0, ggml_permute(ctx0, gate, 1, 0, 2, 3));
            gate = ggml_reshape_2d(ctx0, gate, n_embd_head_k, n_head);
        }

        cur = ggml_sum_rows(ctx0, ggml_mul(ctx0, q_cur, gate));
    }

    cur = ggml_add(ctx0, cur, ggml_reshape_2d(ctx0, gate_b, 1, n_head));
    cur = ggml_sigmoid(ctx0, cur);
    cb(cur, "loop_gate", il);

    return cur;
}

// stores keys and values that no query of this batch reads
void llama_model_iquestloopcoder::graph::build_store(ggml_tensor * k_cur, ggml_tensor * v_cur, int il) const {
    const bool is_swa = hparams.is_swa(il);

    const auto * inp = inp_attn_loop;

    if (ggml_tensor * rot = is_swa ? inp->self_k_rot_swa : inp->self_k_rot) {
        k_cur = llama_mul_mat_hadamard(ctx0, k_cur, rot);
    }
    if (ggml_tensor * rot = is_swa ? inp->self_v_rot_swa : inp->self_v_rot) {
        v_cur = llama_mul_mat_hadamard(ctx0, v_cur, rot);
    }

    const auto * mctx_cur = is_swa ? inp->mctx->get_swa() : inp->mctx->get_base();

    ggml_build_forward_expand(gf, mctx_cur->cpy_k(ctx0, k_cur, is_swa ? inp->get_k_idxs_swa() : inp->get_k_idxs(), il));
    ggml_build_forward_expand(gf, mctx_cur->cpy_v(ctx0, v_cur, is_swa ? inp->get_v_idxs_swa() : inp->get_v_idxs(), il));
}

// the attention of a pass after the first
ggml_tensor * llama_model_iquestloopcoder::graph::build_mixed(
        ggml_tensor * q_cur,
        ggml_tensor * k_cur,
        ggml_tensor * v_cur,
        ggml_tensor * inpL,
              float   kq_scale,
                int   il) const {
    // no keys and values of its own: reads what pass 1 stored for this layer
    ggml_tensor * global = build_attn(inp_attn_loop, NULL, NULL, NULL,
            q_cur, nullptr, nullptr, nullptr, nullptr, nullptr, kq_scale, il % hparams.n_layer_phys());
    cb(global, "attn_global", il);

    ggml_tensor * local = build_attn(inp_attn_loop, NULL, NULL, NULL,
            q_cur, k_cur, v_cur, nullptr, nullptr, nullptr, kq_scale, il);
    cb(local, "attn_local", il);

    ggml_tensor * gate = build_gate(q_cur, inpL, il);

    // gate * global + (1 - gate) * local
    global = ggml_reshape_3d(ctx0, global, n_embd_head_v, n_head, q_cur->ne[2]);
    local  = ggml_reshape_3d(ctx0, local,  n_embd_head_v, n_head, q_cur->ne[2]);

    ggml_tensor * cur = ggml_add(ctx0, local, ggml_mul(ctx0, ggml_sub(ctx0, global, local), gate));
    cur = ggml_reshape_2d(ctx0, cur, n_embd_head_v*n_head, q_cur->ne[2]);
    cb(cur, "attn_mixed", il);

    return cur;
}

ggml_tensor * llama_model_iquestloopcoder::graph::build_layer(
        ggml_tensor * inpL,
                int   il,
                int   n_stack,
            int64_t   n_skip,
        ggml_tensor * inp_out_ids) const {
    const int n_phys = hparams.n_layer_phys();

    const auto & layer = model.layers[il % n_phys];

    const float kq_scale = hparams.f_attention_scale == 0.0f ? 1.0f/sqrtf(float(n_embd_head_k)) : hparams.f_attention_scale;

    ggml_tensor * cur = build_norm(inpL, layer.attn_norm, NULL, LLM_NORM_RMS, il);
    cb(cur, "attn_norm", il);

    // rows whose keys and values alone are needed
    inpL = view_last(ctx0, inpL, n_skip);

    ggml_tensor * inpSA = inpL;

    if (inpL->ne[1] == 0 && n_skip > 0) {
        ggml_tensor * k_cur = build_proj(layer.wk, layer.wk_b, layer.wk_s, cur, n_head_kv);
        ggml_tensor * v_cur = build_proj(layer.wv, layer.wv_b, layer.wv_s, cur, n_head_kv);

        build_store(build_pos(k_cur, inp_pos, il), v_cur, il);

        return inpL;
    }

    // self-attention
    {
        ggml_tensor * q_all = build_proj(layer.wq, layer.wq_b, layer.wq_s, view_last(ctx0, cur, n_skip), n_head);
        ggml_tensor * k_all = build_proj(layer.wk, layer.wk_b, layer.wk_s, cur, n_head_kv);
        ggml_tensor * v_all = build_proj(layer.wv, layer.wv_b, layer.wv_s, cur, n_head_kv);

        cur = nullptr;

        for (int i = 0; i < n_stack; ++i) {
            const int il_cur = il + i*n_phys;

            const auto rows = [&](ggml_tensor * t) {
                return n_stack == 1 ? t :
                    ggml_view_3d(ctx0, t, t->ne[0], t->ne[1], n_tokens, t->nb[1], t->nb[2], i*n_tokens*t->nb[2]);
            };

            ggml_tensor * Qcur = build_pos(rows(q_all), view_last_values(ctx0, inp_pos, n_skip), il_cur);
            ggml_tensor * Kcur = build_pos(rows(k_all), inp_pos, il_cur);
            ggml_tensor * Vcur = rows(v_all);

            cb(Qcur, "Qcur", il_cur);
            cb(Kcur, "Kcur", il_cur);
            cb(Vcur, "Vcur", il_cur);

            ggml_tensor * out;

            if (inp_attn) {
                out = build_attn(inp_attn, NULL, NULL, NULL,
                        Qcur, Kcur, Vcur, nullptr, nullptr, nullptr, kq_scale, il_cur);
            } else if (il_cur < n_phys) {
                out = build_attn(inp_attn_loop, NULL, NULL, NULL,
                        Qcur, Kcur, Vcur, nullptr, nullptr, nullptr, kq_scale, il_cur);
            } else {
                ggml_tensor * inp_cur = n_stack == 1 ? inpL : view_rows(ctx0, inpL, n_tokens, i);

                out = build_mixed(Qcur, Kcur, Vcur, inp_cur, kq_scale, il_cur);
            }

            cur = cur ? ggml_concat(ctx0, cur, out, 1) : out;
        }
    }

    if (inp_out_ids) {
        cur   = ggml_get_rows(ctx0, cur,   inp_out_ids);
        inpSA = ggml_get_rows(ctx0, inpSA, inp_out_ids);
    }

    cur = build_lora_mm(layer.wo, cur, layer.wo_s);
    if (layer.wo_b) {
        cur = ggml_add(ctx0, cur, layer.wo_b);
    }
    cb(cur, "attn_out", il);

    ggml_tensor * ffn_inp = ggml_add(ctx0, cur, inpSA);
    cb(ffn_inp, "ffn_inp", il);

    cur = build_norm(ffn_inp, layer.ffn_norm, NULL, LLM_NORM_RMS, il);
    cb(cur, "ffn_norm", il);

    cur = build_ffn(cur,
            layer.ffn_up,   layer.ffn_up_b,   layer.ffn_up_s,
            layer.ffn_gate, layer.ffn_gate_b, layer.ffn_gate_s,
            layer.ffn_down, layer.ffn_down_b, layer.ffn_down_s,
            NULL, LLM_FFN_SILU, LLM_FFN_PAR, il);
    cb(cur, "ffn_out", il);

    cur = ggml_add(ctx0, cur, ffn_inp);
    cur = build_cvec(cur, il);
    cb(cur, "l_out", il);

    return cur;
}

// stores the output of a pass for the positions after these, and returns the tensor to read it from
ggml_tensor * llama_model_iquestloopcoder::graph::build_carry(ggml_tensor * out, ggml_tensor * idxs, int pass) const {
    const auto * loop = static_cast<const llama_kv_cache_loop_context *>(mctx)->get_loop();

    ggml_tensor * carry = ggml_set_rows(ctx0, loop->get_carry(pass), out, idxs);
    ggml_build_forward_expand(gf, carry);

    return carry;
}

ggml_tensor * llama_model_iquestloopcoder::graph::build_start(ggml_tensor * inp_embd, ggml_tensor * prev, int pass) const {
    ggml_tensor * cur = prev;

    if (model.hidden_scale != 1.0f) {
        cur = ggml_scale(ctx0, cur, model.hidden_scale);
    }

    if (model.embedding_scale != 0.0f) {
        cur = ggml_add(ctx0, ggml_scale(ctx0, inp_embd, model.embedding_scale), cur);
    }

    cb(cur, "loop_start", pass*hparams.n_layer_phys());

    return cur;
}

// rows before the first that logical layer il has to have, see llama_loop_set_range()
int64_t llama_model_iquestloopcoder::graph::n_unneeded(int il) const {
    const int n_phys = hparams.n_layer_phys();

    // the rows have to be a run of positions
    if (cparams.loop_apex < 0 || il < n_phys || n_before == 0 ||
            ubatch.pos[n_tokens - 1] - ubatch.pos[0] != (llama_pos) n_tokens - 1) {
        return 0;
    }

    const int64_t n_window = std::max<int64_t>(hparams.n_swa, 1) - 1;

    // where outputs are taken over from the position before, each pass begins one position later
    const int64_t n_offset = model.position_offset > 0 ? hparams.n_loop - il/n_phys : 0;
    const int64_t first    = cparams.loop_apex - (n_layer - il)*n_window - n_offset;

    return std::clamp<int64_t>(first - ubatch.pos[0], 0, n_before);
}

llama_model_iquestloopcoder::graph::graph(const llama_model_iquestloopcoder & model, const llm_graph_params & params) :
        llm_graph_context(params), model(model) {
    const int n_loop   = hparams.n_loop;
    const int il_begin = cparams.loop_begin;

    int il_end = cparams.loop_end > 0 ? cparams.loop_end : (int) n_layer;

    has_carry = n_loop > 1 && model.position_offset > 0;
    all_rows  = cparams.embeddings_nextn && !cparams.embeddings_nextn_masked;

    // the passes of one token of each sequence can run side by side: what they start from lies before this batch
    const bool is_stacked = has_carry && il_begin == 0 && il_end == n_layer && ubatch.n_seqs_unq == ubatch.n_tokens;

    if (n_loop > 1 && !is_stacked && !all_rows) {
        n_before = n_before_outputs(ubatch, n_outputs);
    }

    // layers of which no row is needed
    while (il_end > std::max(il_begin, (int) hparams.n_layer_phys()) && n_unneeded(il_end - 1) == n_tokens) {
        --il_end;
    }

    ggml_tensor * inp_embd = build_inputs();

    ggml_tensor * cur = is_stacked ? build_stacked(inp_embd) : build_layers(inp_embd, il_begin, il_end);

    if (cparams.embeddings_nextn) {
        res->t_h_nextn = cur;
    }

    if (all_rows) {
        cur = ggml_get_rows(ctx0, cur, inp_out_ids);
    }

    cur = build_norm(cur, model.output_norm, NULL, LLM_NORM_RMS, -1);
    cb(cur, "result_norm", -1);
    res->t_embd = cur;

    cur = build_lora_mm(model.output, cur, model.output_s);
    cb(cur, "result_output", -1);
    res->t_logits = cur;

    ggml_build_forward_expand(gf, cur);
}

// the embeddings; all other inputs become members
ggml_tensor * llama_model_iquestloopcoder::graph::build_inputs() {
    ggml_tensor * inp_embd = build_inp_embd(model.tok_embd);

    if (rope_type != LLAMA_ROPE_TYPE_NONE) {
        inp_pos = build_inp_pos();
    }

    if (hparams.n_loop > 1) {
        inp_attn_loop = build_attn_inp_kv_iswa();
    } else {
        inp_attn = build_attn_inp_kv();
    }

    if (has_carry) {
        auto inp = std::make_unique<llm_graph_input_loop_carry>(static_cast<const llama_kv_cache_loop_context *>(mctx));

        inp->idxs = ggml_new_tensor_1d(ctx0, GGML_TYPE_I32, n_tokens);
        ggml_set_input(inp->idxs);
        inp_carry_idxs = inp->idxs;

        res->add_input(std::move(inp));
    }

    if (n_before > 0) {
        res->add_input(std::make_unique<llm_graph_input_loop_last_rows>(n_before));
    } else {
        inp_out_ids = build_inp_out_ids();
    }

    return inp_embd;
}

// the output of a pass, as the next one starts from it
ggml_tensor * llama_model_iquestloopcoder::graph::build_out(ggml_tensor * cur) const {
    return model.normalize ? build_norm(cur, model.output_norm, NULL, LLM_NORM_RMS, -1) : cur;
}

// all passes as rows of one batch
ggml_tensor * llama_model_iquestloopcoder::graph::build_stacked(ggml_tensor * inp_embd) {
    const int n_loop = hparams.n_loop;

    const auto * loop = static_cast<const llama_kv_cache_loop_context *>(mctx)->get_loop();

    ggml_tensor * cur = inp_embd;

    for (int pass = 1; pass < n_loop; ++pass) {
        ggml_tensor * prev = ggml_get_rows(ctx0, loop->get_carry(pass - 1), inp_carry_idxs);

        cur = ggml_concat(ctx0, cur, build_start(inp_embd, prev, pass), 1);
    }

    for (int il = 0; il < (int) hparams.n_layer_phys(); ++il) {
        cur = build_layer(cur, il, n_loop, 0, nullptr);
    }

    for (int pass = 1; pass < n_loop; ++pass) {
        build_carry(build_out(view_rows(ctx0, cur, n_tokens, pass - 1)), inp_attn_loop->get_k_idxs_swa(), pass - 1);
    }

    cur = view_rows(ctx0, cur, n_tokens, n_loop - 1);

    return all_rows ? cur : ggml_get_rows(ctx0, cur, inp_out_ids);
}

// the passes one after the other, each over the rows that are needed of it
ggml_tensor * llama_model_iquestloopcoder::graph::build_layers(ggml_tensor * inp_embd, int il_begin, int il_end) {
    const int n_phys = hparams.n_layer_phys();

    const llm_graph_input_attn_kv_iswa * inp_all = inp_attn_loop;

    ggml_tensor * inp_pos_all = inp_pos;

    // the inputs of attention, without the rows that a layer leaves out
    std::unique_ptr<llm_graph_input_attn_kv_iswa> inp_last;

    ggml_tensor * cur = inp_embd;

    int64_t n_skip = 0; // rows of the batch before those of cur

    for (int il = il_begin; il < il_end; ++il) {
        if (il > il_begin && il % n_phys == 0) {
            const int pass = il / n_phys;

            cur = build_out(cur);
            if (has_carry) {
                ggml_tensor * carry = build_carry(cur, view_last_values(ctx0, inp_all->get_k_idxs_swa(), n_skip), pass - 1);

                cur = ggml_get_rows(ctx0, carry, view_last_values(ctx0, inp_carry_idxs, n_skip));
            }
            cur = build_start(view_last(ctx0, inp_embd, n_skip), cur, pass);
        }

        const bool is_last = il == il_end - 1;

        // a layer has the rows whose keys and values are needed, and passes on those that the next one has
        const int64_t n_skip_in  = std::max(n_skip, n_unneeded(il));
        const int64_t n_skip_out = std::max(n_skip_in, is_last ? n_before : n_unneeded(il + 1) - (has_carry && (il + 1) % n_phys == 0));

        if (n_skip_out > 0) {
            if (!inp_last) {
                inp_last = std::make_unique<llm_graph_input_attn_kv_iswa>(*inp_all);
                inp_attn_loop = inp_last.get();
            }
            view_inputs(*inp_all, *inp_last, n_skip_in, n_skip_out);
            inp_pos = view_last_values(ctx0, inp_pos_all, n_skip_in);
        }

        cur    = view_last(ctx0, cur, n_skip_in - n_skip);
        cur    = build_layer(cur, il, 1, n_skip_out - n_skip_in, is_last && !all_rows ? inp_out_ids : nullptr);
        n_skip = n_skip_out;
    }

    // the views end with this function
    inp_attn_loop = nullptr;

    return cur;
}

// the inputs of attention without the first rows: keys and values of n_skip_in rows, queries of n_skip_out
void llama_model_iquestloopcoder::graph::view_inputs(
        const llm_graph_input_attn_kv_iswa & all, llm_graph_input_attn_kv_iswa & last, int64_t n_skip_in, int64_t n_skip_out) const {
    const auto view_idxs = [&](ggml_tensor * idxs) {
        return view_last_values(ctx0, idxs, n_skip_in*(idxs->ne[0]/n_tokens));
    };

    // a table of positions lists all rows of the batch, see ggml-flash-attn-alibi.h
    const auto view_mask = [&](ggml_tensor * mask) {
        return mask->type == GGML_TYPE_I32 ? mask : view_last(ctx0, mask, n_skip_out);
    };

    last.self_k_idxs_swa      = view_idxs(all.self_k_idxs_swa);
    last.self_v_idxs_swa      = view_idxs(all.self_v_idxs_swa);
    last.self_kq_mask_cnv     = view_mask(all.self_kq_mask_cnv);
    last.self_kq_mask_swa_cnv = view_mask(all.self_kq_mask_swa_cnv);
}
