#include "models.h"

// IQuestLoopCoder: the layers of a Llama decoder, run n_loop times over the same tokens.
// Pass 1 is a plain decoder pass. In every further pass the attention of a layer is a per-head mix of
//   A: the pass' queries over the keys and values of pass 1 of the same layer (full cache)
//   B: the pass' queries over the pass' own keys and values, within a local window (sliding cache)
// Layer il of the graph and of the caches is a logical layer: physical layer il % n_phys in pass il / n_phys.

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

    exit   = create_tensor(tn(LLM_TENSOR_LOOP_EXIT, "weight"), {n_embd, 1}, TENSOR_NOT_REQUIRED);
    exit_b = create_tensor(tn(LLM_TENSOR_LOOP_EXIT, "bias"),   {1},         TENSOR_NOT_REQUIRED);

    loop_layers.resize(n_phys);

    for (int i = 0; i < n_phys; ++i) {
        auto & layer = layers[i];

        layer.attn_norm = create_tensor(tn(LLM_TENSOR_ATTN_NORM, "weight", i), {n_embd}, 0);

        create_tensor_qkv(layer, i, n_embd, n_embd_head_k * n_head, n_embd_k_gqa, n_embd_v_gqa, 0);
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

ggml_tensor * llama_model_iquestloopcoder::graph::build_pos(ggml_tensor * cur, ggml_tensor * inp_pos, int il) const {
    if (rope_type == LLAMA_ROPE_TYPE_NONE) {
        return cur;
    }

    return ggml_rope_ext(
            ctx0, cur, inp_pos, model.get_rope_factors(cparams, il),
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
        cur = ggml_reshape_3d(ctx0, cur, 1, n_head, n_tokens);
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

llama_model_iquestloopcoder::graph::graph(const llama_model_iquestloopcoder & model, const llm_graph_params & params) :
        llm_graph_context(params), model(model) {
    const int64_t n_embd_head = hparams.n_embd_head_v();
    GGML_ASSERT(n_embd_head == hparams.n_embd_head_k());

    const int n_phys = hparams.n_layer_phys();

    ggml_tensor * cur;
    ggml_tensor * inpL;

    inpL = build_inp_embd(model.tok_embd);

    ggml_tensor * inp_pos = rope_type == LLAMA_ROPE_TYPE_NONE ? nullptr : build_inp_pos();

    auto * inp_attn      = hparams.n_loop == 1 ? build_attn_inp_kv()      : nullptr;
    auto * inp_attn_loop = hparams.n_loop >  1 ? build_attn_inp_kv_iswa() : nullptr;

    const float kq_scale = hparams.f_attention_scale == 0.0f ? 1.0f/sqrtf(float(n_embd_head)) : hparams.f_attention_scale;

    ggml_tensor * inp_out_ids = build_inp_out_ids();

    for (int il = 0; il < n_layer; ++il) {
        const int il_phys = il % n_phys;

        const auto & layer = model.layers[il_phys];

        ggml_tensor * inpSA = inpL;

        cur = build_norm(inpL, layer.attn_norm, NULL, LLM_NORM_RMS, il);
        cb(cur, "attn_norm", il);

        // self-attention
        {
            auto [Qcur, Kcur, Vcur] = build_qkv(layer, cur, n_embd_head, n_head, n_head_kv, il);

            Qcur = build_pos(Qcur, inp_pos, il);
            Kcur = build_pos(Kcur, inp_pos, il);

            cb(Qcur, "Qcur", il);
            cb(Kcur, "Kcur", il);
            cb(Vcur, "Vcur", il);

            if (hparams.n_loop == 1) {
                cur = build_attn(inp_attn, NULL, NULL, NULL,
                        Qcur, Kcur, Vcur, nullptr, nullptr, nullptr, kq_scale, il);
            } else if (il < n_phys) {
                cur = build_attn(inp_attn_loop, NULL, NULL, NULL,
                        Qcur, Kcur, Vcur, nullptr, nullptr, nullptr, kq_scale, il);
            } else {
                // no keys and values of its own: reads what pass 1 stored for this layer
                ggml_tensor * global = build_attn(inp_attn_loop, NULL, NULL, NULL,
                        Qcur, nullptr, nullptr, nullptr, nullptr, nullptr, kq_scale, il_phys);
                cb(global, "attn_global", il);

                ggml_tensor * local = build_attn(inp_attn_loop, NULL, NULL, NULL,
                        Qcur, Kcur, Vcur, nullptr, nullptr, nullptr, kq_scale, il);
                cb(local, "attn_local", il);

                ggml_tensor * gate = build_gate(Qcur, inpL, il);

                // gate * global + (1 - gate) * local
                global = ggml_reshape_3d(ctx0, global, n_embd_head, n_head, n_tokens);
                local  = ggml_reshape_3d(ctx0, local,  n_embd_head, n_head, n_tokens);

                cur = ggml_add(ctx0, local, ggml_mul(ctx0, ggml_sub(ctx0, global, local), gate));
                cur = ggml_reshape_2d(ctx0, cur, n_embd_head*n_head, n_tokens);
                cb(cur, "attn_mixed", il);
            }
        }

        if (il == n_layer - 1 && inp_out_ids) {
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

        inpL = cur;
    }

    cur = build_norm(inpL, model.output_norm, NULL, LLM_NORM_RMS, -1);
    cb(cur, "result_norm", -1);
    res->t_embd = cur;

    cur = build_lora_mm(model.output, cur, model.output_s);
    cb(cur, "result_output", -1);
    res->t_logits = cur;

    ggml_build_forward_expand(gf, cur);
}
