// SPDX-License-Identifier: Apache-2.0
#include "infer/cpu_backend.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <utility>

#include "tensor/quant.h"

namespace walchen::infer {
namespace {

// Up to so many tokens every worker prepares the input for itself: that takes less time than waiting for one another.
constexpr int64_t kRedundantTokens = 4;

}  // namespace

int64_t CpuBackend::Grain(int64_t tiles) const {
  // Long runs of memory, because a worker fetches ahead the tiles behind those it has; yet enough pieces to even out
  // workers that are not equally fast.
  constexpr int64_t kPiecesPerWorker = 4;
  return std::max<int64_t>(2, tiles / (pool_.threads() * kPiecesPerWorker) / 2 * 2);
}

tensor::QuantizedRows RoundedRows::Reserve(int64_t rows, int64_t columns, int block) {
  const auto values = static_cast<size_t>(rows * columns), blocks = values / static_cast<size_t>(block);
  if (code_.size() < values) code_.resize(values);
  if (scale_.size() < blocks) {
    scale_.resize(blocks);
    scaled_sum_.resize(blocks);
    sum_.resize(blocks);
  }
  return {columns, block, code_.data(), scale_.data(), sum_.data(), scaled_sum_.data()};
}

CpuBackend::Tensor::Tensor(CpuBackend& owner, int64_t rows, int64_t columns)
    : owner_(&owner), rows_(rows), columns_(columns) {
  if (!owner.stock_.empty()) {
    buffer_ = std::move(owner.stock_.back());
    owner.stock_.pop_back();
  }
  const auto size = static_cast<size_t>(rows * columns);
  if (buffer_.size() < size) buffer_.resize(size);
}

CpuBackend::Tensor& CpuBackend::Tensor::operator=(Tensor&& other) noexcept {
  std::swap(owner_, other.owner_);
  std::swap(rows_, other.rows_);
  std::swap(columns_, other.columns_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

CpuBackend::Tensor::~Tensor() {
  if (owner_ != nullptr && !buffer_.empty()) owner_->stock_.push_back(std::move(buffer_));
}

CpuBackend::CpuBackend(const tensor::KernelTable& kernels, base::ThreadPool& pool, const KvShape& kv)
    : kernels_(kernels), pool_(pool), kv_(kv), spaces_(static_cast<size_t>(pool.threads())) {}

Result<CpuBackend::Matrix> CpuBackend::LoadMatrix(std::vector<model::MatrixPart> parts) {
  Matrix matrix;
  matrix.columns = parts.front().columns;
  for (const model::MatrixPart& part : parts) {
    TRY_ASSIGN(tensor::PackedMatrix packed, tensor::PackedMatrix::Allocate(part.type, part.rows, part.columns));
    const int64_t row_bytes = static_cast<int64_t>(part.data.size()) / part.rows;
    std::atomic<bool> finite = true;
    pool_.For(packed.tiles(), 8, [&](int64_t first, int64_t last, int) {
      const int64_t begin = first * tensor::kTileRows, end = std::min(last * tensor::kTileRows, part.rows);
      const base::Bytes rows = part.data.subspan(static_cast<size_t>(begin * row_bytes),
                                                 static_cast<size_t>((end - begin) * row_bytes));
      if (tensor::HasNonFinite(part.type, rows)) finite = false;
      packed.PackTiles(part.data, part.row_order, first, last);
    });
    if (!finite) {
      return Fail(ErrorCode::kCorrupt, "tensor {} holds a value that is no finite number; get the file again", part.name);
    }
    matrix.rows += part.rows;
    matrix.tiles += packed.tiles();
    matrix.parts.push_back(std::move(packed));
  }
  TRY(LoadUpdates(parts, matrix));
  return matrix;
}

CpuBackend::Tensor CpuBackend::Embed(const Matrix& table, std::span<const int32_t> tokens) {
  Tensor x(*this, static_cast<int64_t>(tokens.size()), table.columns);
  pool_.For(x.rows(), 16, [&](int64_t first, int64_t last, int) {
    for (int64_t i = first; i < last; ++i) {
      kernels_.unpack_row(table.parts.front(), tokens[static_cast<size_t>(i)], x.row(i));
    }
  });
  return x;
}

void CpuBackend::SetPositions(const model::Placement<Cache>& at, std::span<const float> frequencies) {
  std::vector<std::array<int64_t, 3>> positions;
  for (const auto& segment : at.segments) {
    for (int i = 0; i < segment.rows; ++i) positions.push_back(segment.position(i));
  }
  adapted_ = model::RowsWithAdapters(at);
  const size_t half = frequencies.size();
  cosine_.resize(positions.size() * half);
  sine_.resize(positions.size() * half);
  pool_.For(static_cast<int64_t>(positions.size()), 16, [&](int64_t first, int64_t last, int) {
    for (auto row = static_cast<size_t>(first); row < static_cast<size_t>(last); ++row) {
      for (size_t i = 0; i < half; ++i) {
        const double angle = static_cast<double>(positions[row][model::RotaryAxis(i)]) * frequencies[i];
        cosine_[row * half + i] = static_cast<float>(std::cos(angle));
        sine_[row * half + i] = static_cast<float>(std::sin(angle));
      }
    }
  });
}

void CpuBackend::ReserveForMatrix(const Matrix& w, int64_t rows, Prepared& to) const {
  to.q16 = {};
  to.q32 = {};
  for (const tensor::PackedMatrix& part : w.parts) {
    if (part.layout().scale_columns == 16) to.q16 = to.rounded16.Reserve(rows, w.columns, 16);
    if (part.layout().scale_columns == 32) to.q32 = to.rounded32.Reserve(rows, w.columns, 32);
  }
  const size_t low = adapted_.empty() ? 0 : w.updates.size() * static_cast<size_t>(rows * w.widest_rank);
  if (to.low.size() < low) to.low.resize(low);
}

void CpuBackend::ReservePrepared(const Input& input, const Matrix& w, Prepared& to) const {
  const int64_t rows = input.x->rows(), columns = input.x->columns();
  to.x = input.x->row(0);
  if (input.gain != nullptr) {
    if (to.rows.size() < static_cast<size_t>(rows * columns)) to.rows.resize(static_cast<size_t>(rows * columns));
    to.x = to.rows.data();
  }
  ReserveForMatrix(w, rows, to);
}

bool CpuBackend::ReserveInput(const Input& input, const Matrix& w) {
  if (input.x->rows() <= kRedundantTokens) {
    for (WorkerSpace& space : spaces_) ReservePrepared(input, w, space.prepared);
    return true;
  }
  ReservePrepared(input, w, shared_);
  pool_.For(input.x->rows(), 8, [&](int64_t first, int64_t last, int) { Prepare(input, w, first, last, shared_); });
  return false;
}

void CpuBackend::Prepare(const Input& input, const Matrix& w, int64_t first_row, int64_t last_row, Prepared& to) const {
  const int64_t columns = input.x->columns();
  for (int64_t row = first_row; row < last_row; ++row) {
    const float* x = input.x->row(row);
    if (input.gain != nullptr) {
      float* normed = to.rows.data() + row * columns;
      kernels_.rms_norm(x, input.gain->data(), input.epsilon, columns, normed);
      x = normed;
    }
    if (to.q16.code != nullptr) kernels_.quantize(x, columns, to.q16, row, 0);
    if (to.q32.code != nullptr) kernels_.quantize(x, columns, to.q32, row, 0);
  }
  Lower(w, first_row, last_row, to);
}

void CpuBackend::MultiplyTiles(const Prepared& in, int64_t tokens, const Matrix& w, const Output& out, int64_t first,
                               int64_t last) const {
  int64_t part_tile = 0, part_row = 0;
  for (size_t i = 0; i < w.parts.size(); ++i) {
    const tensor::PackedMatrix& part = w.parts[i];
    const int64_t begin = std::max(first - part_tile, int64_t{0}), end = std::min(last - part_tile, part.tiles());
    if (begin < end) {
      const tensor::LinearArgs args = {.weights = &part,
                                       .x = in.x,
                                       .q = part.layout().scale_columns == 16 ? in.q16 : in.q32,
                                       .tokens = tokens,
                                       .y = out.y + part_row,
                                       .y_stride = out.stride,
                                       .bias = out.bias == nullptr ? nullptr : out.bias + part_row,
                                       .add = out.add};
      kernels_.linear(args, begin, end);
      AddUpdates(in, w, i, args, begin, end);
    }
    part_tile += part.tiles();
    part_row += part.rows();
  }
}

void CpuBackend::Multiply(const Input& input, const Matrix& w, const Output& out) {
  const int64_t tokens = input.x->rows();
  if (!ReserveInput(input, w)) return MultiplyPrepared(shared_, tokens, w, out);
  const int64_t grain = Grain(w.tiles);
  std::atomic<int64_t> next = 0;
  pool_.Run([&](int worker) {
    Prepared& own = spaces_[static_cast<size_t>(worker)].prepared;
    Prepare(input, w, 0, tokens, own);
    for (int64_t first; (first = next.fetch_add(grain, std::memory_order_relaxed)) < w.tiles;) {
      MultiplyTiles(own, tokens, w, out, first, std::min(first + grain, w.tiles));
    }
  });
}

void CpuBackend::MultiplyPrepared(const Prepared& in, int64_t tokens, const Matrix& w, const Output& out) {
  pool_.For(w.tiles, Grain(w.tiles),
            [&](int64_t first, int64_t last, int) { MultiplyTiles(in, tokens, w, out, first, last); });
}

CpuBackend::Tensor CpuBackend::NormLinear(const Tensor& x, const Vector& gain, float epsilon, const Matrix& w,
                                          const Vector& bias) {
  Tensor y(*this, x.rows(), w.rows);
  Multiply({.x = &x, .gain = &gain, .epsilon = epsilon}, w,
           {.y = y.row(0), .stride = y.columns(), .bias = bias.empty() ? nullptr : bias.data(), .add = false});
  return y;
}

CpuBackend::Tensor CpuBackend::LinearAdd(const Tensor& y, const Matrix& w, Tensor residual) {
  Multiply({.x = &y}, w, {.y = residual.row(0), .stride = residual.columns(), .bias = nullptr, .add = true});
  return residual;
}

CpuBackend::Tensor CpuBackend::Rows(const Tensor& x, std::span<const int32_t> rows) {
  Tensor y(*this, static_cast<int64_t>(rows.size()), x.columns());
  for (size_t i = 0; i < rows.size(); ++i) std::copy_n(x.row(rows[i]), x.columns(), y.row(static_cast<int64_t>(i)));
  return y;
}

}  // namespace walchen::infer
