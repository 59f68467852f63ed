// SPDX-License-Identifier: Apache-2.0
//
// A fork-join pool for work that is measured in microseconds: one transformer block is five Run calls.
//
// Workers spin for a short while after a Run, because the next one usually follows at once, then sleep in the kernel,
// so an idle engine uses no CPU. The calling thread is worker 0 and takes part.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace walchen::base {

// How many threads this process may really use: the affinity mask and the cgroup CPU quota, whichever is less.
int AvailableCpus();

// One Run at a time, always from the same thread or under the caller's lock. Work must not throw or call Run.
class ThreadPool {
 public:
  // threads >= 1, the caller counted.
  explicit ThreadPool(int threads);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls work(worker) once on every worker 0..threads-1 and returns when all are done.
  template <class Work>
  void Run(const Work& work) {
    RunErased({&work, [](const void* context, int worker) { (*static_cast<const Work*>(context))(worker); }});
  }

  // Splits [0, count) into pieces of `grain` items, which the workers take as they come free: work(begin, end, worker).
  template <class Work>
  void For(int64_t count, int64_t grain, const Work& work) {
    if (count <= 0) return;
    if (threads() == 1 || count <= grain) return work(int64_t{0}, count, 0);
    std::atomic<int64_t> next = 0;
    Run([&](int worker) {
      for (int64_t begin; (begin = next.fetch_add(grain, std::memory_order_relaxed)) < count;) {
        work(begin, begin + grain < count ? begin + grain : count, worker);
      }
    });
  }

  // As For with pieces of one item: work(item, worker).
  template <class Work>
  void Each(int64_t count, const Work& work) {
    For(count, 1, [&](int64_t begin, int64_t end, int worker) {
      for (int64_t item = begin; item < end; ++item) work(item, worker);
    });
  }

 private:
  struct Job {
    const void* context = nullptr;
    void (*call)(const void* context, int worker) = nullptr;
  };
  void RunErased(Job job);
  void WorkerLoop(int worker);

  Job job_;
  // One cache line each: the epoch is written by the caller, the count of busy workers by everybody.
  alignas(64) std::atomic<uint32_t> epoch_ = 0;
  alignas(64) std::atomic<int> busy_ = 0;
  alignas(64) std::atomic<int> sleepers_ = 0;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace walchen::base
