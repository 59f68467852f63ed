// SPDX-License-Identifier: Apache-2.0
#include "base/threads.h"

#include <time.h>

#include <chrono>
#include <numeric>
#include <set>

#include "base/limits.h"

namespace walchen::base {
namespace {

double ProcessCpuMs() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

TEST(AvailableCpus, IsAtLeastOneAndAtMostTheLimit) {
  EXPECT_GE(AvailableCpus(), 1);
  EXPECT_LE(AvailableCpus(), kThreadsMax);
}

TEST(ThreadPool, RunsEveryWorkerOnceAtATime) {
  for (int threads = 1; threads <= 8; ++threads) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    std::vector<int> runs(static_cast<size_t>(threads));  // one writer each: the pool's barrier orders the rest
    for (int round = 1; round <= 200; ++round) {
      pool.Run([&](int worker) { ++runs[static_cast<size_t>(worker)]; });
      for (const int count : runs) ASSERT_EQ(count, round);
    }
  }
}

TEST(ThreadPool, TheCallerIsWorkerZero) {
  ThreadPool pool(3);
  std::vector<std::thread::id> ids(3);
  pool.Run([&](int worker) { ids[static_cast<size_t>(worker)] = std::this_thread::get_id(); });
  EXPECT_EQ(ids[0], std::this_thread::get_id());
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 3U);
}

TEST(ThreadPool, ForVisitsEveryItemExactlyOnce) {
  for (int threads = 1; threads <= 8; ++threads) {
    ThreadPool pool(threads);
    for (const int64_t count : {0, 1, 7, 64, 1'000}) {
      for (const int64_t grain : {1, 3, 64, 5'000}) {
        std::vector<int> visits(static_cast<size_t>(count));
        pool.For(count, grain, [&](int64_t begin, int64_t end, int worker) {
          ASSERT_LT(worker, threads);
          ASSERT_LT(begin, end);
          ASSERT_TRUE(threads == 1 || count <= grain || end - begin <= grain);
          for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
        });
        ASSERT_EQ(std::accumulate(visits.begin(), visits.end(), int64_t{0}), count);
        for (const int visit : visits) ASSERT_EQ(visit, 1);
      }
    }
  }
}

TEST(ThreadPool, ManyShortRunsInARowLoseNone) {
  ThreadPool pool(4);
  std::array<int64_t, 4> sums{};
  constexpr int kRounds = 2'000;
  for (int round = 0; round < kRounds; ++round) {
    pool.Run([&](int worker) { sums[static_cast<size_t>(worker)] += round; });
  }
  for (const int64_t sum : sums) EXPECT_EQ(sum, int64_t{kRounds} * (kRounds - 1) / 2);
}

TEST(ThreadPool, WorkersThatSleepWakeUpAgain) {
  ThreadPool pool(4);
  std::atomic<int> runs = 0;
  for (int round = 1; round <= 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // far longer than they spin
    pool.Run([&](int) { ++runs; });
    ASSERT_EQ(runs, round * 4);
  }
}

TEST(ThreadPool, AnIdlePoolUsesNoCpu) {
  ThreadPool pool(8);
  pool.Run([](int) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the spinning after the Run
  const double before = ProcessCpuMs();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  // One worker that spins would use 300 ms; the aim is under 1.
  EXPECT_LT(ProcessCpuMs() - before, 30);
}

TEST(ThreadPool, CanBeDestroyedBusyOrIdle) {
  for (int i = 0; i < 50; ++i) {
    ThreadPool pool(1 + i % 8);
    if (i % 2 == 0) pool.Run([](int) {});
  }
}

TEST(ThreadPool, OnePoolServesManyCallersInTurn) {
  ThreadPool pool(3);
  std::atomic<int> runs = 0;
  for (int i = 0; i < 10; ++i) {
    std::thread([&] { pool.Run([&](int) { ++runs; }); }).join();
  }
  EXPECT_EQ(runs, 30);
}

}  // namespace
}  // namespace walchen::base
