// SPDX-License-Identifier: Apache-2.0
#include "train/ranks.h"

#include <sched.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/torch.h>

#include "train/torch_error.h"

namespace walchen::train {
namespace {

using Gloo = c10d::ProcessGroupGloo;

// Large enough that the wire is busy and not the latency, small enough that the copy hardly matters; as torch's own DDP.
constexpr size_t kBucketBytes = 25 << 20;
constexpr std::chrono::milliseconds kBeat = std::chrono::seconds(1);

bool IsThisMachine(const std::string& address) { return address == "localhost" || address.starts_with("127."); }

// Debian's /etc/hosts gives a machine's own name a loopback address, which is no use to others: so a name of an interface,
// where somebody says one, as for torch.
std::shared_ptr<gloo::transport::Device> Device(const RankPlace& place) {
  if (const char* interface = std::getenv("GLOO_SOCKET_IFNAME")) return Gloo::createDeviceForInterface(interface);
  if (IsThisMachine(place.address)) return Gloo::createDeviceForHostname("127.0.0.1");
  return Gloo::createDefaultDevice();
}

c10::intrusive_ptr<Gloo> Group(const c10::intrusive_ptr<c10d::Store>& store, const std::string& name, const RankPlace& place,
                               const std::shared_ptr<gloo::transport::Device>& device, std::chrono::milliseconds timeout) {
  auto options = Gloo::Options::create(timeout);
  options->devices = {device};
  options->threads = 1;  // operations follow each other
  return c10::make_intrusive<Gloo>(c10::make_intrusive<c10d::PrefixStore>(name, store), place.rank, place.world, options);
}

// Below 2^52, so that a double holds it.
double Hash(std::string_view text) { return static_cast<double>(std::hash<std::string_view>()(text) >> 12); }

// A number for this machine and the CPUs that this process may use on it.
double CpusKey() {
  std::string key(256, '\0');
  ::gethostname(key.data(), key.size() - 1);
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  ::sched_getaffinity(0, sizeof cpus, &cpus);
  key.append(reinterpret_cast<const char*>(&cpus), sizeof cpus);
  return Hash(key);
}

}  // namespace

struct Ranks::Connections {
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<Gloo> work, beats;

  std::mutex mutex;
  std::condition_variable changed;
  bool leaving = false, stopping = false;
  std::string advice = "What that one wrote says more";
  std::thread beating;

  // Beats until all ranks leave, or one is lost. Returns what happened, if something did.
  std::optional<std::string> Beat(int world);
  ~Connections();
};

Ranks::Connections::~Connections() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
  }
  changed.notify_all();
  if (beating.joinable()) beating.join();
}

std::optional<std::string> Ranks::Connections::Beat(int world) {
  std::unique_lock lock(mutex);
  while (!stopping) {
    const bool told = leaving;
    std::vector<torch::Tensor> leaving_ranks = {torch::full({1}, told ? 1 : 0, torch::kInt)};
    lock.unlock();
    try {
      beats->allreduce(leaving_ranks)->wait();
    } catch (const std::exception& error) {
      return TorchMessage(error);
    }
    if (leaving_ranks.front().item<int>() == world) return std::nullopt;
    lock.lock();
    changed.wait_for(lock, kBeat, [&] { return stopping || leaving != told; });
  }
  return std::nullopt;
}

Ranks::Ranks() = default;
Ranks::~Ranks() = default;

Result<std::unique_ptr<Ranks>> Ranks::Join(const RankPlace& place, OnLoss on_loss, const Patience& patience) {
  auto ranks = std::make_unique<Ranks>();
  ranks->place_ = place;
  if (ranks->alone()) return ranks;
  TRY(ranks->Connect(std::move(on_loss), patience));
  TRY(ranks->CountSharers());
  return ranks;
}

Result<void> Ranks::Connect(OnLoss on_loss, const Patience& patience) {
  connections_ = std::make_unique<Connections>();
  try {
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(place_.port);
    options.isServer = is_first() && place_.launchers_store.empty();
    if (place_.launchers_store.empty()) options.numWorkers = static_cast<size_t>(world());
    options.timeout = patience.to_join;
    connections_->store = c10::make_intrusive<c10d::TCPStore>(place_.address, options);
    if (!place_.launchers_store.empty()) {
      connections_->store = c10::make_intrusive<c10d::PrefixStore>(place_.launchers_store, connections_->store);
    }
    const auto device = Device(place_);
    connections_->work = Group(connections_->store, "work", place_, device, patience.to_join);
    connections_->work->barrier()->wait();
    connections_->work->setTimeout(patience.in_operation);
    connections_->beats = Group(connections_->store, "beats", place_, device, patience.without_beat);
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kUnavailable, "rank {} of {}: expected to meet the others at {}:{} within {} s: {}. Start all {} "
                "processes with one address and a free port (MASTER_ADDR, MASTER_PORT)", rank(), world(), place_.address,
                place_.port, std::chrono::duration_cast<std::chrono::seconds>(patience.to_join).count(), TorchMessage(error), world());
  }
  connections_->beating = std::thread([this, on_loss = std::move(on_loss), patience] {
    const std::optional<std::string> loss = connections_->Beat(world());
    if (!loss) return;
    std::unique_lock lock(connections_->mutex);
    if (connections_->changed.wait_for(lock, patience.after_loss, [&] { return connections_->stopping; })) return;
    lock.unlock();
    on_loss(Lost("this one was at work", *loss));
  });
  return {};
}

