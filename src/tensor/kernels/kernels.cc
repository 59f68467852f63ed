// SPDX-License-Identifier: Apache-2.0
#include "tensor/kernels/kernels.h"

#include <cstdlib>
#include <string>

#include "tensor/kernels/cpu_features.h"

namespace walchen::tensor {

extern const KernelTable kVnniKernels;
extern const KernelTable kAvx2Kernels;
extern const KernelTable kSse4Kernels;

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

std::span<const KernelTable* const> AllKernels() {
  static constexpr const KernelTable* kTables[] = {&kVnniKernels, &kAvx2Kernels, &kSse4Kernels};
  return kTables;
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
