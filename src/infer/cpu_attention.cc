// SPDX-License-Identifier: Apache-2.0
//
// Attention of the cpu backend: rotate and store, then blocks of up to six query rows of one KV head over the pages.
#include <algorithm>
#include <cmath>

#include "infer/cpu_backend.h"

namespace walchen::infer {

using model::AttentionShape;
using model::Placement;

// One Attend call. A query row is a (token, query head) pair; those of one segment and one KV head are numbered token by
// token and cut into blocks of kAttendRows, whatever the threads are.
struct CpuBackend::AttendJob {
  Tensor& qkv;
  Tensor& y;
  const AttentionShape& shape;
  const Vector& q_norm;
  const Vector& k_norm;
  int layer;
  const Placement<Cache>& at;
  std::vector<int64_t> first_block;  // of each segment; one more at the end
  std::vector<int32_t> segment_of_row;

  int group() const { return shape.heads / shape.kv_heads; }
  int64_t blocks() const { return first_block.back(); }
};

namespace {

constexpr int64_t kSpanPositions = int64_t{tensor::kSpanPages} * tensor::kPagePositions;

struct Block {
  const model::Segment<KvPages>* segment = nullptr;
  int kv_head = 0;
  int64_t first_query = 0;  // of the segment and KV head
  int rows = 0;
  int64_t visible = 0;  // how many slots its last row sees, and no row sees more
};

// The floats of an AttentionState for kAttendRows rows.
int64_t StateFloats(int head_size) { return int64_t{tensor::kAttendRows} * (1 + 16 + head_size); }
tensor::AttentionState StateIn(float* space) {
  return {space, space + tensor::kAttendRows, space + tensor::kAttendRows * 17};
}

template <class Job>
Block FindBlock(const Job& job, int64_t index) {
  const auto next = std::ranges::upper_bound(job.first_block, index);
  const auto segment_index = static_cast<size_t>(next - job.first_block.begin() - 1);
  const auto& segment = job.at.segments[segment_index];
  const int64_t queries = int64_t{segment.rows} * job.group();
  const int64_t per_head = (queries + tensor::kAttendRows - 1) / tensor::kAttendRows;
  const int64_t within = index - job.first_block[segment_index];
  Block block = {.segment = &segment, .kv_head = static_cast<int>(within / per_head)};
  block.first_query = within % per_head * tensor::kAttendRows;
  block.rows = static_cast<int>(std::min<int64_t>(tensor::kAttendRows, queries - block.first_query));
  block.visible = segment.visible(job.layer, static_cast<int>((block.first_query + block.rows - 1) / job.group()));
  return block;
}

// The pointers and bounds that the kernel wants for one block.
struct BlockArgs {
  const float* query[tensor::kAttendRows];
  int64_t visible[tensor::kAttendRows];
  float* y[tensor::kAttendRows];
  std::vector<const std::byte*> pages;

  template <class Job>
  BlockArgs(const Job& job, const Block& block, const KvShape& kv) {
    const int head_size = job.shape.head_size;
    for (int r = 0; r < block.rows; ++r) {
      const int64_t query_row = block.first_query + r;
      const int64_t token = query_row / job.group(), head = block.kv_head * job.group() + query_row % job.group();
      const int64_t row = block.segment->first_row + token;
      query[r] = job.qkv.row(row) + head * head_size;
      visible[r] = block.segment->visible(job.layer, static_cast<int>(token));
      y[r] = job.y.row(row) + head * head_size;
    }
    const auto& sequence = block.segment->cache->pages;
    const int64_t offset = kv.offset(job.layer, block.kv_head);
    for (int64_t page = 0; page * tensor::kPagePositions < block.visible; ++page) {
      pages.push_back(sequence[static_cast<size_t>(page)] + offset);
    }
  }

  tensor::AttendArgs Span(const KvShape& kv, int rows, int64_t span, tensor::AttentionState state) const {
    const auto all = static_cast<int>(pages.size());
    const int first = static_cast<int>(span) * tensor::kSpanPages;
    return {kv.head, pages.data(), first, std::min(first + tensor::kSpanPages, all), rows, query, visible, state};
  }

  int64_t spans() const {
    return (static_cast<int64_t>(pages.size()) + tensor::kSpanPages - 1) / tensor::kSpanPages;
  }
};

}  // namespace

// Norm, rotation and scaling of the queries of one KV head, and its key and value into the cache.
void CpuBackend::RotateGroup(const AttendJob& job, int64_t row, int kv_head) const {
  const AttentionShape& shape = job.shape;
  const int64_t head_size = shape.head_size;
  const float* cosine = cosine_.data() + row * head_size / 2;
  const float* sine = sine_.data() + row * head_size / 2;
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_size));
  float* query = job.qkv.row(row) + kv_head * job.group() * head_size;
  for (int i = 0; i < job.group(); ++i, query += head_size) {
    if (!job.q_norm.empty()) kernels_.rms_norm(query, job.q_norm.data(), shape.norm_epsilon, head_size, query);
    kernels_.rope(cosine, sine, head_size, query);
    kernels_.scale(scale, head_size, query);
  }
  float* key = job.qkv.row(row) + (shape.heads + kv_head) * head_size;
  const float* value = job.qkv.row(row) + (shape.heads + shape.kv_heads + kv_head) * head_size;
  if (!job.k_norm.empty()) kernels_.rms_norm(key, job.k_norm.data(), shape.norm_epsilon, head_size, key);
  kernels_.rope(cosine, sine, head_size, key);
  const auto& segment = job.at.segments[static_cast<size_t>(job.segment_of_row[static_cast<size_t>(row)])];
  const int64_t slot = segment.first_slot(job.layer) + row - segment.first_row;
  std::byte* page = segment.cache->pages[static_cast<size_t>(slot / tensor::kPagePositions)];
  kernels_.store_kv(kv_.head, key, value, static_cast<int>(slot % tensor::kPagePositions),
                    page + kv_.offset(job.layer, kv_head));
}

