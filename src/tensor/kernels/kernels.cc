// SPDX-License-Identifier: Apache-2.0
#include "tensor/kernels/kernels.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "tensor/kernels/cpu_features.h"

namespace walchen::tensor {

extern const KernelTable kVnniKernels;
extern const KernelTable kAvx2Kernels;
extern const KernelTable kSse4Kernels;
void LinearOnAmx(const LinearArgs& args, int64_t first, int64_t last);

// __builtin_cpu_supports also asks XGETBV whether the operating system saves the wide registers.
bool SupportsSse4() { return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"); }
bool SupportsAvx2() {
  return SupportsSse4() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}
bool SupportsVnni() {
  return SupportsAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512vnni");
}

bool SupportsAmx() {
  // CPUID leaf 7: EDX bit 24 is AMX-TILE, bit 25 AMX-INT8 (gcc 12's __builtin_cpu_supports does not know them).
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  constexpr unsigned kTileAndInt8 = 3U << 24;
  if (!SupportsVnni() || __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  if ((edx & kTileAndInt8) != kTileAndInt8) return false;
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

std::span<const KernelTable* const> AllKernels() {
  static const KernelTable amx = [] {  // VNNI but for products with many tokens
    KernelTable table = kVnniKernels;
    table.name = "amx-int8";
    table.supported = SupportsAmx;
    table.linear = LinearOnAmx;
    return table;
  }();
  static const KernelTable* const tables[] = {&amx, &kVnniKernels, &kAvx2Kernels, &kSse4Kernels};
  return tables;
}

Result<const KernelTable*> ChooseKernels() {
  const char* forced = std::getenv("WALCHEN_CPU_PATH");
  std::string names;
  for (const KernelTable* table : AllKernels()) {
    const bool wanted = forced == nullptr || table->name == forced;
    if (wanted && table->supported()) return table;
    if (wanted && forced != nullptr) {
      return Fail(ErrorCode::kUnsupported, "WALCHEN_CPU_PATH={}, but this CPU cannot run that path", forced);
    }
    names += (names.empty() ? "" : ", ") + std::string(table->name);
  }
  if (forced != nullptr) {
    return Fail(ErrorCode::kInvalidArgument, "WALCHEN_CPU_PATH={} is no path; there are {}", forced, names);
  }
  return Fail(ErrorCode::kUnsupported, "this CPU lacks SSE4.2, which Walchen needs (every x86-64 since 2011 has it)");
}

}  // namespace walchen::tensor
