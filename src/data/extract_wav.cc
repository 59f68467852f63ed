// SPDX-License-Identifier: Apache-2.0
//
// Recordings in WAV files (RIFF, RF64): a column per channel, values from -1 to 1.
#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "base/limits.h"
#include "data/extract_licence.h"
#include "data/extract_readers.h"
#include "data/part_tables.h"

namespace walchen::data {
namespace {

// libsndfile's view of a source.
struct MemoryFile {
  std::string_view bytes;
  sf_count_t at = 0;
};

sf_count_t Size(void* file) { return static_cast<sf_count_t>(static_cast<MemoryFile*>(file)->bytes.size()); }

sf_count_t Seek(sf_count_t offset, int whence, void* user) {
  auto* file = static_cast<MemoryFile*>(user);
  const sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? file->at : Size(user);
  if (offset < -from || offset > Size(user) - from) return -1;
  return file->at = from + offset;
}

sf_count_t Read(void* to, sf_count_t count, void* user) {
  auto* file = static_cast<MemoryFile*>(user);
  const sf_count_t size = std::clamp<sf_count_t>(count, 0, Size(user) - file->at);
  std::memcpy(to, file->bytes.data() + file->at, static_cast<size_t>(size));
  file->at += size;
  return size;
}

sf_count_t Tell(void* user) { return static_cast<MemoryFile*>(user)->at; }

using Sound = std::unique_ptr<SNDFILE, decltype(&sf_close)>;

Result<NumberTable> ReadSamples(SNDFILE* sound, const SF_INFO& info) {
  const auto channels = static_cast<uint64_t>(info.channels), frames = static_cast<uint64_t>(info.frames);
  if (frames > static_cast<uint64_t>(base::kTableMaxNumbers) / channels) {
    return Fail(ErrorCode::kTooLarge, "expected at most {} samples, found {} of each of {} channels", base::kTableMaxNumbers,
                frames, channels);
  }
  NumberTable table;
  table.time = TimeAxis{"", false, "", 0, 1'000.0 / info.samplerate, {}, {}};
  table.columns.resize(channels);
  for (uint64_t c = 0; c < channels; ++c) table.columns[c].name = fmt::format("channel {}", c + 1);
  std::vector<double> block(4'096 * channels);
  // The header may promise more than there is.
  for (;;) {
    const sf_count_t got = sf_readf_double(sound, block.data(), 4'096);
    if (got <= 0 || table.rows + static_cast<uint64_t>(got) > frames) break;
    for (uint64_t i = 0; i < static_cast<uint64_t>(got) * channels; ++i) {
      const double sample = std::isfinite(block[i]) ? block[i] : std::numeric_limits<double>::quiet_NaN();
      table.columns[i % channels].values.push_back(sample);
    }
    table.rows += static_cast<uint64_t>(got);
  }
  if (table.rows < frames) AddNote(table, fmt::format("it ends after {} of {} samples", table.rows, frames));
  if (table.rows == 0) return Fail(ErrorCode::kCorrupt, "it holds no samples");
  return table;
}

std::string SoundText(SNDFILE* sound, int which) {
  const char* text = sf_get_string(sound, which);
  return text ? text : "";
}

}  // namespace

Result<void> ReadWav(const Source& source, Extraction& extraction) {
  MemoryFile file{source.bytes, 0};
  SF_VIRTUAL_IO memory = {Size, Seek, Read, nullptr, Tell};
  SF_INFO info = {};
  const Sound sound(sf_open_virtual(&memory, SFM_READ, &info, &file), &sf_close);
  if (!sound) return Fail(ErrorCode::kCorrupt, "expected a WAV file: {}", sf_strerror(nullptr));
  if (info.samplerate <= 0 || info.channels <= 0 || info.frames < 0) {
    return Fail(ErrorCode::kCorrupt, "expected a sampling rate and channels, found {} Hz and {}", info.samplerate, info.channels);
  }
  std::vector<NumberTable> tables(1);
  TRY_ASSIGN(tables[0], ReadSamples(sound.get(), info));
  Part part;
  part.title = SoundText(sound.get(), SF_STR_TITLE);
  for (const auto& [which, field] : {std::pair(SF_STR_COPYRIGHT, "ICOP"), std::pair(SF_STR_LICENSE, "license")}) {
    if (const std::string text = SoundText(sound.get(), which); !text.empty()) AddLicence(part, field, text);
  }
  AddTables(std::move(tables), part);
  if (part.content.empty()) return Fail(ErrorCode::kTooLarge, "{}", part.notes.back());
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