// All spans of one block, one after the other.
void CpuBackend::AttendBlock(const AttendJob& job, int64_t index, WorkerSpace& space) const {
  const Block block = FindBlock(job, index);
  const BlockArgs args(job, block, kv_);
  const int head_size = job.shape.head_size;
  const int64_t floats = StateFloats(head_size);
  if (space.attention.size() < static_cast<size_t>(2 * floats)) space.attention.resize(static_cast<size_t>(2 * floats));
  const tensor::AttentionState state = StateIn(space.attention.data());
  const tensor::AttentionState next = StateIn(space.attention.data() + floats);
  kernels_.attend(args.Span(kv_, block.rows, 0, state));
  for (int64_t span = 1; span < args.spans(); ++span) {
    kernels_.attend(args.Span(kv_, block.rows, span, next));
    for (int r = 0; r < block.rows; ++r) {
      if (args.visible[r] > span * kSpanPositions) kernels_.merge_spans(head_size, next, r, state, r);
    }
  }
  for (int r = 0; r < block.rows; ++r) kernels_.finish_attention(head_size, state, r, args.y[r]);
}

// Few blocks, long contexts: the spans of all blocks side by side, then merged in order.
void CpuBackend::AttendSplit(const AttendJob& job) {
  const int head_size = job.shape.head_size;
  const int64_t floats = StateFloats(head_size);
  std::vector<std::pair<int64_t, int64_t>> tasks;  // (block, span)
  std::vector<BlockArgs> args;
  std::vector<int64_t> first_task;
  for (int64_t block = 0; block < job.blocks(); ++block) {
    args.emplace_back(job, FindBlock(job, block), kv_);
    first_task.push_back(static_cast<int64_t>(tasks.size()));
    for (int64_t span = 0; span < args.back().spans(); ++span) tasks.emplace_back(block, span);
  }
  split_states_.resize(std::max(split_states_.size(), tasks.size() * static_cast<size_t>(floats)));
  const auto state_of = [&](int64_t task) { return StateIn(split_states_.data() + task * floats); };
  pool_.Each(static_cast<int64_t>(tasks.size()), [&](int64_t task, int) {
    const auto [block, span] = tasks[static_cast<size_t>(task)];
    kernels_.attend(args[static_cast<size_t>(block)].Span(kv_, FindBlock(job, block).rows, span, state_of(task)));
  });
  pool_.Each(job.blocks(), [&](int64_t block, int) {
    const BlockArgs& own = args[static_cast<size_t>(block)];
    const int64_t task = first_task[static_cast<size_t>(block)];
    const tensor::AttentionState state = state_of(task);
    for (int r = 0; r < FindBlock(job, block).rows; ++r) {
      for (int64_t span = 1; span < own.spans(); ++span) {
        if (own.visible[r] > span * kSpanPositions) kernels_.merge_spans(head_size, state_of(task + span), r, state, r);
      }
      kernels_.finish_attention(head_size, state, r, own.y[r]);
    }
  });
}

CpuBackend::Tensor CpuBackend::Attend(Tensor qkv, const AttentionShape& shape, const Vector& q_norm, const Vector& k_norm,
                                      int layer, const Placement<Cache>& at) {
  Tensor y(*this, qkv.rows(), shape.heads * shape.head_size);
  AttendJob job = {qkv, y, shape, q_norm, k_norm, layer, at, {0}, {}};
  int64_t longest = 0;
  bool single_rows = true;
  const Cache* previous = nullptr;
  for (const auto& segment : at.segments) {
    const int64_t per_head = (int64_t{segment.rows} * job.group() + tensor::kAttendRows - 1) / tensor::kAttendRows;
    job.first_block.push_back(job.first_block.back() + per_head * shape.kv_heads);
    job.segment_of_row.insert(job.segment_of_row.end(), static_cast<size_t>(segment.rows),
                              static_cast<int32_t>(&segment - at.segments.data()));
    longest = std::max(longest, segment.visible(layer, segment.rows - 1));
    // Not of one sequence: a row must not attend before the one in front of it is stored.
    single_rows &= segment.rows == 1 && job.group() <= tensor::kAttendRows && segment.cache != previous;
    previous = segment.cache;
  }
  const bool split = longest > kSpanPositions && job.blocks() < 8 * int64_t{pool_.threads()};
  if (single_rows && !split) {  // one block per row and KV head: whoever rotates it also attends
    pool_.Each(job.blocks(), [&](int64_t block, int worker) {
      RotateGroup(job, block / shape.kv_heads, static_cast<int>(block % shape.kv_heads));
      AttendBlock(job, block, spaces_[static_cast<size_t>(worker)]);
    });
    return y;
  }
  const int64_t groups = qkv.rows() * shape.kv_heads;
  pool_.For(groups, std::max<int64_t>(1, std::min<int64_t>(16, groups / (2 * pool_.threads()))),
            [&](int64_t first, int64_t last, int) {
              for (int64_t i = first; i < last; ++i) RotateGroup(job, i / shape.kv_heads, static_cast<int>(i % shape.kv_heads));
            });
  if (split) {
    AttendSplit(job);
  } else {
    pool_.Each(job.blocks(), [&](int64_t block, int worker) {
      AttendBlock(job, block, spaces_[static_cast<size_t>(worker)]);
    });
  }
  return y;
}

}  // namespace walchen::infer
