#include "llama-kv-cache-loop.h"

#include "llama-batch.h"
#include "llama-context.h"
#include "llama-ext.h"
#include "llama-impl.h"
#include "llama-io.h"
#include "llama-model.h"

#include "models/models.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>

//
// llama_kv_cache_loop
//

llama_kv_cache_loop::llama_kv_cache_loop(
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
                     bool   carry) :
    // cells shared by two sequences cannot be reused until one of them lets go, hence a second window for each
    llama_kv_cache_iswa(model, model.hparams, type_k, type_v, v_trans, offload, swa_full, unified,
            kv_size, n_seq_max, n_ubatch, n_pad, nullptr, nullptr, nullptr, nullptr,
            n_margin + (unified ? (n_seq_max - 1)*std::min(model.hparams.n_swa, kv_size) : 0)),
    hparams(model.hparams), unified(unified),
    n_phys(hparams.n_layer_phys()), n_layer(hparams.n_layer()), n_seqs(n_seq_max), il_end(n_layer) {

    if (!carry) {
        return;
    }

    const int64_t n_cells = (int64_t) get_swa()->get_size() * get_swa()->get_n_stream();

    ggml_init_params params = {
        /*.mem_size   =*/ hparams.n_loop*ggml_tensor_overhead(),
        /*.mem_buffer =*/ NULL,
        /*.no_alloc   =*/ true,
    };

    carry_ctx.reset(ggml_init(params));
    if (!carry_ctx) {
        throw std::runtime_error("failed to create ggml context for the pass outputs");
    }

    for (uint32_t r = 1; r < hparams.n_loop; ++r) {
        this->carry.push_back(ggml_new_tensor_2d(carry_ctx.get(), GGML_TYPE_F32, hparams.n_embd, n_cells + 1));
        ggml_format_name(this->carry.back(), "cache_carry_%d", r);
    }

    ggml_backend_buffer_type_t buft = offload ? ggml_backend_dev_buffer_type(model.dev_layer(0)) : ggml_backend_cpu_buffer_type();

    if (hparams.no_alloc) {
        carry_buf.reset(ggml_backend_buft_alloc_buffer(buft, 0));
        for (auto * t : this->carry) {
            t->buffer = carry_buf.get();
        }
    } else {
        carry_buf.reset(ggml_backend_alloc_ctx_tensors_from_buft(carry_ctx.get(), buft));
    }

    if (!carry_buf) {
        throw std::runtime_error("failed to allocate buffer for the pass outputs");
    }

    ggml_backend_buffer_clear(carry_buf.get(), 0);
}

llama_pos llama_kv_cache_loop::reach() const {
    const llama_pos n_window = std::max<llama_pos>(hparams.n_swa, 1) - 1;

    // the first position after a gap starts without the output that its pass would take from the position before it
    return (n_layer - n_phys)*n_window + (carry.empty() ? 0 : hparams.n_loop - 1);
}

void llama_kv_cache_loop::set_range(uint32_t il_begin, uint32_t il_end, llama_pos apex) {
    this->il_begin = il_begin;
    this->il_end   = il_end;
    this->apex     = apex;
}

llama_pos llama_kv_cache_loop::exact_from(llama_seq_id seq_id, llama_pos pos) const {
    if (pos == 0) {
        return 0;
    }

    const auto & seq = seqs[seq_id];

    const llama_pos p_min = get_swa()->seq_pos_min(seq_id);
    const llama_pos p_max = std::min(get_swa()->seq_pos_max(seq_id), pos - 1);

    if (p_min < 0 || p_min > p_max || p_max != pos - 1 || seq.partial_pos > p_min) {
        return pos + reach();
    }

    if (p_min > std::max(0, pos - ((llama_pos) hparams.n_swa - 1))) {
        return std::max(seq.exact, p_min + reach());
    }

    return seq.exact;
}

