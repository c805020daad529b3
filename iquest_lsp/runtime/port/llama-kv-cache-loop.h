#pragma once

#include "llama-kv-cache-iswa.h"

#include <array>
#include <vector>

//
// llama_kv_cache_loop
//

// memory of a looped model: the base cache holds the keys and values of pass 1 for all positions, the SWA cache those
//   of the passes after it, for the local window and a margin to rewind into
//
// a call runs a range of the logical layers (see set_range):
//   - a call that stops after pass 1 claims no cells in the SWA cache: positions whose further passes were not run are
//     absent there
//   - a call that starts after pass 1 gets the outputs of that pass as embeddings and claims no cells in the base cache
//   - a call that starts a pass at a position that does not continue the SWA cache drops everything before it, so that
//     the SWA cache never has a hole
//
// dropping and evicting cells makes the passes after the first inexact for a while. exact_from() tells from which
//   position on they equal those of a computation from scratch:
//   a layer j of these passes is exact from v_j + (n - j)*(n_swa - 1) on, if its cells are there from v_j on and n is
//   the number of their layers

class llama_kv_cache_loop : public llama_kv_cache_iswa {
public:
    llama_kv_cache_loop(
            const llama_model & model,
                    ggml_type   type_k,
                    ggml_type   type_v,
                         bool   v_trans,
                         bool   offload,
                         bool   swa_full,
                         bool   unified,
                     uint32_t   kv_size,
                     uint32_t   n_seq_max,
                     uint32_t   n_ubatch,
                     uint32_t   n_pad,
                     uint32_t   n_margin,
                         bool   carry);

    //
    // llama_memory_i
    //

    llama_memory_context_ptr init_batch(
            llama_batch_allocr & balloc,
            uint32_t n_ubatch,
            bool embd_all) override;

    llama_memory_context_ptr init_full() override;

    bool get_can_shift() const override;

    void clear(bool data) override;

    bool seq_rm  (llama_seq_id seq_id,                              llama_pos p0, llama_pos p1) override;
    void seq_cp  (llama_seq_id seq_id_src, llama_seq_id seq_id_dst, llama_pos p0, llama_pos p1) override;
    void seq_keep(llama_seq_id seq_id)                                                          override;
    void seq_add (llama_seq_id seq_id,                              llama_pos p0, llama_pos p1, llama_pos shift) override;

    llama_pos seq_pos_min(llama_seq_id seq_id) const override;
    llama_pos seq_pos_max(llama_seq_id seq_id) const override;

    std::map<ggml_backend_buffer_type_t, size_t> memory_breakdown() const override;

    void state_write(llama_io_write_i & io, llama_seq_id seq_id = -1, llama_state_seq_flags flags = 0) const override;
    void state_read (llama_io_read_i  & io, llama_seq_id seq_id = -1, llama_state_seq_flags flags = 0) override;

    //
    // llama_kv_cache_loop specific API
    //

    // logical layers [il_begin, il_end) that the following calls run
    // cells of a range that ends before the last layer are dropped when a call goes further
    // with an apex, calls leave out what outputs from that position on do not depend on, or -1
    void set_range(uint32_t il_begin, uint32_t il_end, llama_pos apex);

    // the first position whose output is exact, if the next call runs all layers from position pos on
    llama_pos exact_from(llama_seq_id seq_id, llama_pos pos) const;

    // output of pass r, by the SWA cell of its position, [n_embd, n_cells + 1]; the last row is zero
    ggml_tensor * get_carry(uint32_t pass) const;

    // distance from a gap in the SWA cache to the next exact position
    llama_pos reach() const;

    // for each token the row of the carry that belongs to the position before it
    void set_input_carry_idxs(ggml_tensor * dst, const llama_ubatch * ubatch) const;

    // positions of a batch before the base of the triangle have no cells in the SWA cache
    void trim(const llama_ubatch & ubatch);

private:
    const llama_hparams & hparams;

    const bool unified;

    const uint32_t n_phys;  // physical layers
    const uint32_t n_layer; // logical layers
    const uint32_t n_seqs;

    uint32_t  il_begin = 0;
    uint32_t  il_end   = 0;
    llama_pos apex     = -1;

