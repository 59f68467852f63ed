// SPDX-License-Identifier: Apache-2.0
//
// A weight matrix in the order the kernels read it: tiles of 16 rows, in each tile one column group after the other.
//
// The numbers are those of the file, bit for bit; only their places change, so a packed matrix takes the file's bytes
// plus at most 4 %. Lanes are rows: a kernel keeps 16 rows' sums in one register and adds column after column, which is
// why one row's sum never depends on how many rows or tokens are computed with it.
//
// Layout of quantised types. A tile is a sequence of blocks (32 or 256 columns); a block is a header of per-row halves
// (d, then dmin where the type has one), then chunks of 32 columns. A chunk is: low bits, high bits, scale codes,
// minimum codes. Code (row r, column 4g + k) of a chunk is byte 4r + k of group g (64 bytes); two groups g and g + 4
// share a byte of 4-bit codes, four groups share a byte of 2-bit codes, eight a byte of 1-bit codes.
// F32, F16 and BF16: column after column, 16 rows' values each.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/status.h"
#include "base/zeroed_memory.h"
#include "tensor/dtype.h"

namespace walchen::tensor {

inline constexpr int kTileRows = 16;
inline constexpr int kChunkColumns = 32;

// How one type lies in a tile. Sizes are for all 16 rows.
struct PackedLayout {
  DType type;
  int block_columns;  // 32 or 256; 1 for plain types
  int scale_columns;  // values that share a scale: 16 or 32; 0 for plain types
  int header_bytes;
  int low_bytes;      // per chunk
  int high_bytes;
  int scale_bytes;
  int min_bytes;
  bool has_min;       // value = scale * code + min, else scale * (code - offset)
  int offset;         // 128 where all 8 bits are used ("wide")

  int chunk_bytes() const { return low_bytes + high_bytes + scale_bytes + min_bytes; }
  int64_t block_bytes() const {
    return header_bytes + int64_t{block_columns > kChunkColumns ? block_columns / kChunkColumns : 1} * chunk_bytes();
  }
  bool plain() const { return scale_columns == 0; }
};

// The layouts of all types that can be weights (F32, F16, BF16 and the quantised ones); null for the others.
const PackedLayout* FindPackedLayout(DType type);

// Owns its bytes, page-aligned. Movable; immutable and thread-safe once made.
class PackedMatrix {
 public:
  PackedMatrix() = default;
  // Space for rows x columns, zeroed; fill it with PackTiles. kUnsupported for types that are no weights.
  static Result<PackedMatrix> Allocate(DType type, int64_t rows, int64_t columns);

  // Repacks the tiles [first, last) from `rows_data`, the whole matrix row after row as it lies in the file. Row i comes
  // from the file's row `order[i]`, from row i if `order` is empty. Different tiles may be packed by different threads.
  // Rows past the last are zero.
  void PackTiles(base::Bytes rows_data, std::span<const int32_t> order, int64_t first, int64_t last);

  DType type() const { return layout_->type; }
  const PackedLayout& layout() const { return *layout_; }
  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  int64_t tiles() const { return (rows_ + kTileRows - 1) / kTileRows; }
  int64_t tile_bytes() const { return tile_bytes_; }
  const uint8_t* tile(int64_t i) const { return data() + i * tile_bytes_; }
  int64_t bytes() const { return tiles() * tile_bytes_; }

 private:
  uint8_t* data() const { return reinterpret_cast<uint8_t*>(memory_.data()); }

  const PackedLayout* layout_ = nullptr;
  int64_t rows_ = 0;
  int64_t columns_ = 0;
  int64_t tile_bytes_ = 0;
  base::ZeroedMemory memory_;
};

}  // namespace walchen::tensor
