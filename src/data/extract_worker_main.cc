// SPDX-License-Identifier: Apache-2.0
//
// The child's side.
#include <sys/socket.h>

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>

#include "base/bytes.h"
#include "base/files.h"
#include "base/limits.h"
#include "data/extract_channel.h"
#include "data/extract_wire.h"
#include "data/extract_worker.h"
#include "data/extraction.h"
#include "data/sandbox.h"

namespace walchen::data {
namespace {

// The next request; empty where the one who asks is gone.
std::string ReceiveRequest() {
  const auto receive = [](char* to, size_t size) {
    while (size > 0) {
      const ssize_t got = ::recv(kExtractSocket, to, size, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      to += got;
      size -= static_cast<size_t>(got);
    }
    return true;
  };
  uint64_t size = 0;
  if (!receive(reinterpret_cast<char*>(&size), sizeof(size)) || size > 16'777'216) return "";
  std::string frame(size, '\0');
  return receive(frame.data(), frame.size()) ? frame : "";
}

// Reads the file and sends its parts. An error means that nobody listens.
Result<void> Answer(const ExtractRequest& request, std::span<const Format> formats) {
  Extraction extraction(formats, [](Part part) { return SendFrame(kExtractSocket, WritePart(part)); });
  extraction.set_entered(
      [](const std::string& inner_path) { return SendFrame(kExtractSocket, WriteEntered(inner_path)); });
  extraction.set_resume({request.skip_parts, request.avoid});
  extraction.set_only(request.only);
  Source source;
  source.name = request.name;
  source.path = request.path;
  base::Files& files = base::Files::Os();
  const auto info = files.Stat(request.path);
  if (!info) return extraction.Quarantine(source, info.error().message());
  if (info->size > static_cast<uint64_t>(base::kExtractFileMaxBytes)) {
    return extraction.Quarantine(
        source, fmt::format("expected at most {} bytes, found {}", base::kExtractFileMaxBytes, info->size));
  }
  TRY(LimitResources(request.memory_max_bytes + info->size, request.cpu_max_seconds));
  const auto file = files.Map(request.path);
  if (!file) return extraction.Quarantine(source, file.error().message());
  source.bytes = base::AsText((*file)->bytes());
  return extraction.Read(std::move(source));
}

Result<void> Serve(std::span<const Format> formats) {
  // libarchive and iconv need names in UTF-8 to be names; OCR in one thread, because each thread of the caller has a
  // worker.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  ::setenv("LC_ALL", "C.UTF-8", 1);
  ::setenv("OMP_THREAD_LIMIT", "1", 1);
  for (;;) {
    const std::string frame = ReceiveRequest();
    if (frame.empty()) return {};
    TRY_ASSIGN(const ExtractRequest request, ReadRequest(frame));
    TRY(Answer(request, formats));
    TRY(SendFrame(kExtractSocket, WriteFinished()));
  }
}

}  // namespace

int RunExtractWorker(std::span<const Format> formats) {
  try {
    const auto alone = EnterSandbox(static_cast<uint64_t>(base::kArchiveEntryMaxBytes));
    if (!alone) return kNoSandboxExit;
    const auto served = Serve(formats);
    if (served) return EXIT_SUCCESS;
    std::fprintf(stderr, "%s\n", served.error().ToString().c_str());
    return EXIT_FAILURE;
  } catch (const std::bad_alloc&) {
    return kOutOfMemoryExit;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
  }
}

}  // namespace walchen::data