// prepare the SWA cache and the exact position of a sequence for a call over [p0, p1)
void llama_kv_cache_loop::begin_seq(llama_seq_id seq_id, llama_pos p0, llama_pos p1) {
    auto & seq = seqs[seq_id];

    // cells of fewer passes hold nothing for the layers of the further ones
    if (seq.partial_pos > 0 && il_end > seq.partial_end) {
        get_swa()->seq_rm(seq_id, -1, seq.partial_pos);
        seq.partial_pos = 0;
    }

    seq.exact = exact_from(seq_id, p0);

    if (get_swa()->seq_pos_max(seq_id) != p0 - 1) {
        get_swa()->seq_rm(seq_id, -1, -1);
        seq.partial_pos = 0;
    }

    if (il_end < n_layer) {
        const llama_pos n_window = std::max<llama_pos>(hparams.n_swa, 1) - 1;

        seq.exact = std::max<llama_pos>(seq.exact, p1 + (n_layer - il_end)*n_window + (carry.empty() ? 0 : hparams.n_loop - 1));

        seq.partial_pos = p1;
        seq.partial_end = il_end;
    } else if (p0 < apex) {
        seq.exact = p0 <= apex - reach() ? apex : std::max(seq.exact, apex);
    }
}

llama_kv_cache::slot_info llama_kv_cache_loop::view(const llama_kv_cache * kv, const llama_ubatch & ubatch) {
    llama_kv_cache::slot_info res = {
        /*.s0   =*/ LLAMA_MAX_SEQ,
        /*.s1   =*/ 0,
        /*.strm =*/ { },
        /*.idxs =*/ { },
    };

    const uint32_t n_stream = kv->get_n_stream() == 1 ? 1 : ubatch.n_seqs_unq;

    res.resize(n_stream);

    for (uint32_t s = 0; s < n_stream; ++s) {
        res.strm[s] = kv->get_stream(ubatch.seq_id_unq[s]);
        res.s0 = std::min<uint32_t>(res.s0, res.strm[s]);
        res.s1 = std::max<uint32_t>(res.s1, res.strm[s]);
    }

    return res;
}

llama_memory_context_ptr llama_kv_cache_loop::init_batch(llama_batch_allocr & balloc, uint32_t n_ubatch, bool embd_all) {
    GGML_UNUSED(embd_all);

    const bool write_base = il_begin <  n_phys;
    const bool write_swa  = il_end   >  n_phys;

    // the simple split keeps a batch of one sequence whole; several streams need equal splits
    for (int simple = unified ? 1 : 0; simple >= 0; --simple) {
        balloc.split_reset();

        std::vector<llama_ubatch> ubatches;
        while (true) {
            auto ubatch = simple ? balloc.split_simple(n_ubatch) : balloc.split_equal(n_ubatch, !unified, 0);

            if (ubatch.n_tokens == 0) {
                break;
            }

            ubatches.push_back(std::move(ubatch)); // NOLINT
        }

        if (balloc.get_n_used() < balloc.get_n_tokens()) {
            // failed to find a suitable split
            continue;
        }

        std::map<llama_seq_id, std::pair<llama_pos, llama_pos>> spans;
        for (const auto & ubatch : ubatches) {
            for (uint32_t i = 0; i < ubatch.n_tokens; ++i) {
                if (!carry.empty() && ubatch.n_seq_id[i] > 1) {
                    LLAMA_LOG_ERROR("%s: tokens of several sequences are not supported by models with a position offset\n", __func__);

                    return std::make_unique<llama_kv_cache_loop_context>(LLAMA_MEMORY_STATUS_FAILED_COMPUTE);
                }

                for (int32_t s = 0; s < ubatch.n_seq_id[i]; ++s) {
                    auto & span = spans.emplace(ubatch.seq_id[i][s], std::make_pair(ubatch.pos[i], ubatch.pos[i] + 1)).first->second;

                    span.first  = std::min(span.first,  ubatch.pos[i]);
                    span.second = std::max(span.second, ubatch.pos[i] + 1);
                }
            }
        }

        for (const auto & [seq_id, span] : spans) {
            if (!write_base && span.second - 1 > get_base()->seq_pos_max(seq_id)) {
                LLAMA_LOG_ERROR("%s: sequence %d has no first pass at position %d\n", __func__, seq_id, span.second - 1);

                return std::make_unique<llama_kv_cache_loop_context>(LLAMA_MEMORY_STATUS_FAILED_COMPUTE);
            }

            if (write_swa) {
                begin_seq(seq_id, span.first, span.second);
            }
        }

        const auto place = [&](llama_kv_cache * kv, bool write) {
            if (write) {
                return kv->prepare(ubatches);
            }

            llama_kv_cache::slot_info_vec_t res;
            for (const auto & ubatch : ubatches) {
                res.push_back(view(kv, ubatch));
            }

            return res;
        };

        auto sinfos_base = place(get_base(), write_base);
        if (sinfos_base.empty()) {
            continue;
        }

        auto sinfos_swa = place(get_swa(), write_swa);
        if (sinfos_swa.empty()) {
            continue;
        }

        return std::make_unique<llama_kv_cache_loop_context>(
                this, std::move(sinfos_base), std::move(sinfos_swa), std::move(ubatches));
    }

    return std::make_unique<llama_kv_cache_loop_context>(LLAMA_MEMORY_STATUS_FAILED_PREPARE);
}

