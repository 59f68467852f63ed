// SPDX-License-Identifier: Apache-2.0
//
// The processes that train one run together, on one machine or several, and what they say to each other: c10d's TCPStore to
// find each other, its Gloo for everything after.
//
// All of them call the same operations in the same order. One process is alone: every operation is there at once and does
// nothing. The result of a sum is the same bits on all ranks, and in every run with the same number of them.
//
// A rank that dies takes the others with it. Who waits for it in an operation gets kUnavailable; who computes, or waits for a
// machine that fell silent, is told by `on_loss`: a second group beats once a second on a thread of its own. One thread
// calls the operations.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <torch/types.h>

#include "base/status.h"
#include "train/rank_place.h"

namespace walchen::train {

class Ranks {
 public:
  struct Patience {
    // Nodes of one job start minutes apart where they first load a container.
    std::chrono::milliseconds to_join = std::chrono::minutes(5);
    // In one operation: rank 0 may be writing a checkpoint of 100 GB while the others wait in the next step.
    std::chrono::milliseconds in_operation = std::chrono::minutes(30);
    // Without a beat of a rank. A machine whose memory is being swapped may be silent for seconds.
    std::chrono::milliseconds without_beat = std::chrono::seconds(25);
    // That the thread which calls the operations has to find out by itself, before on_loss is called.
    std::chrono::milliseconds after_loss = std::chrono::seconds(5);
  };
  // May be called from another thread, at most once; should end the process, whose operations may never return.
  using OnLoss = std::function<void(const Error& error)>;

  Ranks();  // alone
  // Waits until all are there. Errors: kUnavailable (not all came, or the port is taken).
  static Result<std::unique_ptr<Ranks>> Join(const RankPlace& place, OnLoss on_loss, const Patience& patience);
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;
  ~Ranks();

  int rank() const { return place_.rank; }
  int world() const { return place_.world; }
  bool alone() const { return place_.world == 1; }
  bool is_first() const { return place_.rank == 0; }
  // How many ranks, this one among them, have the same CPUs of the same machine.
  int on_these_cpus() const { return on_these_cpus_; }

  // What a person is told on top when another rank is lost: where the run stands, how to go on. Thread-safe.
  void set_advice(std::string advice);

  // Each number becomes the sum of all ranks'.
  Result<void> Sum(std::span<double> numbers);
  // Rank 0's number.
  Result<double> FromFirst(double number);
  // Whether rank 0 has the same text.
  Result<bool> SameAsFirst(std::string_view text);
  // Tensors of all ranks are summed at `owner`; elsewhere they hold nothing of use afterwards. Floats of one kind.
  Result<void> SumAt(int owner, const std::vector<torch::Tensor>& tensors);
  // The owner's tensors get to all ranks.
  Result<void> Spread(int owner, const std::vector<torch::Tensor>& tensors);
  // The owner's tensors get to rank 0. The other ranks return at once, and pass none.
  Result<void> Collect(int owner, const std::vector<torch::Tensor>& tensors);
  // Until all ranks are here.
  Result<void> Wait();
  // The last operation: waits until all ranks call it. From then on none of them is missed.
  void Leave();

 private:
  struct Connections;
  Result<void> Connect(OnLoss on_loss, const Patience& patience);
  Result<void> CountSharers();
  Error Lost(std::string_view doing, std::string_view why) const;
  template <class Operation>
  Result<void> Do(std::string_view doing, const Operation& operation) const;
  template <class Transfer>
  Result<void> InBuckets(const std::vector<torch::Tensor>& tensors, const Transfer& transfer) const;

  RankPlace place_;
  int on_these_cpus_ = 1;
  std::unique_ptr<Connections> connections_;  // null: alone
};

}  // namespace walchen::train