    struct seq_state {
        llama_pos exact = 0; // exact from this position on

        // positions before this one ran fewer than all passes, the last of them ending with layer partial_end
        llama_pos partial_pos = 0;
        uint32_t  partial_end = 0;
    };

    std::array<seq_state, LLAMA_MAX_SEQ> seqs;

    // outputs of the passes that the next position starts from
    std::vector<ggml_tensor *> carry; // [n_loop - 1]
    ggml_context_ptr           carry_ctx;
    ggml_backend_buffer_ptr    carry_buf;

    void begin_seq(llama_seq_id seq_id, llama_pos p0, llama_pos p1);

    // a place in the cache that is read, but not written
    static llama_kv_cache::slot_info view(const llama_kv_cache * kv, const llama_ubatch & ubatch);
};

class llama_kv_cache_loop_context : public llama_kv_cache_iswa_context {
public:
    // used for errors
    llama_kv_cache_loop_context(llama_memory_status status) :
        llama_kv_cache_iswa_context(status), kv(nullptr) {}

    // used to create a full-cache context
    llama_kv_cache_loop_context(llama_kv_cache_loop * kv) :
        llama_kv_cache_iswa_context(kv), kv(kv) {}

    // used to create a batch processing context from a batch
    llama_kv_cache_loop_context(
            llama_kv_cache_loop * kv,
            slot_info_vec_t sinfos_base,
            slot_info_vec_t sinfos_swa,
            std::vector<llama_ubatch> ubatches) :
        llama_kv_cache_iswa_context(kv, std::move(sinfos_base), std::move(sinfos_swa), std::move(ubatches)), kv(kv) {}

    bool apply() override;

    const llama_kv_cache_loop * get_loop() const {
        return kv;
    }

private:
    llama_kv_cache_loop * kv;
};

//
// C API of the looped models, for the bindings
//

#ifdef __cplusplus
extern "C" {
#endif

// passes over the layers, 1 for models that are not looped
LLAMA_API int32_t llama_loop_n_pass(const struct llama_model * model);

// layers that have weights of their own
LLAMA_API int32_t llama_loop_n_layer(const struct llama_model * model);

// cells to keep of the local caches beyond the window, for contexts created from now on
LLAMA_API void llama_loop_set_margin(struct llama_model * model, uint32_t n_cells);

// run the logical layers [il_begin, il_end) in the following calls to llama_decode: il_begin is 0 for batches of tokens
//   or the first layer of a pass for batches of embeddings, which then are the output of the pass before it
// positions that ran fewer layers are forgotten by the local caches when a later call runs more
// apex: outputs are needed from this position on only, -1 for all; in the calls over the positions before it, each layer
//   of the later passes then leaves out those that lie more than the windows of the layers above it before the apex
//   (a triangle instead of a rectangle, its base llama_loop_reach() positions wide)
// false if the model or the range does not allow it
LLAMA_API bool llama_loop_set_range(struct llama_context * ctx, int32_t il_begin, int32_t il_end, llama_pos apex);

// the first position whose output is exact if a call that runs all layers starts at pos
LLAMA_API llama_pos llama_loop_exact_from(const struct llama_context * ctx, llama_seq_id seq_id, llama_pos pos);

// if the passes after the first start anew at a position, outputs are exact so many positions later
LLAMA_API llama_pos llama_loop_reach(const struct llama_context * ctx);

// first and last position that the local cache holds of a sequence, -1 if there is none
LLAMA_API llama_pos llama_loop_pos_min(const struct llama_context * ctx, llama_seq_id seq_id);
LLAMA_API llama_pos llama_loop_pos_max(const struct llama_context * ctx, llama_seq_id seq_id);

// bytes of all caches of the context
LLAMA_API uint64_t llama_loop_memory_size(const struct llama_context * ctx);

// the output of the last executed pass before the final norm, for the rows with logits
LLAMA_API void    llama_loop_set_hidden(struct llama_context * ctx, bool value);
LLAMA_API float * llama_loop_get_hidden(struct llama_context * ctx, int32_t i);

#ifdef __cplusplus
}
#endif