void llama_kv_cache_loop::trim(const llama_ubatch & ubatch) {
    if (apex <= reach()) {
        return;
    }

    for (uint32_t s = 0; s < ubatch.n_seqs_unq; ++s) {
        get_swa()->seq_rm(ubatch.seq_id_unq[s], -1, apex - reach());
    }
}

bool llama_kv_cache_loop_context::apply() {
    if (!llama_kv_cache_iswa_context::apply()) {
        return false;
    }

    if (kv) {
        kv->trim(get_ubatch());
    }

    return true;
}

llama_memory_context_ptr llama_kv_cache_loop::init_full() {
    return std::make_unique<llama_kv_cache_loop_context>(this);
}

bool llama_kv_cache_loop::get_can_shift() const {
    // the caches differ in size, but each keeps its cells' positions by itself
    return get_base()->get_can_shift() && get_swa()->get_can_shift();
}

void llama_kv_cache_loop::clear(bool data) {
    llama_kv_cache_iswa::clear(data);

    seqs.fill({});
}

bool llama_kv_cache_loop::seq_rm(llama_seq_id seq_id, llama_pos p0, llama_pos p1) {
    const bool res = llama_kv_cache_iswa::seq_rm(seq_id, p0, p1);

    if (p0 <= 0 && p1 < 0) {
        if (seq_id < 0) {
            seqs.fill({});
        } else {
            seqs[seq_id] = {};
        }
    } else if (seq_id >= 0 && p1 < 0) {
        seqs[seq_id].partial_pos = std::min(seqs[seq_id].partial_pos, p0);
    }

    return res;
}

void llama_kv_cache_loop::seq_cp(llama_seq_id seq_id_src, llama_seq_id seq_id_dst, llama_pos p0, llama_pos p1) {
    if (seq_id_src == seq_id_dst) {
        return;
    }

    if (!unified) {
        llama_kv_cache_iswa::seq_cp(seq_id_src, seq_id_dst, p0, p1);
        seqs[seq_id_dst] = seqs[seq_id_src];
        return;
    }

    get_base()->seq_rm(seq_id_dst, p0, p1);
    get_base()->seq_cp(seq_id_src, seq_id_dst, p0, p1);

    // what continues at the end of the copy needs its window only; more would pin cells for nothing
    llama_pos p_end = get_swa()->seq_pos_max(seq_id_src) + 1;
    if (p1 >= 0) {
        p_end = std::min(p_end, p1);
    }

    const llama_pos p_begin = std::max<llama_pos>({ p0, p_end - (llama_pos) hparams.n_swa, 0 });

    get_swa()->seq_rm(seq_id_dst, -1, -1);
    if (p_begin < p_end) {
        get_swa()->seq_cp(seq_id_src, seq_id_dst, p_begin, p_end);
    }

    seqs[seq_id_dst] = seqs[seq_id_src];
}

void llama_kv_cache_loop::seq_keep(llama_seq_id seq_id) {
    llama_kv_cache_iswa::seq_keep(seq_id);

    const auto seq = seqs[seq_id];

    seqs.fill({});
    seqs[seq_id] = seq;
}

