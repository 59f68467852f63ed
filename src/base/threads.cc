// SPDX-License-Identifier: Apache-2.0
#include "base/threads.h"

#include <immintrin.h>
#include <sched.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "base/limits.h"
#include "base/status.h"

namespace walchen::base {
namespace {

// About 20 to 60 microseconds (a pause is 30 to 140 cycles): longer than the gap between two operations of one decode
// step, far shorter than anything a person could call idle CPU.
constexpr int kSpins = 2'000;

// The CPUs a cgroup v2 quota grants, rounded up; a large number where there is none.
int CgroupCpus() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period_us = 0;
  if (!(file >> quota >> period_us) || quota == "max" || period_us <= 0) return static_cast<int>(kThreadsMax);
  const double cpus = std::strtod(quota.c_str(), nullptr) / period_us;
  return std::max(1, static_cast<int>(cpus + 0.999));
}

}  // namespace

int AvailableCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int allowed = 1;
  if (::sched_getaffinity(0, sizeof(set), &set) == 0) allowed = CPU_COUNT(&set);
  return std::clamp(std::min(allowed, CgroupCpus()), 1, static_cast<int>(kThreadsMax));
}

ThreadPool::ThreadPool(int threads) {
  CHECK(threads >= 1 && threads <= kThreadsMax);
  for (int worker = 1; worker < threads; ++worker) workers_.emplace_back([this, worker] { WorkerLoop(worker); });
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  epoch_.fetch_add(1);
  epoch_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::RunErased(Job job) {
  if (workers_.empty()) return job.call(job.context, 0);
  job_ = job;
  busy_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
  epoch_.fetch_add(1);  // publishes job_; sequentially consistent with sleepers_, so no wake-up is lost
  if (sleepers_.load() > 0) epoch_.notify_all();
  job.call(job.context, 0);
  for (int spins = 0; busy_.load(std::memory_order_acquire) != 0; ++spins) {
    // A worker that lost its CPU to another process: let it have ours instead of spinning against it.
    spins < kSpins ? _mm_pause() : std::this_thread::yield();
  }
}

void ThreadPool::WorkerLoop(int worker) {
  uint32_t seen = 0;
  while (true) {
    for (int spins = 0; epoch_.load(std::memory_order_acquire) == seen; ++spins) {
      if (spins < kSpins) {
        _mm_pause();
        continue;
      }
      sleepers_.fetch_add(1);
      epoch_.wait(seen);
      sleepers_.fetch_sub(1);
    }
    ++seen;
    if (stopping_) return;
    job_.call(job_.context, worker);
    busy_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace walchen::base
