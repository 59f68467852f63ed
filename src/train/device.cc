// SPDX-License-Identifier: Apache-2.0
#include "train/device.h"

#include <dlfcn.h>

#include <string>

#include <torch/torch.h>

namespace walchen::train {
namespace {

// What loading it says, empty if it went well. It registers itself with libtorch. The trainer is not linked with it, so that
// one program runs beside libtorch for CPUs and beside that for GPUs.
const std::string& LoadCuda() {
  static const std::string trouble = [] {
    if (::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr) return std::string();
    const char* why = ::dlerror();
    return std::string(why != nullptr ? why : "no reason given");
  }();
  return trouble;
}

}  // namespace

Result<torch::Device> OpenDevice(std::string_view name) {
  if (name == "cpu") return torch::kCPU;
  if (name != "auto" && name != "cuda") {
    return Fail(ErrorCode::kInvalidArgument, "--device: expected auto, cpu or cuda, found {}", name);
  }
  const std::string& trouble = LoadCuda();
  if (trouble.empty() && torch::cuda::is_available()) return torch::Device(torch::kCUDA, 0);
  if (name == "auto") return torch::kCPU;
  return Fail(ErrorCode::kUnavailable, "--device cuda: {}. Train with --device cpu, or set WALCHEN_TORCH to a libtorch for CUDA, build "
              "again, and look whether nvidia-smi sees a GPU", trouble.empty() ? "libtorch sees no GPU" : trouble);
}

}  // namespace walchen::train