void llama_kv_cache_loop::seq_add(llama_seq_id seq_id, llama_pos p0, llama_pos p1, llama_pos shift) {
    llama_kv_cache_iswa::seq_add(seq_id, p0, p1, shift);

    auto & seq = seqs[seq_id];

    if (seq.exact > std::max(p0, 0) && (p1 < 0 || seq.exact <= p1)) {
        seq.exact = std::max(seq.exact + shift, 0);
    }
}

llama_pos llama_kv_cache_loop::seq_pos_min(llama_seq_id seq_id) const {
    return get_base()->seq_pos_min(seq_id);
}

llama_pos llama_kv_cache_loop::seq_pos_max(llama_seq_id seq_id) const {
    // passes over positions that are stored already: init_batch() checks them against the base cache
    return il_begin < n_phys ? get_base()->seq_pos_max(seq_id) : -1;
}

std::map<ggml_backend_buffer_type_t, size_t> llama_kv_cache_loop::memory_breakdown() const {
    auto mb = llama_kv_cache_iswa::memory_breakdown();

    if (carry_buf) {
        auto * buft = ggml_backend_buffer_get_type(carry_buf.get());
        mb[buft] += hparams.no_alloc ?
            ggml_backend_alloc_ctx_tensors_from_buft_size(carry_ctx.get(), buft) :
            ggml_backend_buffer_get_size(carry_buf.get());
    }

    return mb;
}

void llama_kv_cache_loop::state_write(llama_io_write_i & io, llama_seq_id seq_id, llama_state_seq_flags flags) const {
    llama_kv_cache_iswa::state_write(io, seq_id, flags);

    for (llama_seq_id s = 0; s < (llama_seq_id) n_seqs; ++s) {
        if (seq_id != -1 && seq_id != s) {
            continue;
        }

        io.write(&seqs[s], sizeof(seqs[s]));

        if (carry.empty()) {
            continue;
        }

        const auto & cells = get_swa()->get_cells(s).seq_pos_get(s);
        const size_t size_row = carry[0]->nb[1];
        const size_t offs = (size_t) get_swa()->get_stream(s) * get_swa()->get_size();

        const uint32_t n_rows = cells.size();
        io.write(&n_rows, sizeof(n_rows));

        for (const auto & [pos, idx] : cells) {
            io.write(&pos, sizeof(pos));
            for (auto * t : carry) {
                io.write_tensor(t, (offs + idx)*size_row, size_row);
            }
        }
    }
}

void llama_kv_cache_loop::state_read(llama_io_read_i & io, llama_seq_id seq_id, llama_state_seq_flags flags) {
    llama_kv_cache_iswa::state_read(io, seq_id, flags);

    for (llama_seq_id s = 0; s < (llama_seq_id) n_seqs; ++s) {
        if (seq_id != -1 && seq_id != s) {
            continue;
        }

        io.read(&seqs[s], sizeof(seqs[s]));

        if (carry.empty()) {
            continue;
        }

        const auto & cells = get_swa()->get_cells(s).seq_pos_get(s);
        const size_t size_row = carry[0]->nb[1];
        const size_t offs = (size_t) get_swa()->get_stream(s) * get_swa()->get_size();

        uint32_t n_rows;
        io.read(&n_rows, sizeof(n_rows));

        if (n_rows > get_swa()->get_size()) {
            throw std::runtime_error("more pass outputs in the state than cells in the cache");
        }

        std::vector<uint8_t> dropped(size_row);

        for (uint32_t i = 0; i < n_rows; ++i) {
            llama_pos pos;
            io.read(&pos, sizeof(pos));

            // cells outside of the window are not restored
            const auto cell = cells.lower_bound({ pos, 0 });
            const bool found = cell != cells.end() && cell->first == pos;

            for (auto * t : carry) {
                if (found) {
                    io.read_tensor(t, (offs + cell->second)*size_row, size_row);
                } else {
                    io.read(dropped.data(), size_row);
                }
            }
        }
    }
}

ggml_tensor * llama_kv_cache_loop::get_carry(uint32_t pass) const {
    return carry[pass];
}