Result<void> Ranks::CountSharers() {
  std::vector<double> keys(static_cast<size_t>(world()));
  const double own = CpusKey();
  keys[static_cast<size_t>(rank())] = own;
  TRY(Sum(keys));
  on_these_cpus_ = static_cast<int>(std::ranges::count(keys, own));
  return {};
}

void Ranks::set_advice(std::string advice) {
  if (alone()) return;
  const std::lock_guard lock(connections_->mutex);
  connections_->advice = std::move(advice);
}

Error Ranks::Lost(std::string_view doing, std::string_view why) const {
  const std::lock_guard lock(connections_->mutex);
  return {ErrorCode::kUnavailable, fmt::format("rank {} of {}: another process of this run went away or hangs, while {} ({}). {}",
                                               rank(), world(), doing, why, connections_->advice)};
}

template <class Operation>
Result<void> Ranks::Do(std::string_view doing, const Operation& operation) const {
  try {
    operation()->wait();
    return {};
  } catch (const std::exception& error) {
    return tl::unexpected(Lost(doing, TorchMessage(error)));
  }
}

// transfer(one tensor that holds the values of some, one after the other).
template <class Transfer>
Result<void> Ranks::InBuckets(const std::vector<torch::Tensor>& tensors, const Transfer& transfer) const {
  const torch::NoGradGuard no_grad;
  for (size_t begin = 0, end = 0; begin < tensors.size(); begin = end) {
    std::vector<torch::Tensor> flat;
    for (size_t bytes = 0; end < tensors.size() && (end == begin || bytes + tensors[end].nbytes() <= kBucketBytes); ++end) {
      bytes += tensors[end].nbytes();
      flat.push_back(tensors[end].detach().reshape({-1}));
    }
    const torch::Tensor bucket = flat.size() == 1 ? flat.front() : torch::cat(flat);
    TRY(transfer(bucket));
    int64_t at = 0;
    for (size_t i = begin; i < end; ++i) {
      torch::Tensor to = tensors[i].detach();
      const torch::Tensor from = bucket.narrow(0, at, to.numel());
      if (from.data_ptr() != to.data_ptr()) to.copy_(from.view(to.sizes()));
      at += to.numel();
    }
  }
  return {};
}

Result<void> Ranks::Sum(std::span<double> numbers) {
  if (alone()) return {};
  std::vector<torch::Tensor> tensors = {torch::from_blob(numbers.data(), {static_cast<int64_t>(numbers.size())}, torch::kDouble)};
  return Do("numbers were summed", [&] { return connections_->work->allreduce(tensors); });
}

Result<double> Ranks::FromFirst(double number) {
  if (alone()) return number;
  std::vector<torch::Tensor> tensors = {torch::full({1}, number, torch::kDouble)};
  TRY(Do("rank 0 was asked", [&] { return connections_->work->broadcast(tensors); }));
  return tensors.front().item<double>();
}

Result<bool> Ranks::SameAsFirst(std::string_view text) {
  const double own = Hash(text);
  TRY_ASSIGN(const double of_first, FromFirst(own));
  return own == of_first;
}

Result<void> Ranks::SumAt(int owner, const std::vector<torch::Tensor>& tensors) {
  if (alone()) return {};
  c10d::ReduceOptions options;
  options.rootRank = owner;
  return InBuckets(tensors, [&](const torch::Tensor& bucket) {
    std::vector<torch::Tensor> one = {bucket};
    return Do("gradients were summed", [&] { return connections_->work->reduce(one, options); });
  });
}

Result<void> Ranks::Spread(int owner, const std::vector<torch::Tensor>& tensors) {
  if (alone()) return {};
  c10d::BroadcastOptions options;
  options.rootRank = owner;
  return InBuckets(tensors, [&](const torch::Tensor& bucket) {
    std::vector<torch::Tensor> one = {bucket};
    return Do("weights were spread", [&] { return connections_->work->broadcast(one, options); });
  });
}

Result<void> Ranks::Collect(int owner, const std::vector<torch::Tensor>& tensors) {
  if (owner == 0 || (rank() != 0 && rank() != owner)) return {};
  return InBuckets(tensors, [&](const torch::Tensor& bucket) {
    std::vector<torch::Tensor> one = {bucket};
    return Do("a checkpoint was collected", [&] {
      return is_first() ? connections_->work->recv(one, owner, /*tag=*/0) : connections_->work->send(one, 0, /*tag=*/0);
    });
  });
}

Result<void> Ranks::Wait() {
  if (alone()) return {};
  return Do("they waited for each other", [&] { return connections_->work->barrier(); });
}

void Ranks::Leave() {
  if (alone()) return;
  {
    const std::lock_guard lock(connections_->mutex);
    connections_->leaving = true;
  }
  connections_->changed.notify_all();
  if (connections_->beating.joinable()) connections_->beating.join();
}

}  // namespace walchen::train
