// SPDX-License-Identifier: Apache-2.0
//
// What adapters add to the matrices of the cpu backend: y += b (a x), in floats, after the base's own sum. Both products
// are kernels of the numerics contract and each run of rows goes through them alone, so a row's bits do not depend on
// which adapters run beside it.
#include <algorithm>

#include "infer/cpu_backend.h"

namespace walchen::infer {
namespace {

using Update = CpuBackend::Update;

// What the adapter of these rows adds to a part of a matrix; null: nothing.
const Update* FindUpdate(const CpuBackend::Matrix& w, size_t part, const model::AdaptedRows& run) {
  const std::vector<Update>& updates = w.updates[part];
  if (updates.empty()) return nullptr;
  const Update& update = updates[static_cast<size_t>(run.adapter)];
  return update.a.rows() > 0 ? &update : nullptr;
}

// Where the products a x of a run's rows for one part begin: they lie one after the other, as the kernels read them.
int64_t LowPlace(const CpuBackend::Matrix& w, size_t part, const model::AdaptedRows& run) {
  const auto parts = static_cast<int64_t>(w.updates.size());
  return (run.first_row * parts + static_cast<int64_t>(part) * run.rows) * w.widest_rank;
}

Result<tensor::PackedMatrix> Pack(int64_t rows, int64_t columns, base::Bytes data, const std::vector<int32_t>& order) {
  TRY_ASSIGN(tensor::PackedMatrix packed, tensor::PackedMatrix::Allocate(tensor::DType::kF32, rows, columns));
  packed.PackTiles(data, order, 0, packed.tiles());
  return packed;
}

}  // namespace

Result<void> CpuBackend::LoadUpdates(const std::vector<model::MatrixPart>& parts, Matrix& matrix) {
  if (std::ranges::all_of(parts, [](const model::MatrixPart& part) { return part.updates.empty(); })) return {};
  for (const model::MatrixPart& part : parts) {
    std::vector<Update>& updates = matrix.updates.emplace_back();
    for (const model::LowRank& update : part.updates) {
      Update& to = updates.emplace_back();
      if (update.rank == 0) continue;
      TRY_ASSIGN(to.a, Pack(update.rank, part.columns, update.a, {}));
      TRY_ASSIGN(to.b, Pack(part.rows, update.rank, update.b, part.row_order));
      matrix.widest_rank = std::max(matrix.widest_rank, update.rank);
    }
  }
  return {};
}

void CpuBackend::Lower(const Matrix& w, int64_t first_row, int64_t last_row, Prepared& to) const {
  for (const model::AdaptedRows& run : adapted_) {
    const int64_t begin = std::max<int64_t>(first_row, run.first_row);
    const int64_t end = std::min<int64_t>(last_row, run.first_row + run.rows);
    for (size_t part = 0; part < w.updates.size() && begin < end; ++part) {
      const Update* update = FindUpdate(w, part, run);
      if (update == nullptr) continue;
      const int64_t rank = update->a.rows();
      const tensor::LinearArgs args = {.weights = &update->a,
                                       .x = to.x + begin * w.columns,
                                       .q = {},
                                       .tokens = end - begin,
                                       .y = to.low.data() + LowPlace(w, part, run) + (begin - run.first_row) * rank,
                                       .y_stride = rank};
      kernels_.linear(args, 0, update->a.tiles());
    }
  }
}

void CpuBackend::AddUpdates(const Prepared& in, const Matrix& w, size_t part, const tensor::LinearArgs& args, int64_t first,
                            int64_t last) const {
  if (w.updates.empty()) return;
  for (const model::AdaptedRows& run : adapted_) {
    const Update* update = FindUpdate(w, part, run);
    if (update == nullptr) continue;
    const tensor::LinearArgs add = {.weights = &update->b,
                                    .x = in.low.data() + LowPlace(w, part, run),
                                    .q = {},
                                    .tokens = run.rows,
                                    .y = args.y + run.first_row * args.y_stride,
                                    .y_stride = args.y_stride,
                                    .y_first_row = args.y_first_row,
                                    .add = true};
    kernels_.linear(add, first, last);
  }
}

}  // namespace walchen::infer