void llama_kv_cache_loop::set_input_carry_idxs(ggml_tensor * dst, const llama_ubatch * ubatch) const {
    GGML_ASSERT(ggml_backend_buffer_is_host(dst->buffer));

    int32_t * data = (int32_t *) dst->data;

    for (uint32_t i = 0; i < ubatch->n_tokens; ++i) {
        const llama_seq_id seq_id = ubatch->seq_id[i][0];
        const llama_pos    pos    = ubatch->pos[i] - 1;

        const auto & cells = get_swa()->get_cells(seq_id).seq_pos_get(seq_id);
        const auto   cell  = cells.lower_bound({ pos, 0 });

        if (pos >= 0 && cell != cells.end() && cell->first == pos) {
            data[i] = get_swa()->get_stream(seq_id)*get_swa()->get_size() + cell->second;
        } else {
            data[i] = carry[0]->ne[1] - 1;
        }
    }
}

//
// C API
//

static llama_kv_cache_loop * loop_memory(const llama_context * ctx) {
    return dynamic_cast<llama_kv_cache_loop *>(ctx->get_memory());
}

static llama_kv_cache_loop * loop_memory(const llama_context * ctx, llama_seq_id seq_id) {
    return seq_id >= 0 && seq_id < (llama_seq_id) ctx->n_seq_max() ? loop_memory(ctx) : nullptr;
}

int32_t llama_loop_n_pass(const llama_model * model) {
    return model->hparams.n_loop;
}

int32_t llama_loop_n_layer(const llama_model * model) {
    return model->hparams.n_layer_phys();
}

void llama_loop_set_margin(llama_model * model, uint32_t n_cells) {
    model->hparams.n_loop_margin = std::min<uint32_t>(n_cells, 1u << 24);
}

bool llama_loop_set_range(llama_context * ctx, int32_t il_begin, int32_t il_end, llama_pos apex) {
    const auto & hparams = ctx->get_model().hparams;

    const int32_t n_phys  = hparams.n_layer_phys();
    const int32_t n_layer = hparams.n_layer();

    auto * memory = loop_memory(ctx);

    if (!memory) {
        return il_begin == 0 && il_end == n_layer;
    }

    if (il_begin < 0 || il_begin % n_phys != 0 || il_end < il_begin + n_phys || il_end > n_layer) {
        return false;
    }

    // what a shallower call leaves out is not what a triangle leaves out
    if (apex >= 0 && il_end < n_layer) {
        return false;
    }

    // a pass that starts from more than the output of the one before it cannot start from that output alone
    if (il_begin > 0 && static_cast<const llama_model_iquestloopcoder &>(ctx->get_model()).embedding_scale != 0.0f) {
        return false;
    }

    memory->set_range(il_begin, il_end, apex);
    ctx->set_loop_range(il_begin, il_end, apex);

    return true;
}

llama_pos llama_loop_exact_from(const llama_context * ctx, llama_seq_id seq_id, llama_pos pos) {
    const auto * memory = loop_memory(ctx, seq_id);

    return memory ? memory->exact_from(seq_id, pos) : 0;
}

llama_pos llama_loop_reach(const llama_context * ctx) {
    const auto * memory = loop_memory(ctx);

    return memory ? memory->reach() : 0;
}

llama_pos llama_loop_pos_min(const llama_context * ctx, llama_seq_id seq_id) {
    const auto * memory = loop_memory(ctx, seq_id);

    return memory ? memory->get_swa()->seq_pos_min(seq_id) : -1;
}

llama_pos llama_loop_pos_max(const llama_context * ctx, llama_seq_id seq_id) {
    const auto * memory = loop_memory(ctx, seq_id);

    return memory ? memory->get_swa()->seq_pos_max(seq_id) : -1;
}

uint64_t llama_loop_memory_size(const llama_context * ctx) {
    uint64_t res = 0;

    if (ctx->get_memory()) {
        for (const auto & [_, size] : ctx->get_memory()->memory_breakdown()) {
            res += size;
        }
    }

    return res;
}

void llama_loop_set_hidden(llama_context * ctx, bool value) {
    llama_set_embeddings_nextn(ctx, value, true);
}

float * llama_loop_get_hidden(llama_context * ctx, int32_t i) {
    return llama_get_embeddings_nextn_ith(ctx, i);
}
